"""Hostile texts sent through the whole core: taken in, made cases, typed by staff, and all that is drawn of them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from handlers.cards import Drawing, Screen
from handlers.completions import Choice, complete
from handlers.context import think
from handlers.dispatch import dispatch, read_line
from handlers.forms import Form
from handlers.requests import Reply, Request
from storage.store import open_storage
from storage.types import RawMention
from tests.kit import NOW, POLICY, Desk
from tests.prove.texts import Texts

AT_ONCE = 120  # mentions in one store
_MEETINGS = 2  # how often staff sit down to one store
_OPENINGS = (
    "show {}",
    "draft {}",
    "resolve {}",
    "snooze {}",
    "note {}",
    "assign {}",
    "escalate {}",
    "mute add author:",
)
_LINES = (
    "search {}", "who {}", "note 1 {}", "draft 2 {}", "reject 2 {}", "mute add {}", "query test {}", "{}",
    "snooze 3 {}",
    "resolve 3 {}", "track https://evil.example/1 {}", "assign 1 {}", "sent 2 {}", "queue {}", "summary {}", "teach {}",
    "briefing add {}", "priority 1 {}", "link {}", "help {}", "settings {}", "export {}", "escalate 1 {}",
)  # fmt: skip
_BRAIN = think(POLICY)
_SCREENS = (
    "queue",
    "search heron",
    "home",
    "mute list",
    "status",
    "summary",
    "settings",
    "samples",
    "briefing now daily",
)


@dataclass(frozen=True)
class Drawn:
    """What the core wants to be shown, and the only addresses to which it may lead."""

    what: str  # card, notice, answer, form, home, offer
    texts: int  # how many hostile texts stand on it that stood nowhere before
    urls: frozenset[str]
    drawing: Drawing | None = None
    reply: Reply | None = None
    form: Form | None = None
    choices: tuple[Choice, ...] = field(default=())


def drawn_of(chance: random.Random, folder: Path, count: int) -> Iterator[Drawn]:
    """Drawings until `count` hostile mentions stood on a card."""
    texts, cards, place = Texts(chance), 0, 0
    while cards < count:
        place += 1
        for one in _of_one_store(texts, chance, folder / f"{place}.db", AT_ONCE):
            cards += one.texts
            yield one
        for left in folder.glob(f"{place}.db*"):
            left.unlink()


def harmless(folder: Path) -> list[Drawn]:
    """The same with words that mean no harm."""

    class Plain(Texts):
        def text(self) -> str:
            return "Heron was unkind to me and to my grandmother today. " * 3

        def url(self) -> str:
            return "https://birds.example/post"

    return list(_of_one_store(Plain(random.Random(1)), random.Random(1), folder / "harmless.db", AT_ONCE))


def _of_one_store(texts: Texts, chance: random.Random, path: Path, count: int) -> Iterator[Drawn]:
    desk = Desk(open_storage(path), chance=chance.randrange, _brain=_BRAIN)
    try:
        items = [mention(texts, chance, number) for number in range(count)]
        desk.take(*items, source="desk", with_cases=True)
        urls = frozenset(one.url for one in items) | {"https://evil.example/1"}
        cases = desk.store.engine.rows("select id from cases order by id")
        for row in cases:
            yield Drawn("card", 1, urls, drawing=desk.drawn(f"case:{row['id']}"))
        for _ in range(_MEETINGS):
            yield from _said(desk, texts, chance, urls)
        yield from _posted(desk, urls)
    finally:
        desk.store.close()


def mention(texts: Texts, chance: random.Random, number: int) -> RawMention:
    """Such texts in all fields of a mention, with a complaint of its own, so that few are taken for copies."""
    own = " ".join(f"{chance.getrandbits(40):x}" for _ in range(6))
    words = texts.text()
    return RawMention(
        native_id=f"{number}-{texts.short(60)}",
        text=words + f" {own} heron is awful" if number % 2 else f"Heron is awful {own} {words}",
        url=texts.url(),
        author=texts.short(),
        author_name=texts.short() if number % 3 else "",
        title=texts.short(400) if number % 3 == 1 else "",
        lang=texts.short(5) if number % 7 == 0 else "en",
        published_at=NOW,
        stars=1.0 if number % 5 == 0 else None,
        repost_of=texts.short(30) if number % 11 == 0 else "",
        extra={"caller": texts.short(30), "tier": texts.short(20)} if number % 4 == 0 else {},
    )


def _said(desk: Desk, texts: Texts, chance: random.Random, urls: frozenset[str]) -> Iterator[Drawn]:
    """What staff type with such words, and what they open."""
    lines = [one.format(texts.line()) for one in chance.sample(_LINES, 10)]
    lines += [one.format(chance.randrange(1, 12)) for one in _OPENINGS] + list(chance.sample(_SCREENS, 4))
    for line in lines:
        verb, words = read_line(line)
        member = desk.policy.member(chance.choice(("ana", "bo", "mia")))
        request = Request(member, verb, words, user_name=texts.line(40))
        reply = dispatch(desk.ctx, request)
        yield from _answered(reply, urls, "home" if verb == "home" else "answer")
        if reply.form is not None:
            values = {one.name: texts.text()[:500].encode("utf-8", "replace").decode() for one in reply.form.fields}
            told = {**dict(reply.form.hidden), **values}
            if reply.form.case is not None:
                told["case"] = str(reply.form.case)
            again = dispatch(desk.ctx, Request(member, reply.form.verb, values=told, is_form=True))
            yield from _answered(again, urls, "answer")
    for verb, name in (("show", "case"), ("assign", "to"), ("who", "handle"), ("mute", "words"), ("queue", "which")):
        request = Request(desk.policy.member("mia"), verb)
        for typed in ("", texts.line(30)):
            choices = tuple(complete(desk.ctx, request, name, typed))
            yield Drawn("offer", 0, urls, choices=choices)


def _answered(reply: Reply, urls: frozenset[str], what: str) -> Iterator[Drawn]:
    if reply.form is not None:
        yield Drawn("form", 0, urls, form=reply.form, reply=reply)
    else:
        yield Drawn(what, 0, urls, reply=reply)


def _posted(desk: Desk, urls: frozenset[str]) -> Iterator[Drawn]:
    """What is due in the outbox after all that: drafts, notices, digests."""
    rows = desk.store.engine.rows("select distinct subject, body from deliveries where subject not like 'case:%'")
    for row in rows:
        drawing = _safely(desk, row["subject"], row["body"])
        if drawing is not None:
            yield Drawn("notice", 0, urls, drawing=drawing)
            if isinstance(drawing, Screen):
                yield Drawn("answer", 0, urls, reply=Reply(screen=replace(drawing, chart=None)))


def _safely(desk: Desk, subject: str, body: str) -> Drawing | None:
    """None for what is not to be shown any more."""
    try:
        return desk.drawn(subject, body)
    except AssertionError:
        return None
