"""Old, double, foreign and forged clicks: none does what it should not, and each is answered in words.

Cases live on while their buttons of every age are kept: of cards that were drawn since, of drafts that were replaced,
of cases that were closed. Then anybody presses any of them in either chat: twice with the same id, from another
company or server, as somebody of no role, or with a value that was made up. A model written by hand says what a click
may do as things stand at that moment; what it did is read from all tables.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.chats.discord.codes import code_of
from bot.chats.slack.codes import value_of
from handlers.cards import Button, Card, DraftCard
from storage.store import Store
from tests.kit import MEMBERS, POLICY
from tests.prove.chatting import Answer, Chats, chatting
from tests.prove.contending import troubles
from tests.prove.trial import Trial

GOAL = "G12"
FAULTS = (21, 23, 24)
MINUTES = (5, 15)
CASES = 12  # that live at a time
LIVES = 150  # clicks until they are replaced
LIVE = ("open", "claimed", "answered")
TYPED = {
    "reject": {"why": "warmer"}, "resolve": {"reason": "fixed"}, "draft": {"text": "Sorry indeed."},
    "sent": {"url": "https://birds.example/r"},
}  # fmt: skip
APPROVERS, LEADING = {"bo", "mia"}, {"bo", "mia"}
FORGED = (
    "ear||1", "ear|claim", "ear|claim|x", "ear|approve|99999", "ear|drop table|1", "ear|=|00", "ear|reload",
    "ear|send|1|then=again",
)  # fmt: skip
FORGED_VALUES = (
    "", "{}", "[]", "null", '{"v":1}', '{"v":"claim"}', '{"v":"claim","c":"x"}', '{"v":"approve","c":99999}',
    '{"v":"reload","c":1}', '{"v":"claim","c":1e400}', '{"v":"claim","c":-1}', "[" * 500,
)  # fmt: skip


@dataclass(frozen=True)
class Old:
    """A button that once stood in a message."""

    button: Button

    @property
    def hash(self) -> str:
        return dict(self.button.values).get("hash", "")


@dataclass(frozen=True)
class OldForm:
    """A form that somebody opened; `seen` is the text of the draft that she looked at, by its hash."""

    chat: str
    who: str
    verb: str
    case: int
    seen: str
    form: Mapping[str, Any]


async def run(trial: Trial) -> None:
    count = trial.of(600, 10_000)
    world = World(trial)
    async with chatting(trial.folder, replace(POLICY, routes=(), escalate_to="local:#leads"), ("ned",)) as chats:
        for number in range(count):
            if number % LIVES == 0:
                await world.begin(chats)
            await world.live_on(chats)
            await (world.submit if trial.chance.random() < 0.2 else world.click)(chats)
    trial.tell("clicks and submitted forms", count)
    for kind in ("old", "again", "foreign", "no role", "forged", "form"):
        trial.at_least(f"of them {kind}", world.kinds[kind], count // 50)
    trial.at_least("of the old ones about another text than the draft's", world.kinds["another text"], count // 50)
    trial.tell("clicks that did what they may", world.did)
    trial.none("clicks that did what they should not", len(world.wrong))
    trial.none("clicks that nobody answered", len(world.silent))
    print("\n".join([*world.wrong[:10], *world.silent[:10]]))


class World:
    def __init__(self, trial: Trial) -> None:
        self._chance = trial.chance
        self._buttons: list[Old] = []
        self._forms: list[OldForm] = []
        self._concerned: set[int] = set()  # cases of which buttons or forms are still pressed
        self._first = self._last = 0
        self._ids = 0
        self.kinds: Counter[str] = Counter()
        self.did = 0
        self.wrong: list[str] = []
        self.silent: list[str] = []

    async def begin(self, chats: Chats) -> None:
        """New cases; the old ones are let be, and some of their buttons are pressed still."""
        self._buttons = self._chance.sample(self._buttons, min(30, len(self._buttons)))
        for text in troubles(CASES, self._chance):
            self._last = await chats.station.open_case(text)
        self._first = self._last - CASES + 1
        self._forms = self._forms[-20:]
        old = {one.button.case for one in self._buttons if one.button.case} | {one.case for one in self._forms}
        self._concerned = {*old, *range(self._first, self._last + 1)}
        for number in range(self._first, self._last + 1):
            await self._look(chats, number)

    async def live_on(self, chats: Chats) -> None:
        """Somebody works on a case; the buttons of its card and its draft are kept as they were before and are now."""
        number = self._chance.randint(self._first, self._last)
        who = self._chance.choice([one.name for one in MEMBERS])
        line = self._chance.choice(
            ("claim {n}", "release {n}", "draft {n} Sorry {x}.", "draft {n} Sorry {x}.", "approve {n}", "approve {n}",
             "reject {n} warmer", "sent {n} https://birds.example/r", "resolve {n} fixed", "reopen {n}",
             "assign {n} @kim")
        )  # fmt: skip
        await chats.station.say(who, line.format(n=number, x=self._chance.randrange(100)))
        await self._look(chats, number)

    async def _look(self, chats: Chats, number: int) -> None:
        drafts = await chats.station.bridge.read(lambda store: store.drafts.of_case(number))
        for subject in (f"case:{number}", *(f"draft:{one.id}" for one in drafts)):
            drawing = await chats.desk.drawing_of(subject)
            if isinstance(drawing, Card | DraftCard):
                more = drawing.menu if isinstance(drawing, Card) else ()
                self._buttons += [Old(replace(one, confirm="")) for one in (*drawing.buttons, *more)]
        self._buttons = self._buttons[-2_000:]

    # Clicks

    async def click(self, chats: Chats) -> None:
        kind = self._chance.choices(("old", "again", "foreign", "no role", "forged"), (60, 12, 8, 8, 12))[0]
        chat, approvals = self._chance.choice(("slack", "discord")), [one for one in self._buttons if one.hash]
        old = self._chance.choice(approvals if approvals and self._chance.random() < 0.3 else self._buttons)
        who = "ned" if kind == "no role" else self._chance.choice([one.name for one in MEMBERS])
        self.kinds[kind] += 1
        before = await _everything(chats, self._concerned)
        may = self._may(before, who, old) if kind in ("old", "again") else None
        told = await self._press(chats, kind, chat, who, old)
        after = await _everything(chats, self._concerned)
        self._judge(
            who,
            f"{kind} {chat} {who} {old.button.verb} {old.button.values} #{old.button.case}",
            before,
            after,
            may,
            told,
        )
        if told.forms and old.button.verb in TYPED and old.button.case is not None and kind in ("old", "again"):
            seen = _hash(_draft(before, old.button.case))
            self._forms.append(OldForm(chat, who, old.button.verb, old.button.case, seen, told.forms[-1]))
        if kind == "again":
            await self._press_again(chats, chat, who, old, after, has_done=after != before)

    async def submit(self, chats: Chats) -> None:
        """A form that was opened now or long ago."""
        if not self._forms:
            return
        self.kinds["form"] += 1
        form = self._forms.pop(self._chance.randrange(len(self._forms)))
        if self._chance.random() < 0.5:  # while it was open
            words = f"Sorry {self._chance.randrange(1_000)}."
            await chats.station.say(self._chance.choice(("ana", "bo", "kim")), f"draft {form.case} {words}")
        before = await _everything(chats, self._concerned)
        self.kinds["another text"] += form.seen != _hash(_draft(before, form.case))
        send = chats.slack_submit if form.chat == "slack" else chats.discord_submit
        told = await send(form.who, form.form, TYPED[form.verb])
        await chats.quiet()
        what = f"form {form.chat} {form.who} {form.verb} #{form.case}"
        after = await _everything(chats, self._concerned)
        if form.chat == "slack" and after != before:
            told.words.append("Slack closes a form that was taken, and the card shows the rest.")
        self._judge(form.who, what, before, after, self._may_submit(before, form), told)

    async def _press(self, chats: Chats, kind: str, chat: str, who: str, old: Old) -> Answer:
        self._ids += 1
        value = value_of(old.button) if kind != "forged" else self._chance.choice(FORGED_VALUES)
        custom_id = code_of(old.button).custom_id if kind != "forged" else self._chance.choice(FORGED)
        if chat == "slack":
            more = {"team": "T0OTHER", "user": "U0FOREIGN"} if kind == "foreign" else {}
            answer = await chats.slack_click(who, value, action_ts=f"{self._ids}.5", **more)
        else:
            guild = {"guild": "900000000000000077"} if kind == "foreign" else {}
            answer = await chats.discord_click(who, custom_id, number=960000000000000000 + self._ids, **guild)
        await chats.quiet()
        return answer

    async def _press_again(
        self, chats: Chats, chat: str, who: str, old: Old, before: "Rows", *, has_done: bool
    ) -> None:  # fmt: skip
        """The service delivers the same click once more: it must do nothing, and need not be answered.

        Where it has done something, the case is brought to where it could do that again.
        """
        case = _of(before["cases"], "id", old.button.case)
        if has_done and case is not None and old.button.verb in ("claim", "release", "reopen"):
            back = {"claim": "release", "release": "claim", "reopen": "resolve"}[old.button.verb]
            await chats.station.say("mia", f"{back} {case['id']} {'fixed' if back == 'resolve' else ''}")
            before = await _everything(chats, self._concerned)
        if chat == "slack":
            await chats.slack_click(who, value_of(old.button), action_ts=f"{self._ids}.5")
        else:
            number = 960000000000000000 + self._ids
            await chats.discord_click(who, code_of(old.button).custom_id, number=number)
        await chats.quiet()
        if await _everything(chats, self._concerned) != before:
            self.wrong.append(f"the same click had an effect twice: {chat} {who} {old}")

    def _judge(
        self, who: str, what: str, before: "Rows", after: "Rows", may: str | None, told: Answer
    ) -> None:  # fmt: skip
        known = before["newest"][0]["seq"]
        new = [(row["kind"], row["actor"]) for row in after["newest"] if row["seq"] > known]
        has_changed = before != after
        self.did += has_changed
        new = [one for one in new if one[0] != "claimed"] if may == "drafted" else new  # a draft claims what is open
        if has_changed and (may is None or new != [(may, who)]):
            self.wrong.append(f"{what} did {new}, may {may}: {told.said[:200]!r}")
        if not has_changed and may is not None:
            self.wrong.append(f"{what} did nothing, and should have {may}: {told.said[:200]!r}")
        if not told.is_acked or not re.search(r"\w{2}", told.said):
            self.silent.append(f"{what}: {told}")

    # The model

    def _may_submit(self, rows: "Rows", form: OldForm) -> str | None:
        case, draft = _of(rows["cases"], "id", form.case), _draft(rows, form.case)
        if case is None or case["status"] not in LIVE:
            return None
        if form.verb == "resolve":
            return "resolved"
        if form.verb == "draft" and draft is None:
            return "drafted"  # what she looked at was sent meanwhile; hers begins anew, and is approved anew
        if _hash(draft) != form.seen:
            return None  # she would decide about words that she has not seen
        if form.verb == "draft":
            return "drafted"
        state = draft["state"] if draft else ""
        if form.verb == "reject":
            return "rejected" if state in ("proposed", "approved") and form.who in APPROVERS else None
        may_send = form.who in APPROVERS or case["assignee"] == form.who
        return "answered" if state == "approved" and may_send else None

    def _may(self, rows: "Rows", who: str, old: Old) -> str | None:
        """The line that this click may put into the diary as things stand; None for nothing."""
        verb, case = old.button.verb, _of(rows["cases"], "id", old.button.case)
        draft = _draft(rows, old.button.case)
        is_same = draft is not None and bool(old.hash) and str(draft["text_hash"]).startswith(old.hash)
        if old.hash and not is_same:
            self.kinds["another text"] += 1
        if case is None:
            return None
        status, holder = case["status"], case["assignee"]
        if verb == "claim":
            return "claimed" if status == "open" else None
        if verb == "release":
            seen = dict(old.button.values).get("holder", holder)
            may = status == "claimed" and (holder == who or who in LEADING) and seen == holder
            return "released" if may else None
        if verb == "reopen":
            return "reopened" if status == "resolved" else None
        if verb in ("irrelevant", "escalate", "resolve") and status not in LIVE:
            return None
        if verb == "irrelevant" or (verb == "resolve" and dict(old.button.values).get("reason")):
            return "resolved"
        if verb == "escalate":
            return "escalated" if case["escalated_at"] is None else None
        if verb == "approve" and draft is not None and is_same:
            is_hers = draft["author"] == who
            return (
                "approved"
                if draft["state"] == "proposed" and who in APPROVERS and not is_hers and status in LIVE
                else None
            )
        if verb == "send" and draft is not None and is_same:
            may_send = who in APPROVERS or holder == who
            return "handed over to send" if draft["state"] == "approved" and may_send and status in LIVE else None
        return None  # all else opens a form, or shows something


Rows = dict[str, list[dict[str, Any]]]


async def _everything(chats: Chats, concerned: Collection[int]) -> Rows:
    """All that a click could change: the cases whose buttons are pressed whole, all else by numbers that would move."""
    ids = f"({','.join(map(str, sorted(concerned)))})"
    queries = {
        "cases": f"select * from cases where id in {ids}",
        "drafts": f"select * from drafts where case_id in {ids}",
        "newest": "select seq, kind, actor from case_events order by seq desc limit 3",
        "others": "select sum(version), (select sum(revision) from drafts), (select count(*) from mentions) from cases",
        "mutes": "select count(*), max(id), sum(removed_at is null) from mutes",
        "deliveries": "select count(*), max(id), sum(revision) from deliveries",
    }

    def read(store: Store) -> Rows:
        return {name: [dict(row) for row in store.engine.rows(sql)] for name, sql in queries.items()}

    return await chats.station.bridge.read(read)


def _draft(rows: Rows, case: int | None) -> dict[str, Any] | None:
    """The newest of a case that was not sent."""
    drafts = [one for one in rows["drafts"] if one["case_id"] == case and one["state"] != "sent"]
    return drafts[-1] if drafts else None


def _hash(draft: Mapping[str, Any] | None) -> str:
    return str(draft["text_hash"]) if draft else ""


def _of(rows: list[dict[str, Any]], name: str, value: object) -> dict[str, Any] | None:
    return next((row for row in rows if row[name] == value), None)
