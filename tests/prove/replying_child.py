"""The part of the program that posts replies, to be killed: the real store, commands, replier and sources.

Started as `python -m tests.prove.replying_child HOME`, it loads everything once. Every line on its standard input makes
it fork a child, which is the program; it answers `child PID`, and the child `port N`, where people's acts come in, one
JSON object a line. HOME/told.json says where the networks are, who may what and as whom it signs in. Its clock runs
SCALE times as fast as ours.
"""

import asyncio
import json
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bot import registry
from bot.bridge import Bridge
from bot.fetch import Fetch, Guard, Tools
from bot.listen import Listener
from bot.replying import Replier, way_of
from bot.sessions import Sessions
from bot.team import Team
from handlers.context import Context
from handlers.dispatch import dispatch, load_commands
from handlers.intake import take_in
from handlers.ports import Page, Source
from handlers.requests import Request
from handlers.rules.policy import Brand, DiscordPolicy, Member, Policy, Route, SlackPolicy, SourceEntry, Storms
from handlers.rules.roster import Person
from handlers.weighing import weigh
from storage.links import Link
from storage.store import Store
from storage.types import RawMention, Role
from tests.prove.sites import KINDS

SCALE = 60.0
BEGAN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
SECRETS = {
    "X_BEARER_TOKEN": "b", "X_CONSUMER_KEY": "k", "X_CONSUMER_SECRET": "s", "X_ACCESS_KEY": "5-token",
    "X_ACCESS_SECRET": "s", "BLUESKY_PASSWORD": "p", "EMAIL_PASSWORD": "correct-horse",
}  # fmt: skip
MEMBERS = {"ana": "1", "bo": "2", "mia": "3", "kim": "4"}  # of the file, with the ends of their ids
NOA = ("slack:UNOA", "discord:NOA")  # one person whom two chats add, as whom one writes and the other may approve


def clock_since(began: float) -> Callable[[], datetime]:
    """A clock that shows BEGAN at that moment of ours."""
    return lambda: BEGAN + timedelta(seconds=(time.time() - began) * SCALE)


def accounts_of(name: str) -> tuple[str, str]:
    return f"slack:U{MEMBERS[name]}", f"discord:{MEMBERS[name]}"


