"""Everything that can happen to a case and its replies, in any order; and what must be true after each step.

What must be true is read from the tables by SQL of its own, not by the program's ways of reading.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from bot.team import Team
from handlers import replies
from handlers.context import Context, think
from handlers.dispatch import dispatch, read_line
from handlers.ports import ByApi, Posted, ReplyWay, Tombstone, reply_way
from handlers.requests import Reply, Request
from handlers.rules.policy import DiscordPolicy, Member, Route, SlackPolicy
from handlers.rules.roster import Person
from storage.store import Store
from storage.types import Mention, Priority, Role
from tests.kit import POLICY, TROUBLES, Desk, raw
from tests.prove.case_truth import Judge

GROUPS = {"ben": ("Approvers",), "cora": ("Support",)}
FILE = (
    Member("ana", "Ana", slack="S1", discord="D1"),
    Member("bo", "Bo", (Role.AGENT, Role.APPROVER), slack="S2"),
    Member("mia", "Mia", (Role.MANAGER, Role.ADMIN), discord="D3"),
)
# Ben and Cora are known by their accounts alone, one in each chat: each pair may be one person.
ACCOUNTS = (
    ("slack", "S1"), ("discord", "D1"), ("slack", "S2"), ("discord", "D3"), ("slack", "S4"), ("discord", "D4"),
    ("slack", "S5"), ("discord", "D5"), ("discord", "D2"),
)  # fmt: skip
WRITTEN = replace(
    POLICY,
    members=FILE,
    routes=(Route("slack:#alerts"), Route("discord:#alerts", min_priority=Priority.HIGH)),
    escalate_to="discord:#leads",
    slack=SlackPolicy(groups={"Approvers": (Role.APPROVER,), "Support": (Role.AGENT,)}),
    discord=DiscordPolicy(roles={"Approvers": (Role.APPROVER,), "Support": (Role.AGENT,)}),
)
SETTLE = timedelta(seconds=1)
MOST = 4  # cases that people work on
NUMBERS = st.integers(1, MOST)
WHO = st.sampled_from(ACCOUNTS)
LINK = "https://birds.example/r"
REST = {
    "assign": ("@mia", "@ana", "@bo"),
    "resolve": ("fixed", "no action", "duplicate", "not us", "done"),
    "snooze": ("1h", "3d"),
    "note": ("hm",),
    "reject": ("warmer", "shorter"),
    "priority": ("low", "high", "urgent"),
    "sent": (LINK,),
}
VERBS = (
    "claim", "release", "assign", "approve", "approve", "send", "sent", "resolve", "irrelevant", "reopen", "snooze",
    "escalate", "note", "reject", "still", "priority",
)  # fmt: skip
OUTCOMES = ("posted", "posted", "lost", "swallowed", "refused", "busy", "unseen")
TEXTS = ("We are sorry.", "We are very sorry.", "Thank you.")


@dataclass
class Seen:
    """What the steps of all machines came to."""

    steps: int = 0
    done: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    wrong: list[str] = field(default_factory=list)


def _accounts(members: Sequence[Member]) -> list[frozenset[str]]:
    return [frozenset(member.accounts) for member in members]


def machine(seen: Seen, new_store: Any) -> type[RuleBasedStateMachine]:
    """A machine whose steps are counted in `seen`, each example on a store of its own."""

    class Life(CaseLife):
        def __init__(self) -> None:
            super().__init__(seen, new_store())

    return Life


class CaseLife(RuleBasedStateMachine):
    """People of both chats, the customer and the clock."""

    def __init__(self, seen: Seen, store: Store) -> None:
        super().__init__()
        self.seen = seen
        self.team = Team(WRITTEN)
        self.desk = Desk(store, WRITTEN, ways=self._way)
        self.can_post = True
        self.code = ""
        self.codes = self.own = 0  # asked for; steps of this life
        self.words: dict[int, set[str]] = {}  # of a case: what the customer said, ever
        self._count, self._keys = 0, 0
        people = [
            Person(chat, user, name, name.title(), groups)
            for chat, user, name, groups in (
                ("slack", "S4", "ben", GROUPS["ben"]), ("discord", "D4", "ben", GROUPS["ben"]),
                ("slack", "S5", "cora", GROUPS["cora"]), ("discord", "D5", "cora", GROUPS["ben"]),
            )
        ]  # fmt: skip
        for chat in ("slack", "discord"):
            self.team.meet(chat, [one for one in people if one.chat == chat], groups_are_known=True)
        self.judge = Judge(store, _accounts(FILE))

    def _way(self, mention: Mention) -> ReplyWay:
        return ByApi("@heronair", 500) if self.can_post else reply_way(mention)

    @property
    def ctx(self) -> Context:
        return Context(
            self.desk.store,
            self.team.brain,
            self.desk.now,
            ways=self._way,
            chance=self.desk.chance,
            here="slack:#alerts",
        )

    def ask(self, who: tuple[str, str], line: str, **carried: str) -> Reply:
        verb, words = read_line(line)
        return self.do(who, verb, words, carried)

    def do(self, who: tuple[str, str], verb: str, words: str = "", values: dict[str, str] | None = None) -> Reply:
        chat, user = who
        self._keys += 1
        member = self.team.policy.member_on(chat, user)
        request = Request(
            member, verb, words, values or {}, chat=chat, channel="#alerts", key=f"{self._keys}", user_id=user,
            user_name=user,
        )  # fmt: skip
        reply = dispatch(self.ctx, request)
        self.judge.acted = f"{chat}:{user}"
        self.seen.steps += 1
        self.own += 1
        self.seen.done[verb] += not reply.is_error
        self.seen.refused += reply.is_error
        if reply.effect == "links":
            self.team.go_by_links(self.desk.store.links.all())
        if not (reply.words or reply.screen or reply.form):
            self.seen.wrong.append(f"{verb} was not answered")
        self.judge.look()
        return reply

    # What people do

    @initialize()
    def the_first_cases(self) -> None:
        self._take(*(str(number) for number in range(1, MOST)))

    @rule(who=WHO, verb=st.sampled_from(VERBS), number=NUMBERS, pick=st.integers(0, 9))
    def acts(self, who: tuple[str, str], verb: str, number: int, pick: int) -> None:
        rest = REST.get(verb, ("",))
        self.ask(who, f"{verb} {number} {rest[pick % len(rest)]}")

    @rule(who=WHO, number=NUMBERS, text=st.sampled_from(TEXTS))
    def drafts(self, who: tuple[str, str], number: int, text: str) -> None:
        self.ask(who, f"draft {number} {text}")

    @rule(author=WHO, approver=WHO, number=NUMBERS, text=st.sampled_from(TEXTS))
    def drafts_and_approves(
        self, author: tuple[str, str], approver: tuple[str, str], number: int, text: str
    ) -> None:  # fmt: skip
        self.ask(author, f"draft {number} {text}")
        self.ask(approver, f"approve {number}")

    @rule(
        number=NUMBERS,
        text=st.sampled_from(TEXTS),
        last=st.sampled_from(("send", "sent", "resolve", "")),
        outcome=st.sampled_from(OUTCOMES),
    )
    def goes_the_usual_way(self, number: int, text: str, last: str, outcome: str) -> None:
        """Ana writes, Mia approves, and Ana goes on; where Earshot posts by itself, it does so at once."""
        ana, mia = ACCOUNTS[0], ACCOUNTS[3]
        if self.desk.store.halts.lasting() is not None:
            self.ask(mia, "halt end")
        self.can_post = self.can_post or last == "send"
        self.ask(ana, f"claim {number}")
        self.ask(ana, f"draft {number} {text}")
        self.ask(mia, f"approve {number}")
        if last:
            self.ask(ana, f"{last} {number} {REST.get(last, ('',))[0]}")
        if last == "send":
            self._post_what_is_due(outcome)

    @rule(who=WHO, verb=st.sampled_from(("approve", "send", "sent")), number=NUMBERS, back=st.integers(0, 3))
    def presses_an_old_button(self, who: tuple[str, str], verb: str, number: int, back: int) -> None:
        """The hash of any text that the draft had, most often not the last."""
        hashes = self.judge.hashes.get(number, [])
        if hashes:
            told = hashes[-1 - back % len(hashes)]
            values = {"case": str(number), "hash": told[:16]} | ({"url": LINK} if verb == "sent" else {})
            draft, before = self.judge.draft_of(number), self.judge.standing(number)
            self.do(who, verb, values=values)
            if draft and draft["text_hash"] != told and self.judge.standing(number) != before:
                self.judge.fail(f"{verb} was done with the button of another text")

    @rule(who=WHO, number=NUMBERS, then=st.sampled_from(("again", "back")))
    def decides_about_a_doubt(self, who: tuple[str, str], number: int, then: str) -> None:
        reply = self.do(who, "send", values={"case": str(number), "then": then})
        draft = self.judge.draft_of(number)
        if then == "again" and draft and not reply.is_error:
            self.judge.allowed[draft["id"]] += 1

    @rule(who=WHO, span=st.sampled_from(("24h", "7d")), number=NUMBERS)
    def mutes(self, who: tuple[str, str], span: str, number: int) -> None:
        self.do(who, "mute", values={"words": f"add author:@author{number} {span}", "sure": "yes"})

    @rule(who=WHO, number=st.integers(1, 3))
    def takes_a_mute_back(self, who: tuple[str, str], number: int) -> None:
        self.ask(who, f"mute remove {number}")

    @precondition(lambda self: self.codes * 20 <= self.own)
    @rule(who=WHO)
    def asks_for_a_code(self, who: tuple[str, str]) -> None:
        self.codes += 1
        screen = self.ask(who, "link").screen
        told = screen.intro.partition("link ")[2] if screen else ""
        self.code = told[:9] if told else self.code

    @rule(who=WHO)
    def links(self, who: tuple[str, str]) -> None:
        """Types the newest code, and says yes."""
        reply = self.ask(who, f"link {self.code}") if self.code else None
        if reply is not None and reply.screen is not None and reply.screen.buttons:
            self.do(who, "link", values=dict(reply.screen.buttons[0].values))

    @precondition(lambda self: self.own % 8 == 0)
    @rule(who=WHO)
    def stops_all_replies(self, who: tuple[str, str]) -> None:
        self.ask(who, "halt a false recall is going round")

    @precondition(lambda self: self.desk.store.halts.lasting() is not None)
    @rule(who=st.sampled_from((ACCOUNTS[0], ACCOUNTS[3])))
    def ends_the_halt(self, who: tuple[str, str]) -> None:
        self.ask(who, "halt end")

    @rule(who=WHO)
    def unlinks(self, who: tuple[str, str]) -> None:
        self.ask(who, "link remove")

    # What happens to them

    @rule(number=NUMBERS, more=st.sampled_from((" Edit: my daughter was hurt.", " Edit: all is well.", "")))
    def the_customer_edits(self, number: int, more: str) -> None:
        self._take(str(number), more=more)

    @rule(number=NUMBERS)
    def the_customer_deletes(self, number: int) -> None:
        self.desk.take(Tombstone(str(number), "deleted"))
        self.words.setdefault(number, set()).add("\n")
        self._happened("deleted")

    @rule(number=st.integers(1, MOST), by=st.integers(0, 5))
    def a_copy_comes_in(self, number: int, by: int) -> None:
        self._count += 1
        self._take(f"copy{self._count}", text=TROUBLES[number - 1], author=f"author{by}", followers=200_000)

    @rule(minutes=st.sampled_from((1, 50, 300, 4_000)))
    def time_passes(self, minutes: int) -> None:
        self.desk.later(minutes=minutes)
        self.desk.policy = self.team.policy
        self.desk.tick()
        self._happened("clock")

    @rule(is_approver=st.booleans(), is_written=st.booleans())
    def roles_change(self, is_approver: bool, is_written: bool) -> None:
        """Ana is made an approver or is none; Bo's account in Discord is written into the file, or not."""
        roles = (Role.AGENT, Role.APPROVER) if is_approver else (Role.AGENT,)
        ana = replace(FILE[0], roles=roles)
        bo = replace(FILE[1], discord="D2" if is_written else "")
        written = replace(WRITTEN, members=(ana, bo, FILE[2]))
        self.team.go_by(written, think(written))
        self.judge.file = _accounts(written.members)
        self._happened("roles")

    @rule(can_post=st.booleans())
    def the_way_of_answering_changes(self, can_post: bool) -> None:
        self.can_post = can_post
        self._happened("way")

    @rule(outcome=st.sampled_from(OUTCOMES))
    def earshot_posts(self, outcome: str) -> None:
        self._post_what_is_due(outcome)

    def _post_what_is_due(self, outcome: str) -> None:
        """It is tried, or looked for, as the program does it."""
        for draft in self.desk.store.drafts.due(self.desk.now):
            if draft.attempted_at is None:
                self._try(draft.id, outcome)
            else:
                self._look(draft.id, outcome)
        self._happened("posting")

    def _try(self, draft_id: int, outcome: str) -> None:
        ctx, store = self.ctx, self.desk.store
        with store.transaction():
            found = store.drafts.get(draft_id)
            attempt = replies.attempt(ctx, found, SETTLE) if found else None
        if attempt is None:
            return
        if outcome in ("posted", "lost"):
            self.judge.posts_outside(draft_id)
            self.seen.done["posted outside"] += 1
        with store.transaction():
            if outcome == "posted":
                replies.posted(ctx, attempt.draft, Posted(LINK, f"n{draft_id}"))
            elif outcome == "refused":
                replies.refused(ctx, attempt.draft, "No.")
            elif outcome == "busy":
                replies.postpone(ctx, attempt.draft, "Wait.")
            else:
                replies.lost(ctx, attempt.draft, "No answer came.", self.desk.now)

    def _look(self, draft_id: int, outcome: str) -> None:
        ctx, store = self.ctx, self.desk.store
        draft = store.drafts.get(draft_id)
        assert draft is not None
        with store.transaction():
            if outcome == "unseen" or replies.sought(ctx, draft) is None:
                replies.unseen(ctx, draft, "It cannot be looked for.", is_final=True)
            elif self.judge.stands_outside(draft_id):
                replies.posted(ctx, draft, Posted(LINK, f"n{draft_id}"))
            else:
                replies.not_there(ctx, draft)

    def _take(self, *native_ids: str, text: str = "", more: str = "", **fields: Any) -> None:
        items = []
        for one in native_ids:
            words = (text or TROUBLES[(int(one) if one.isdecimal() else 1) - 1]) + more
            items.append(raw(one, words, **fields))
        since = self.desk.now - WRITTEN.same_story
        open_before = self.judge.open_stories(since)
        self.desk.policy = self.team.policy
        self.desk.take(*items)
        self._happened("intake")
        self.judge.no_second_case(open_before, since)

    def _happened(self, what: str) -> None:
        self.judge.acted = ""
        self.seen.steps += 1
        self.own += 1
        self.seen.done[what] += 1
        self.judge.look()

    def teardown(self) -> None:
        self.judge.look_at_all()
        self.desk.store.close()
