"""`earshot import FILE`: read an archive once. Reading it again adds nothing."""

import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import click

from bot import importing
from bot.cli import start
from bot.log import plain
from bot.spelling import did_you_mean
from handlers.rules.policy import Policy
from storage.errors import InvalidInput
from storage.types import RawMention

SHOWN_REASONS = 3
_FIELDS = tuple(one.name for one in fields(RawMention) if one.name not in ("extra", "is_final"))


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--source", metavar="NAME", help="The source that the mentions belong to; the file's name if left out.")
@click.option(
    "--brand", metavar="NAME", default="", help="Every row concerns this brand, whether a query matches or not."
)
@click.option("--map", "pairs", metavar="KEY=COLUMN", multiple=True, help="Which column is what; may be repeated.")
@click.option("--cases", "with_cases", is_flag=True, help="Open cases as well; else the mentions are only stored.")
@click.option("--config", type=click.Path(path_type=Path), help="Another file than EARSHOT_CONFIG.")
def import_file(
    file: Path, source: str | None, brand: str, pairs: tuple[str, ...], with_cases: bool, config: Path | None
) -> None:
    """Read a CSV, JSONL or mbox file once.

    The columns are found by their usual names. If yours have others, say so: --map text=comment --map author=name
    """
    environment = start.environment()
    policy = start.policy(config or environment.config)
    _check_brand(policy, brand)
    field_map = read_map(pairs)
    total = max(file.stat().st_size, 1)
    with click.progressbar(length=total, label=f"Reading {file.name}") as bar:
        report = importing.import_file(
            environment,
            policy,
            file,
            source=source or source_name(file),
            brand=brand,
            field_map=field_map,
            with_cases=with_cases,
            progress=_progress(bar.update, total),
        )
        bar.update(total)
    for line in summary(report, with_cases):
        click.echo(line)


def read_map(pairs: tuple[str, ...]) -> dict[str, str]:
    """KEY=COLUMN, one each. Raises InvalidInput for a key that no mention has."""
    field_map = {}
    for pair in pairs:
        key, equals, column = pair.partition("=")
        if not equals or not column.strip():
            raise InvalidInput(f'--map "{pair}" is not KEY=COLUMN; write for instance --map text=comment')
        if key.strip() not in _FIELDS:
            guess = did_you_mean(key.strip(), _FIELDS, f"; known: {', '.join(_FIELDS)}.")
            raise InvalidInput(f'--map "{pair}": a mention has no {key.strip()}{guess}')
        field_map[key.strip()] = column.strip()
    return field_map


def source_name(file: Path) -> str:
    """The file's name as one word: "Reviews May.csv.gz" is reviews-may."""
    stem = file.name.partition(".")[0] or file.name
    return re.sub(r"[^\w.-]+", "-", stem).strip("-").lower() or "import"


def summary(report: "importing.ImportReport", with_cases: bool) -> list[str]:
    """What became of the rows, one line each."""
    reasons = report.reasons[:SHOWN_REASONS] if report.quarantined else ()  # on a repeat they are in quarantine already
    lines = [
        f"{report.read:>9,} rows read",
        f"{report.stored + report.known:>9,} matched a brand",
        f"{report.stored:>9,} stored",
        f"{report.known:>9,} already known",
        f"{report.unmatched:>9,} matched nothing and were left out",
        f"{report.quarantined:>9,} could not be read and are in quarantine",
        *(f"{'':>10}- {plain(reason)}" for reason in reasons),
    ]
    return [*lines, f"{report.cases:>9,} cases opened"] if with_cases else lines


def _check_brand(policy: Policy, brand: str) -> None:
    names = [one.name for one in policy.brands]
    if brand and brand not in names:
        there = f"; there is {', '.join(names)}."
        raise InvalidInput(f'--brand "{brand}" is no brand of yours{did_you_mean(brand, names, there)}')


def _progress(update: Callable[[int], None], total: int) -> Callable[[int, int], None]:
    """Turns "so many bytes of so many" into the steps that the bar wants, on the bar's own scale."""
    shown = 0

    def progress(done: int, of: int) -> None:
        nonlocal shown
        reached = min(done * total // max(of, 1), total)
        update(max(reached - shown, 0))
        shown = max(shown, reached)

    return progress
