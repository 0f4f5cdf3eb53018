"""`earshot query test EXPRESSION`: what a query would match, before it is saved."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import click

from bot.cli import start
from bot.log import plain
from handlers.rules.namesakes import namesakes_of
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
    left_out: tuple[tuple[str, int], ...] = ()  # why not, and how many that match otherwise


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
@click.option("--brand", help="Leave out what this brand's context and not_with leave out.")
def test(expression: str, text: str | None, file: Path | None, brand: str | None) -> None:
    """Say what EXPRESSION would match: in stored mentions of the last 7 days, or in what you give.

    Stored are the mentions that matched your present queries; a wider query is better tried on a file.
    """
    parsed = parse(expression)
    if text is not None and file is not None:
        raise InvalidInput("Give --text or --file, not both.")
    objection = _objection(parsed, brand) if brand is not None else _no_objection
    if text is not None:
        click.echo(plain(_on_text(parsed, text, objection)))
        return
    trial = try_out(parsed, _lines(file) if file else _stored(), objection)
    for line in report(trial, f"lines of {file.name}" if file else f"mentions of the last {DAYS} days"):
        click.echo(plain(line))


def try_out(
    parsed: Query, items: Iterable[tuple[RawMention, str]], objection: Callable[[Subject], str] | None = None
) -> Trial:
    """Try a query on mentions, each with its source's name. `objection` says why one that matches is left out."""
    tried = matched = 0
    samples: list[str] = []
    left_out: Counter[str] = Counter()
    for raw, source in items:
        tried += 1
        subject = Subject.of(raw, source)
        found = parsed.evaluate(subject)
        if found is None:
            continue
        if objection is not None and (reason := objection(subject)):
            left_out[reason] += 1
            continue
        matched += 1
        if len(samples) < SAMPLES:
            samples.append(f"{_one_line(raw.text)}{_because(found)}")
    return Trial(tried, matched, tuple(samples), tuple(left_out.most_common(SAMPLES)))


def report(trial: Trial, what: str) -> list[str]:
    """The counts and samples, one line each."""
    if not trial.tried:
        return [f"There are no {what} to try it on."]
    part = trial.matched / trial.tried
    lines = [f"{trial.matched:,} of {trial.tried:,} {what} match ({part:.1%}).", *(f"  {one}" for one in trial.samples)]
    return lines + [f"{count:,} more match and are left out: {reason}." for reason, count in trial.left_out]


def _on_text(parsed: Query, text: str, objection: Callable[[Subject], str]) -> str:
    subject = Subject.of(RawMention("text", text), "text")
    found = parsed.evaluate(subject)
    if found is None:
        return "It does not match."
    reason = objection(subject)
    if reason:
        return f"It matches{_because(found)} and is left out: {reason}."
    return f"It matches{_because(found) or '.'}"


def _objection(parsed: Query, name: str) -> Callable[[Subject], str]:
    """Why a mention is left out by the words of a brand. Raises InvalidInput for a brand that there is not."""
    policy = start.policy(start.environment().config)
    brand = next((one for one in policy.brands if one.name.casefold() == name.casefold()), None)
    if brand is None:
        raise InvalidInput(f'There is no brand "{name}".', f"There is {', '.join(one.name for one in policy.brands)}.")
    namesakes = namesakes_of(brand)
    return partial(namesakes.objection_to, parsed, brand=brand.name) if namesakes is not None else _no_objection


def _no_objection(_: Subject) -> str:
    return ""


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
    return plain(" ".join(shown(text, SAMPLE_LENGTH).words.split()))
