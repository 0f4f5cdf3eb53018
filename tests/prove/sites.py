"""What stands on four networks and in a mailbox: the record that replies are judged by (`networks.py` serves them).

Each keeps to its own ways: X and GitHub show a new reply in their lists only after a while, Bluesky has one place for a
key, Mastodon forgets keys, the mail server files nothing by itself. No network refuses a repetition: it is to be seen.
"""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.sources.email.reply import Target
from tests.mail.imapserver import ImapServer

KINDS = ("x", "bluesky", "mastodon", "github", "email")
SHOWN_AFTER = {"x": 25.0, "github": 12.0}  # seconds until a list shows it
VERIFIED = ("x", "bluesky", "mastodon", "github")  # those that say how a post reads now
EDITED_MEANWHILE = timedelta(seconds=12)  # a fifth of a second of ours between the look at a post and the reply to it
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
ACCOUNTS = {  # by token: who posts with it, as drafts name her
    "x-5": "@heronair", "care": "care-team", "help": "help-team", "mast-care": "@care@m.example",
    "mast-help": "@help@m.example", "sky": "@care.test", "mail": "care@lamp.example",
}  # fmt: skip
POST = "app.bsky.feed.post"


@dataclass(frozen=True, slots=True)
class Reply:
    """It stands there, whatever became of the answer."""

    kind: str
    account: str
    target: str
    text: str
    at: datetime
    id: str
    answered: tuple[str, ...]  # how the post read when the network was asked last, and until just before; () if gone


@dataclass
class Words:
    """A customer's post. `told` is how it was when the program asked last; None when it was told that it is gone."""

    kind: str
    number: int
    text: str
    is_gone: bool = False
    told: str | None = ""
    told_before: str = ""
    told_anew_at: datetime = NEVER

    def tell(self, now: datetime) -> None:
        if self.told not in (self.text, None):
            self.told_before, self.told_anew_at = str(self.told), now
        self.told = self.text

    @property
    def id(self) -> str:
        forms = {"x": "{}", "bluesky": f"at://did:plc:p{{0}}/{POST}/3l{{0:011d}}", "github": "jo/home/issues/{}"}
        return forms.get(self.kind, "{}").format(self.number)

    @property
    def author(self) -> str:
        return {"bluesky": f"p{self.number}.test", "email": f"jo{self.number}@post.example"}.get(self.kind, "nina")

    @property
    def reply_ref(self) -> str:
        ref: dict[str, Any] = {"id": self.id, "asked": "mention"}
        if self.kind == "bluesky":
            ref = {"uri": self.id, "cid": f"cid{self.number}", "root": None, "reason": "mention"}
        elif self.kind == "mastodon":
            ref = {"id": self.id, "acct": "nina@tech.example", "visibility": "public", "lang": "en"}
        elif self.kind == "github":
            ref = {"issue": self.id}
        elif self.kind == "email":
            ref = vars(Target(self.author, "Question", f"<{self.number}@post.example>", (), is_person=True))
        return json.dumps(ref)


@dataclass
class Sites:
    """`lost` is how many answers of a hundred are lost, half of them with nothing done. `inside` is called when a reply
    has come in: with a number it is stalled until the program is gone, 1 before it is done, 2 after.
    """

    now: Callable[[], datetime]
    chance: random.Random
    lost: float = 0.1
    posts: dict[tuple[str, str], Words] = field(default_factory=dict)
    record: list[Reply] = field(default_factory=list)
    lost_done: int = 0
    lost_undone: int = 0
    inside: Callable[[], int] = lambda: 0
    url: str = ""
    smtp_port: int = 0
    mailbox: ImapServer = field(default_factory=ImapServer)
    _by_target: dict[tuple[str, str], list[Reply]] = field(default_factory=dict)

    def write(self, kind: str, number: int, text: str) -> Words:
        """Somebody writes to us."""
        found = self.posts[kind, str(number)] = Words(kind, number, text, told=text)
        return found

    def standing(self, kind: str, target: str) -> list[Reply]:
        return self._by_target.get((kind, target), [])

    async def take(self, kind: str, account: str, target: Words, text: str, native_id: str) -> str:
        """A reply comes in: "done", or "cut" when nobody will hear of it, whether it was done or not."""
        step, dice = self.inside(), self.chance.random()
        if step == 1:
            await asyncio.sleep(30)
            return "cut"
        if dice < self.lost / 2:
            self.lost_undone += 1
            return "cut"
        now = self.now()
        answered = () if target.told is None else (target.told,)
        if answered and now - target.told_anew_at < EDITED_MEANWHILE:
            answered += (target.told_before,)
        reply = Reply(kind, account, target.id, text, now, native_id, answered)
        self.record.append(reply)
        self._by_target.setdefault((kind, target.id), []).append(reply)
        if step == 2:
            await asyncio.sleep(30)
            return "cut"
        if dice < self.lost:
            self.lost_done += 1
            return "cut"
        return "done"

    def new_id(self) -> str:
        return str(900_000_000 + len(self.record))

    def seen(self, kind: str, number: str) -> Words | None:
        """How a post reads, as it is told to the program now."""
        post = self.posts.get((kind, number))
        if post is None or post.is_gone:
            if post is not None:
                post.told = None
            return None
        post.tell(self.now())
        return post

    def shown(self, kind: str) -> list[Reply]:
        """What a list shows by now, newest first."""
        before = self.now() - timedelta(seconds=SHOWN_AFTER.get(kind, 0.0))
        return [one for one in reversed(self.record) if one.kind == kind and one.at <= before]
