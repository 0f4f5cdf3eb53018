"""`earshot query test EXPRESSION`: what a query would match, before it is saved."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import click

from bot.cli import start
from handlers.rules.query import Query, Subject, parse
from handlers.rules.text import shown
from storage.errors import InvalidInput
from storage.store import open_storage
from storage.types import Mention, RawMention

DAYS = 7
SAMPLES = 5
SAMPLE_LENGTH = 160


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of trying a query on many texts: counts, and the first few that it took."""

    tried: int
    matched: int
    samples: tuple[str, ...]


@click.group()
def query() -> None:
    """Try a query before it is saved."""


@query.command()
@click.argument("expression")
@click.option("--text", help="Try it on this text.")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Try it on each line of this file.",
)
def test(expression: str, text: str | None, file: Path | None) -> None:
    """Say what EXPRESSION would match: in stored mentions of the last 7 days, or in what you give.

    Stored are the mentions that matched your present queries; a wider query is better tried on a file.
    """
    parsed = parse(expression)
    if text is not None and file is not None:
        raise InvalidInput("Give --text or --file, not both.")
    if text is not None:
        click.echo(_on_text(parsed, text))
        return
    trial = try_out(parsed, _lines(file) if file else _stored())
    for line in report(trial, f"lines of {file.name}" if file else f"mentions of the last {DAYS} days"):
        click.echo(line)


def try_out(parsed: Query, items: Iterable[tuple[RawMention, str]]) -> Trial:
    """Try a query on mentions, each with its source's name."""
    tried = matched = 0
    samples: list[str] = []
    for raw, source in items:
        tried += 1
        found = parsed.evaluate(Subject.of(raw, source))
        if found is None:
            continue
        matched += 1
        if len(samples) < SAMPLES:
            samples.append(f"{_one_line(raw.text)}{_because(found)}")
    return Trial(tried, matched, tuple(samples))


def report(trial: Trial, what: str) -> list[str]:
    """The counts and samples, one line each."""
    if not trial.tried:
        return [f"There are no {what} to try it on."]
    part = trial.matched / trial.tried
    return [f"{trial.matched:,} of {trial.tried:,} {what} match ({part:.1%}).", *(f"  {one}" for one in trial.samples)]


def _on_text(parsed: Query, text: str) -> str:
    found = parsed.evaluate(Subject.of(RawMention("text", text), "text"))
    return "It does not match." if found is None else f"It matches{_because(found) or '.'}"


def _because(found: tuple[str, ...]) -> str:
    return f"  [{', '.join(found)}]" if found else ""


def _lines(file: Path) -> Iterator[tuple[RawMention, str]]:
    with file.open(encoding="utf-8", errors="replace") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                yield RawMention(str(number), line.rstrip("\n")), file.stem


def _stored() -> Iterator[tuple[RawMention, str]]:
    store = open_storage(start.environment().database, read_only=True, migrate=False)
    try:
        for mention in store.mentions.recent(start.now() - timedelta(days=DAYS)):
            yield _as_given(mention), mention.source
    finally:
        store.close()


def _as_given(mention: Mention) -> RawMention:
    return RawMention(
        mention.native_id,
        mention.text,
        title=mention.title,
        url=mention.url,
        author=mention.author,
        followers=mention.followers,
        lang=mention.lang,
    )


def _one_line(text: str) -> str:
    return " ".join(shown(text, SAMPLE_LENGTH).words.split())
