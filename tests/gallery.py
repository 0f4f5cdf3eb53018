"""Every drawing and form that the core can make, from real cases in a real store.

Each chat's renderer is run over them all.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from handlers.cards import Drawing
from handlers.dispatch import dispatch
from handlers.forms import Form
from handlers.ports import Broken, Tombstone
from handlers.requests import Request
from handlers.rules.policy import Route, Template
from storage.store import open_storage
from storage.types import Status
from tests.kit import TROUBLES, Desk, answer, put_in, raw

# Marks that must come out as they went in, and only where a customer's words are expected.
HOSTILE = {
    "markup": "<script>alert('zebra')</script><img src=x onerror=zebra()> &lt;b&gt; {{ zebra }} heron",
    "chat marks": "<!channel> <@U123> @everyone @here [zebra](javascript:zebra()) *_~`zebra`~_* ```heron",
    "direction": "heron \u202egnp.arbez\u202c \u2066zebra\u2069 \u200bze\u200dbra\ufeff",
    "terminal": "heron \x1b[31mzebra\x1b[0m \x07\x00\x9b zebra \ud800",
    "pile": "heron zebra z" + "\u0301" * 200,
    "long": "heron zebra " * 2_000,
    "one word": "heron " + "zebra" * 1_000,
    "formula": '=HYPERLINK("http://zebra.example","heron")',
    "right to left": "heron لم يصل الطرد حتى الآن zebra ולא ענו לי",
    "lines": "heron\n" + "\n" * 500 + "zebra\r\n\u2028zebra",
    "ours": "heron #142\nurgent · claimed by Ana · /earshot resolve 1 irrelevant zebra",
}

SCREENS = (
    "help", "help draft", "queue", "queue page:2", "queue mine", "show 1", "search heron", "who author1", "status",
    "settings", "home", "queue source:staff", "mute list", "mute add words:case 4h", 'query test "fraud" -river',
    "resolve",
)  # fmt: skip


def gallery() -> dict[str, Drawing]:
    """A name for each drawing: cards in every state, drafts, notices, and the screens of every verb."""
    return {name: drawing for name, drawing in _rooms() if not isinstance(drawing, Form)}


def forms() -> dict[str, Form]:
    """Every form, empty and refilled with its error."""
    return {name: form for name, form in _rooms() if isinstance(form, Form)}


def _rooms() -> Iterator[tuple[str, Drawing | Form]]:
    with TemporaryDirectory() as folder:
        for room in (_states, _drafts, _digest, _hostile, _answers):
            desk = Desk(open_storage(Path(folder) / f"{room.__name__}.db"))
            desk.store.engine.run("pragma synchronous = off")
            yield from room(desk)
            desk.store.close()


def _card(desk: Desk, number: int) -> Drawing:
    return desk.drawn(f"case:{number}")


def _states(desk: Desk) -> Iterator[tuple[str, Drawing | Form]]:
    for place, status in enumerate(Status):
        number = put_in(desk, status, text=TROUBLES[place], native_id=str(place)).id
        yield f"card {status}", _card(desk, number)
        if status is not Status.RESOLVED:
            desk.do("ana", f"escalate {number} press")
            yield f"card {status}, escalated", _card(desk, number)
            desk.do("ana", f"snooze {number} 2h")
            yield f"card {status}, snoozed", _card(desk, number)
    desk.take(
        raw("wave", TROUBLES[3], followers=2_400_000, likes=3, title="A letter to Heron", stars=1.0, private=True)
    )
    yield "card with everything", _card(desk, 4)
    for reason in ("replied", "fixed", "no action", "irrelevant", "spam", "duplicate"):
        desk.do("ana", f"reopen {desk.cases()[-1].id}")
        desk.do("ana", f"resolve {desk.cases()[-1].id} {reason}")
        yield f"card resolved: {reason}", _card(desk, desk.cases()[-1].id)
    urgent = desk.open_case(
        "urgent", "Heron: the armrest exploded, my hand is burned, I will sue", author="", url=""
    ).id
    yield "card urgent, no author, no link", _card(desk, urgent)
    desk.later(hours=7)
    desk.tick()
    yield "card overdue", _card(desk, urgent)
    desk.take(Tombstone("urgent", "deleted"))
    yield "card of a deleted post", _card(desk, urgent)
    for number, row in enumerate(desk.store.engine.rows("select subject, body from deliveries where body <> ''")):
        yield f"notice {number}", desk.drawn(row["subject"], row["body"])


def _drafts(desk: Desk) -> Iterator[tuple[str, Drawing | Form]]:
    desk.open_case()
    desk.do("ana", "draft 1 We are sorry.\n\nPlease write to us.")
    yield "draft proposed", desk.draft_card(1)
    desk.do("bo", "reject 1 offer a refund")
    yield "draft to be changed", desk.draft_card(1)
    desk.do("ana", f"draft 1 {'We are sorry. ' * 210}")
    desk.do("bo", "approve 1")
    yield "draft approved", desk.draft_card(1)
    desk.do("ana", "sent 1 https://birds.example/reply/1")
    yield "draft sent", desk.draft_card(1)
    desk.do("ana", "draft 1 And one more thing.")
    desk.do("ana", "resolve 1 fixed")
    yield "draft of a closed case", desk.draft_card(1)


def _digest(desk: Desk) -> Iterator[tuple[str, Drawing | Form]]:
    desk.change_policy(routes=(Route("local:#alerts", digest=timedelta(minutes=30)),))
    desk.take(*(raw(str(number), f"heron refund {chr(97 + number) * 9} {number} please") for number in range(18)))
    desk.do("ana", "claim 2")
    desk.do("ana", "resolve 3 spam")
    desk.later(hours=1)
    desk.tick()
    yield "digest", desk.drawn("digest:1")


def _hostile(desk: Desk) -> Iterator[tuple[str, Drawing | Form]]:
    for name, text in HOSTILE.items():
        words = text.replace("zebra", f"zebra {name} ")
        link = "https://zebra.example/\u0430"
        told = raw(name, words, author=text[:90], author_name=text, title=text, url=link, stars=1.0)
        assert desk.take(told).cases == 1, name
        yield f"card, hostile {name}", _card(desk, len(desk.cases()))
    desk.do("ana", f"draft 1 {HOSTILE['markup']}")
    yield "draft, hostile", desk.draft_card(1)
    for verb in ("show 1", "queue", "search zebra", "who ana", 'query test "heron"'):
        reply = desk.do("ana", verb)
        if reply.screen:
            yield f"screen {verb}, hostile", reply.screen


def _answers(desk: Desk) -> Iterator[tuple[str, Drawing | Form]]:
    desk.take(Broken("row 7", "no text", "<b>a,b,c"))
    desk.take(
        *(raw(str(number), f"heron fraud {chr(97 + number) * 9} {chr(98 + number) * 7} case") for number in range(20))
    )
    answer(desk, 1)
    desk.do("mia", "mute add author:author3 7d yes")
    desk.do("kim", "track https://forum.example/threads/4711 heron was rude to everybody")
    desk.store.pauses.pause("slack", "#alerts", "The channel is archived.", desk.now, desk.now)
    for line in SCREENS:
        screen = desk.do("mia", line).screen
        assert screen is not None, line
        yield f"screen {line}", screen
    for line in ("draft 2", "resolve 2", "snooze 2", "note 2", "assign 2", "note called her back", "track"):
        form = desk.do("ana", line).form
        assert form is not None, line
        yield f"form {line}", form
        again = desk.submit("ana", form, **{form.fields[0].name: ""}).form
        yield f"form {line}, refused", again or form
    yield from _replies(desk)
    desk.do("ana", "draft 2 Sorry.")
    for who, line in (("bo", "reject 2"), ("bo", "approve 2"), ("ana", "sent 2")):
        if (form := desk.do(who, line).form) is not None:
            yield f"form {line}", form


def _replies(desk: Desk) -> Iterator[tuple[str, Drawing | Form]]:
    """Forms of a reply: with templates, with an answer of one's own accord, with what was typed before."""
    as_it_was = desk.policy
    sorry = Template("Sorry", "We are sorry to hear that.")
    short = tuple(replace(one, reply_limit=280) for one in as_it_was.sources)
    desk.change_policy(templates=(sorry, Template("Thanks", "Thank you.")), four_eyes=False, sources=short)
    bo = desk.policy.member("bo")
    for name, values in (
        ("of a template", {"case": "2", "template": "Sorry"}),
        ("too long", {"case": "2", "template": "", "text": "x" * 281}),
    ):
        form = dispatch(desk.ctx, Request(bo, "draft", values=values, is_form="text" in values)).form
        assert form is not None, name
        yield f"form draft {name}", form
    typed = {"case": "2", "text": "Half a sentence that nobody wants to type a"}
    dispatch(desk.ctx, Request(bo, "draft", values=typed, is_closed=True))
    form = desk.do("bo", "draft 2").form
    assert form is not None
    yield "form draft 2, typed before", form
    desk.policy = as_it_was
