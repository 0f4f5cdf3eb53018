"""Every drawing and form that the core can make, from real cases in a real store.

Each chat's renderer is run over them all.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from handlers import replies
from handlers.cards import Drawing
from handlers.dispatch import dispatch
from handlers.forms import Form
from handlers.ports import Broken, ByApi, Posted, Tombstone
from handlers.requests import Request
from handlers.rules.policy import Escalation, Route, Template
from storage.store import open_storage
from storage.tallies import Cell
from storage.types import Priority, Status, to_text
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
    "summary", "summary 7d by:source", "summary today by:person",
    "settings", "home", "queue source:staff", "mute list", "mute add words:case 4h", 'query test "fraud" -river',
    "resolve",
)  # fmt: skip


def gallery() -> dict[str, Drawing]:
    """A name for each drawing: cards in every state, drafts, notices, and the screens of every verb."""
    return {name: drawing for name, drawing in _all() if not isinstance(drawing, Form)}


def forms() -> dict[str, Form]:
    """Every form, empty and refilled with its error."""
    return {name: form for name, form in _all() if isinstance(form, Form)}


@cache
def _all() -> tuple[tuple[str, Drawing | Form], ...]:
    """Made once for all tests, as it takes seconds; nobody can change them."""
    return tuple(_rooms())


def _rooms() -> Iterator[tuple[str, Drawing | Form]]:
    with TemporaryDirectory() as folder:
        rooms = (
            _states, _drafts, _posted, _clocks, _digest, _briefings, _storm, _sources, _halted, _judged, _hostile,
            _answers,
        )  # fmt: skip
        for room in rooms:
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
    for reason in ("replied", "fixed", "no action", "irrelevant", "not us", "spam", "duplicate"):
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


def _posted(desk: Desk) -> Iterator[tuple[str, Drawing | Form]]:
    """A reply that Earshot posts by itself, with all that may come of it."""
    desk.ways = lambda _: ByApi("@heron", 300)
    sorry = "We are <b>sorry</b> & <!channel>"
    for number, text in enumerate(TROUBLES[:4], 1):
        desk.open_case(str(number), text)
        for who, line in (("ana", f"draft {number} {sorry}"), ("bo", f"approve {number}"), ("ana", f"send {number}")):
            assert not desk.do(who, line).is_error
    yield "card, reply being sent", _card(desk, 1)
    yield "draft being sent", desk.draft_card(1)
    tried = [replies.attempt(desk.ctx, desk.draft_of(number), timedelta(seconds=60)) for number in range(1, 5)]
    sent, refused, waits, lost = (one.draft for one in tried if one)
    replies.lost(desk.ctx, lost, "No answer.", desk.now)
    yield "draft being looked for", desk.draft_card(4)
    replies.posted(desk.ctx, sent, Posted("https://birds.example/reply/1", "r1"))
    replies.refused(desk.ctx, refused, f"birds.example: {HOSTILE['chat marks']}")
    replies.postpone(desk.ctx, waits, HOSTILE["markup"], desk.now + timedelta(hours=9))
    replies.unseen(desk.ctx, desk.draft_of(4), HOSTILE["ours"], is_final=True)
    for number, name in enumerate(("posted", "refused", "waiting", "doubtful"), 1):
        yield f"card, reply {name}", _card(desk, number)
        yield f"draft {name}", desk.draft_card(number)
    for number, row in enumerate(desk.store.engine.rows("select subject, body from deliveries where body <> ''")):
        yield f"notice of a reply {number}", desk.drawn(row["subject"], row["body"])
    for line in ("send 3", "send 4", "show 4"):
        screen = desk.do("ana", line).screen
        assert screen is not None
        yield f"screen {line}, on its way", screen
    form = desk.do("ana", "sent 4").form
    assert form is not None
    yield "form sent 4, in doubt", form
    desk.do("ana", "resolve 4 fixed")
    yield "draft doubtful, case closed", desk.draft_card(4)


def _clocks(desk: Desk) -> Iterator[tuple[str, Drawing | Form]]:
    """A reminder with its buttons, and a call to a user group."""
    desk.change_policy(escalations=(Escalation(timedelta(hours=1), ping=("leads",), min_priority=Priority.LOW),))
    desk.open_case("asleep")
    desk.do("ana", "claim 1")
    desk.open_case("unclaimed", TROUBLES[1])
    desk.later(hours=25)
    desk.tick()
    for number, row in enumerate(desk.store.engine.rows("select subject, body from deliveries where body <> ''")):
        yield f"clock {number}", desk.drawn(row["subject"], row["body"])
    desk.change_policy(routes=(Route("local:#quiet", quiet="outside business hours"),))
    desk.later(hours=10)
    desk.open_case("at night", TROUBLES[3], published_at=desk.now)
    desk.later(hours=12)
    desk.tick()
    yield "digest after quiet hours", desk.drawn("digest:1")


def _digest(desk: Desk) -> Iterator[tuple[str, Drawing | Form]]:
    desk.change_policy(routes=(Route("local:#alerts", digest=timedelta(minutes=30)),))
    desk.take(*(raw(str(number), f"heron refund {chr(97 + number) * 9} {number} please") for number in range(18)))
    desk.do("ana", "claim 2")
    desk.do("ana", "resolve 3 spam")
    desk.later(hours=1)
    desk.tick()
    yield "digest", desk.drawn("digest:1")


def _storm(desk: Desk) -> Iterator[tuple[str, Drawing | Form]]:
    """Two hostile posts are its loudest, and hostile words are among the most shared."""
    now, source = desk.now.replace(minute=0), desk.store.sources.id_of("birds", "feed", desk.now)
    hours = [to_text(now - timedelta(hours=number)) for number in range(1, 24 * 10)]
    with desk.store.transaction():
        desk.store.tallies.add([Cell(at, ("Heron Air",), source, "negative", 1) for at in hours])
    for number in range(45):
        text = f"heron awful {chr(97 + number % 26) * 5} {chr(97 + number // 2) * 6} {number} <@U123> @everyone zebra"
        loud = {"followers": 10**7, "shares": 4_000} if number < 2 else {}
        words = f"{HOSTILE[('markup', 'chat marks')[number]]} {text}" if number < 2 else text
        desk.take(raw(str(number), words, author=HOSTILE["chat marks"][:90], **loud))
    desk.tick()
    yield "storm", desk.drawn("storm:1")
    desk.do("mia", "calm")
    yield "storm, calmed", desk.drawn("storm:1")
    desk.later(hours=3)
    desk.tick()
    yield "storm, over", desk.drawn("storm:1")


def _sources(desk: Desk) -> Iterator[tuple[str, Drawing | Form]]:
    """What is wrong with a source, and what was."""
    source_id = desk.store.sources.id_of("birds", "feed", desk.now)
    alarms = desk.store.alarms
    for kind in ("failing", "quota", "off", "silent"):
        words = "" if kind == "silent" else "<!channel> <b>HTTP 500</b> & more\nof *it*"
        alarm = alarms.notice("birds", kind, desk.now, words, desk.now, usual=40)
        alarms.told(alarm, desk.now)
        yield f"alarm {kind}", desk.drawn(f"alarm:{alarm.id}")
    desk.store.sources.failed(source_id, "HTTP 500", "off")
    for line in ("status", "home"):
        screen = desk.do("mia", line).screen
        assert screen is not None
        yield f"screen {line}, with alarms", screen
    desk.take(raw("1"))
    desk.later(hours=2)
    desk.tick()
    yield "alarm that is over", desk.drawn("alarm:1")


def _halted(desk: Desk) -> Iterator[tuple[str, Drawing | Form]]:
    """Replies are stopped for a hostile reason."""
    desk.do("ana", f"halt {HOSTILE['chat marks']} {HOSTILE['markup']}")
    for line in ("halt", "status", "home"):
        screen = desk.do("mia", line).screen
        assert screen is not None
        yield f"screen {line}, halted", screen
    yield "halt", desk.drawn("halt:1")
    desk.do("mia", "halt end")
    yield "halt that is over", desk.drawn("halt:1")


def _judged(desk: Desk) -> Iterator[tuple[str, Drawing | Form]]:
    now, desk.now = desk.now, desk.now - timedelta(days=4)
    texts = (f"Heron zebra {HOSTILE[name]}" for name in ("markup", "chat marks", "direction", "long", "lines", "ours"))
    told = (raw(f"quiet {place}", text, author_name=text, title=text) for place, text in enumerate(texts))
    desk.take(*told, with_cases=False)
    desk.now = now
    desk.tick()
    for step in range(3):
        screen = desk.do("ana", "judge").screen
        assert screen is not None
        yield f"screen judge {step}", screen
        button = screen.rows[step].buttons[0]
        desk.press("ana", button)
        if step == 1:
            desk.press("ana", replace(button, values=(*button.values[:1], ("verdict", "case"))))


def _briefings(desk: Desk) -> Iterator[tuple[str, Drawing | Form]]:
    for line in ("daily 08:30 #leadership", "weekly 08:30 #leadership de", "daily 08:30 me brand:plover-inn"):
        desk.do("mia", f"briefing add {line}")
    for place, text in enumerate((*TROUBLES, HOSTILE["markup"], HOSTILE["right to left"])):
        desk.take(raw(str(place), text, author_name=HOSTILE["chat marks"], shares=900 * place))
    answer(desk, 1)
    desk.do("ana", "resolve 1 fixed")
    desk.later(days=7)
    desk.tick()
    for row in desk.store.engine.rows("select subject from deliveries where subject like 'briefing:%'"):
        yield row["subject"], desk.drawn(row["subject"])
    for line in ("briefing list", "briefing now weekly", "briefing now 1"):
        screen = desk.do("mia", line).screen
        assert screen is not None, line
        yield f"screen {line}", screen
    form = desk.do("mia", "briefing add").form
    assert form is not None
    yield "form briefing add", form
    refused = desk.submit("mia", form, zone="Europe/Berln").form
    assert refused is not None
    yield "form briefing add, refused", refused


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
