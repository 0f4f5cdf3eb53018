"""A small working program behind the page: cases in a dict, a real LocalChat on SQLite in memory."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from bot import charts
from bot.chats.local.adapter import Bell, LocalChatAdapter
from handlers.cards import Button, Card, Chart, DraftCard, Row, Screen
from handlers.forms import Field, Form
from handlers.requests import Argument, Command, File, Reply, Request
from handlers.rules.policy import Brand, Member, Policy, Route
from handlers.rules.text import Text
from storage.local_chat import SCHEMA, LocalChat
from storage.spent import SCHEMA as SPENT
from storage.types import Role
from tests.bot.chats import gallery

T = TypeVar("T")
POLICY = Policy(
    brands=(Brand("Kettle & Co", {"Kettle": "kettle"}),),
    routes=(Route("local:#alerts"), Route("slack:#elsewhere"), Route("local:#praise")),
    members=(
        Member("ana", "Ana"),
        Member("bo", "Bo", (Role.AGENT, Role.APPROVER)),
        Member("mia", "Mia", (Role.MANAGER, Role.APPROVER, Role.ADMIN)),
    ),
    team="Kettle & Co",
    escalate_to="local:#urgent",
)


class MemoryEngine:
    """storage.engine.Engine on one SQLite connection in memory."""

    is_read_only = False

    def __init__(self) -> None:
        # Made where a page is served, perhaps let go by another thread.
        self._db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        for statement in (*SCHEMA, *SPENT):
            self._db.execute(statement)

    def __del__(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Any]:
        return self._db.execute(sql, params).fetchall()

    def each(self, sql: str, params: Sequence[Any] = ()) -> Iterator[Any]:
        yield from self._db.execute(sql, params)

    def one(self, sql: str, params: Sequence[Any] = ()) -> Any:
        return self._db.execute(sql, params).fetchone()

    def value(self, sql: str, params: Sequence[Any] = ()) -> Any:
        row = self.one(sql, params)
        return None if row is None else row[0]

    def run(self, sql: str, params: Sequence[Any] = ()) -> int:
        return self._db.execute(sql, params).rowcount

    def run_many(self, sql: str, params: Iterable[Sequence[Any]]) -> None:
        self._db.executemany(sql, params)

    def backup(self, target: Path) -> None:
        raise NotImplementedError

    def check(self) -> list[str]:
        return []

    def close(self) -> None:
        self._db.close()


def _command(verb: str, words: str, *arguments: tuple[str, str, bool], example: str = "") -> Command:
    shown = tuple(Argument(name, kind, is_required) for name, kind, is_required in arguments)
    return Command(verb, words, "", shown, lambda: Reply(), "", False, example)


COMMANDS = (
    _command("help", "What you can do here.", ("verb", "words", False)),
    _command("queue", "The work list, best first.", ("filters", "words", False), example="/earshot queue mine"),
    _command("claim", "Take a case: one person is responsible now.", ("case", "case", True)),
    _command("assign", "Give a case to a person.", ("case", "case", True), ("who", "member", True)),
    _command("draft", "Propose a reply.", ("case", "case", True), ("text", "words", False)),
    _command("approve", "Say yes to a draft.", ("case", "case", True)),
    _command("resolve", "Close a case with a reason.", ("case", "case", True)),
    _command("note", "Write a note on a case.", ("case", "case", True), ("text", "words", True)),
    _command("mute add", "Silence an author, source or words until a date.", ("what", "words", True)),
    _command("summary", "What happened, in numbers.", ("period", "words", False)),
    _command("export", "The numbers as a file.", ("what", "words", False)),
    _command("still", "Say that you are still on a case.", ("case", "case", True)),
)


@dataclass
class FakeDesk:
    """bot.chats.local.adapter.Desk. Keeps what it was asked, and does a few verbs for real."""

    now: Callable[[], datetime]
    engine: MemoryEngine
    bell: Bell
    current: Policy = POLICY
    is_well: bool = True

    def __post_init__(self) -> None:
        self.chat = LocalChatAdapter(self, self.bell, self.now)
        self.asked: list[Request] = []
        self.done: set[str] = set()
        self.cards: dict[int, Card] = {}
        self.refs: dict[int, tuple[str, str]] = {}
        self.hooks: list[tuple[str, bytes]] = []
        self.feedback: list[dict[str, str]] = []
        self.painted: list[tuple[Chart, bool]] = []

    async def open_case(self, card: Card, channel: str = "#alerts") -> str:
        ref = await self.chat.post(channel, card, f"case:{card.case}:{channel}", "")
        self.cards[card.case], self.refs[card.case] = card, (channel, ref)
        return ref

    async def redraw(self, card: Card) -> None:
        self.cards[card.case] = card
        channel, ref = self.refs[card.case]
        await self.chat.update(channel, ref, card, f"case:{card.case}:{channel}")

    async def act(self, request: Request) -> Reply:
        if request.key in self.done:
            return Reply("That was done already.")
        self.done.add(request.key)
        self.asked.append(request)
        if request.verb not in {command.verb for command in COMMANDS}:
            return Reply(f"There is no command {request.verb}. Did you mean queue?", is_error=True)
        does = {
            "claim": self._claim,
            "queue": self._queue,
            "draft": self._draft,
            "approve": self._approve,
            "summary": self._summary,
            "export": self._export,
            "still": self._still,
        }
        return await does.get(request.verb, self._plain)(request)

    def commands(self) -> Sequence[Command]:
        return COMMANDS

    def policy(self) -> Policy:
        return self.current

    async def read(self, work: Callable[[LocalChat], T]) -> T:
        return work(LocalChat(self.engine))

    async def write(self, work: Callable[[LocalChat], T]) -> T:
        with self.engine.transaction():
            return work(LocalChat(self.engine))

    async def picture(self, chart: Chart, dark: bool = False) -> bytes:
        self.painted.append((chart, dark))
        return await asyncio.to_thread(charts.png, chart, dark=dark)

    async def health(self) -> Mapping[str, Any]:
        words = "2 sources read" if self.is_well else "reviews has been silent for 3 h"
        return {"ok": self.is_well, "parts": [{"name": "sources", "ok": self.is_well, "words": words}]}

    async def receive(self, source: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        if "X-Earshot-Signature" not in headers:
            return 401, "The signature is missing."
        self.hooks.append((source, body))
        return 202, "Taken."

    def forms(self) -> Mapping[str, str]:
        return {"feedback-form": "Kettle & Co"}

    async def submit_form(self, source: str, fields: Mapping[str, str]) -> tuple[int, str]:
        self.feedback.append(dict(fields))
        return 202, "Thank you."

    async def _claim(self, request: Request) -> Reply:
        assert request.member is not None
        number = int(request.values.get("case") or request.words.lstrip("#"))
        card = self.cards[number]
        if card.status != "open":
            return Reply(f"#{number} is {card.status} already.", is_error=True)
        status = f"claimed by {request.member.label}"
        await self.redraw(replace(card, status=status, colour="yellow", dot="🟡", buttons=card.buttons[1:]))
        return Reply(f"You have #{number} now.")

    async def _queue(self, request: Request) -> Reply:
        page = int(request.values.get("page", "1"))
        rows = tuple(
            Row(
                f"#{card.case} {card.priority} · {card.source} · {card.author}",
                card.quote,
                (card.status, card.due or "no promise"),
                (Button("Claim", "claim", card.case), Button("Show", "show", card.case)),
                card.colour,
            )
            for card in list(self.cards.values())[:6]
        )
        turn = (Button("Next page", "queue", None, values=(("page", str(page + 1)),)),)
        return Reply(screen=Screen(f"Queue, page {page}", "Best first.", rows, "", turn), can_share=True)

    async def _draft(self, request: Request) -> Reply:
        number = int(request.values.get("case") or request.words)
        offered = (("", "None"), ("Sorry", "Sorry"))
        chosen = "" if request.is_form else request.values.get("template", "")
        fields = (
            Field("template", "Template", "choice", chosen, is_required=False, choices=offered),
            Field(
                "text",
                "Reply",
                "long_text",
                "We are sorry." if chosen else "",
                hint="The customer sees exactly this.",
                max_length=280,
            ),
            Field(
                "tone", "Tone", "choice", "warm", choices=(("warm", "Warm"), ("plain", "Plain"), ("formal", "Formal"))
            ),
            Field("asks", "Who approves", "member", is_required=False),
        )
        quote = self.cards[number].quote
        form = Form(f"Reply to #{number}", "draft", number, fields, "Ask for approval", quote.words if quote else "")
        if not request.is_form:
            return Reply(form=form)
        text = request.values.get("text", "")
        if "refund" in text:
            return Reply(form=replace(form, errors=(("text", "Do not promise a refund here."),)))
        channel, ref = self.refs[number]
        draft = DraftCard(
            number, 7, f"proposed by {request.member.label if request.member else '?'}", "yellow",
            gallery.DRAFT.target, Text(text), None, "Needs another person's approval.",
            (Button("Approve", "approve", number, style="primary"), Button("Request changes", "reject", number)),
        )  # fmt: skip
        await self.chat.post(channel, draft, f"draft:{number}:{request.key}", ref)
        return Reply("The draft waits for another person's approval.")

    async def _summary(self, request: Request) -> Reply:
        return Reply(screen=gallery.SUMMARY, can_share=True)

    async def _export(self, request: Request) -> Reply:
        kind = request.words or "text/csv"
        return Reply("The numbers of this week.", file=File("week.csv", kind, "what,now\r\nmentions,1021\r\n"))

    async def _still(self, request: Request) -> Reply:
        return Reply(f"#{request.values['case']} stays yours.")

    async def _approve(self, request: Request) -> Reply:
        return Reply("Approved. Open the link, paste the text, then say sent.")

    async def _plain(self, request: Request) -> Reply:
        return Reply(f"{request.verb} {request.words}".strip(), can_share=request.verb == "help")