class Told:
    """What stands in HOME/told.json now."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.values: dict[str, Any] = json.loads((home / "told.json").read_text())
        self.now = clock_since(self.values["began"])

    def entries(self) -> list[SourceEntry]:
        url, mail = self.values["url"], self.values["mail"]
        every = {"server": url, "allow_private": True}
        door = {"security": "none", "smtp_server": "127.0.0.1", "smtp_security": "none"}
        ports = {"port": mail[0], "smtp_port": mail[1], "server": "127.0.0.1", "user": "care@lamp.example"}
        settings = {
            "x": {"server": url, "account": "heronair"},
            "bluesky": {**every, "handle": "care.test", "keywords": False},
            "mastodon": {**every, "stream": False},
            "github": {**every, "reply": True, "discussions": False},
            "email": {**door, **ports, "idle": False, "allow_private": True},
        }
        return [
            SourceEntry(kind, kind, brand="Heron Air", daily_budget=1e6 if kind == "x" else None, settings=one)
            for kind, one in settings.items()
        ]

    def sources(self, fetch: Fetch, names: Sequence[str] = KINDS) -> dict[str, Source]:
        who = self.values["signs_in"]
        secrets = SECRETS | {"GITHUB_TOKEN": who, "MASTODON_TOKEN": f"mast-{who}"}
        tools = Tools(fetch, self.now, secrets, sessions=Sessions(self.home / "sessions"))
        return {entry.name: registry.build(entry, tools) for entry in self.entries() if entry.name in names}

    def team(self) -> Team:
        members = [
            Member(name, name.title(), tuple(map(Role, self.values["roles"][name])), f"U{end}", end)
            for name, end in MEMBERS.items()
        ]
        team = Team(
            Policy(
                brands=(Brand("Heron Air", {"names": "heron"}, reply_as="@heronair"),),
                sources=tuple(self.entries()),
                routes=(Route("local:#alerts"),),
                members=tuple(members),
                storms=Storms(most_cards=100_000),
                slack=SlackPolicy(groups={"care": (Role.AGENT,)}),
                discord=DiscordPolicy(roles={"care": (Role.AGENT, Role.APPROVER)}),
            )
        )
        for name, chat in (("noa", "slack"), ("noa.d", "discord")):
            user = next(one.partition(":")[2] for one in NOA if one.startswith(chat))
            team.meet(chat, [Person(chat, user, name, name.title(), ("care",))], groups_are_known=True)
        ended = None if self.values["is_linked"] else BEGAN
        team.go_by_links([Link(1, "", "UNOA", "NOA", "noa", ("noa.d",), "slack", BEGAN, ended)])
        return team


class Program:
    """What is killed."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.told = Told(home)
        self.team = self.told.team()
        self.bridge = Bridge(home / "earshot.db")
        self.fetch = Fetch(self.told.now, guard=Guard(lambda _: True, frozenset(range(65_536)), 0.0))
        self.sources = self.told.sources(self.fetch)
        self.replier = Replier(
            self.bridge, self.sources, self.context, self.told.now, lambda: None, take=self.take_page
        )
        self.replier._idle = 0.05

    def context(self, store: Store) -> Context:
        return Context(store, self.team.brain, self.told.now(), ways=partial(way_of, self.sources))

    async def take_page(self, source: Source, page: Page) -> None:
        entry = self.team.policy.source(source.name)
        assert entry is not None
        chance = random.Random(1)
        own = Listener(source, entry, self.bridge, lambda: self.team.brain, self.told.now, lambda: None, chance)
        await own.take(page)

    def reload(self) -> None:
        before, self.told = self.told.values["signs_in"], Told(self.home)
        self.team = self.told.team()
        if before != self.told.values["signs_in"]:
            self.sources.update(self.told.sources(self.fetch, ("mastodon", "github")))

    def open(self, store: Store, told: dict[str, Any]) -> None:
        ctx = self.context(store)
        entry = ctx.policy.source(told.pop("source"))
        assert entry is not None
        item = RawMention(**told, published_at=ctx.now)
        with store.transaction():
            take_in(ctx, weigh(ctx.brain, entry, Page((item,), None, query="q")))

    def act(self, store: Store, told: dict[str, Any]) -> dict[str, Any]:
        ctx, account = self.context(store), told["who"]
        who = next((one for one in ctx.policy.members if account in one.accounts), None)
        chat, _, user = account.partition(":")
        request = Request(
            who,
            told["verb"],
            told.get("words", ""),
            values=told.get("values", {}),
            key=told["key"],
            chat=chat,
            user_id=user,
        )
        reply = dispatch(ctx, request)
        return {"is_error": reply.is_error, "words": reply.words}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            told = json.loads(line)
            answer: dict[str, Any] = {}
            if "open" in told:
                await self.bridge.write(lambda store: self.open(store, told["open"]))  # noqa: B023
            elif "verb" in told:
                answer = await self.bridge.write(lambda store: self.act(store, told))  # noqa: B023
                self.replier.ring()
            else:
                self.reload()
            writer.write(json.dumps(answer).encode() + b"\n")


async def run(home: Path) -> None:
    program = Program(home)
    await program.bridge.start()
    server = await asyncio.start_server(program.serve, "127.0.0.1", 0)
    print(f"port {server.sockets[0].getsockname()[1]}", flush=True)
    await program.replier.run()


def main() -> None:
    load_commands()
    home = Path(sys.argv[1])
    Told(home).sources(Fetch(clock_since(0.0)))  # loads what they need, once
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(run(home))
            os._exit(0)
        print(f"child {child}", flush=True)
        os.waitpid(child, 0)
        print("gone", flush=True)


if __name__ == "__main__":
    main()
