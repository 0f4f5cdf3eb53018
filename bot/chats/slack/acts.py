"""What people do with a line, a button, a shortcut or a reaction: each is one Request to the desk.

The effect is committed before Slack is answered. What a handler here returns is the acknowledgement: {} for an empty
one, None for none at all, so that Slack tells the person or delivers it again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.chats.after import FollowUps
from bot.chats.desk import Desk
from bot.chats.slack.answers import Answers
from bot.chats.slack.codes import SHARE, read_value
from bot.chats.slack.directory import Directory
from bot.chats.slack.incoming import (
    Body,
    Clicked,
    Incoming,
    Posted,
    after_mention,
    plain,
    read_posted,
)  # fmt: skip
from bot.chats.slack.windows import Opened, Windows
from handlers.dispatch import given_case, read_line
from handlers.requests import Reply, Request, takes_case
from handlers.rules.policy import Member
from handlers.rules.reactions import act_of

Ack = dict[str, Any] | None
Failed = Callable[[Incoming, Exception, Opened | None], Awaitable[None]]

_OLD_BUTTON = "This button cannot be read any more. `/earshot queue` shows what is to be done."
_LONGEST = 3_000  # characters of a message that a shortcut takes over


@dataclass(frozen=True, slots=True)
class Knobs:
    """How long things may take, in seconds."""

    load_after: float = 1.0  # an act that takes longer gets a modal that says so
    give_up_after: float = 2.5  # Slack waits three seconds for an acknowledgement
    typed_every: float = 2.0  # unsaved text is written no oftener
    close_within: float = 2.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """An act under way. `reply` is None while it takes longer than Slack waits."""

    task: asyncio.Task[Reply]
    reply: Reply | None
    loading: asyncio.Task[Opened | None] | None = None

    async def opened(self) -> Opened | None:
        """The modal that was opened meanwhile."""
        return await self.loading if self.loading else None


class Acts:
    """`failed` is told of what fails after Slack was answered, and of the modal that waits for it."""

    def __init__(
        self,
        desk: Desk,
        directory: Directory,
        windows: Windows,
        answers: Answers,
        after: FollowUps,
        knobs: Knobs,
        failed: Failed,
    ) -> None:
        self._desk = desk
        self._directory = directory
        self._windows = windows
        self._answers = answers
        self._after = after
        self._knobs = knobs
        self._failed = failed

    # Lines

    async def command(self, incoming: Incoming, body: Body) -> Ack:
        """/earshot and what follows it. The answer is the acknowledgement itself."""
        request = self._line(incoming, str(body.get("text") or ""))
        attempt = await self.attempt(incoming, request)
        if attempt.reply is None or attempt.loading is not None or attempt.reply.form is not None:
            return self._answer_later(incoming, request, attempt)
        if self._answers.takes_time(incoming, attempt.reply):
            return self._answer_later(incoming, request, attempt)
        return {"response_type": "ephemeral", **self._answers.body(incoming, attempt.reply)}

    async def said(self, incoming: Incoming, body: Body) -> Ack:
        """@earshot in a channel or thread, or what is written to us directly."""
        text = after_mention(str(body["event"].get("text") or ""), self._directory.bot_user_id)
        request = replace(await self._in_thread(incoming, self._line(incoming, text)), can_repeat=True)
        attempt = await self.attempt(incoming, request)
        return self._answer_later(incoming, request, attempt)

    async def _in_thread(self, incoming: Incoming, request: Request) -> Request:
        """In the thread of a case its number need not be typed. What is noted there is not said there again."""
        if not incoming.thread or not takes_case(request.verb) or given_case(request.words):
            return request
        case = await self._case_at(incoming.channel, incoming.thread)
        said_in = {"thread": f"{incoming.channel}:{incoming.thread}"}
        return request if case is None else replace(request, values={"case": str(case), **said_in})

    def _line(self, incoming: Incoming, text: str) -> Request:
        verb, words = read_line(self._plain(text))
        return replace(self.request(incoming, verb, {}), words=words)

    # Clicks

    async def click(self, incoming: Incoming, clicked: Clicked) -> Ack:
        """A button or an entry of a menu."""
        pressed = read_value(clicked.value)
        if pressed is None:
            self.later(incoming, self._answers.tell(incoming, _OLD_BUTTON))
            return {}
        if pressed.verb == SHARE:
            self.later(incoming, self._answers.share(incoming, pressed.values.get("answer", "")))
            return {}
        if pressed.confirm:
            self.later(incoming, self._answers.ask(incoming, pressed))
            return {}
        request = self.request(incoming, pressed.verb, pressed.values, pressed.case)
        return self._answer_later(incoming, request, await self.attempt(incoming, request))

    # Shortcuts

    async def track(self, incoming: Incoming, body: Body) -> Ack:
        """Make a mention of any message: a form opens with what the message says."""
        posted = read_posted(body)
        if case := await self._case_at(posted.channel, posted.ts):
            request = self.request(incoming, "track", {}, case)
            return self._answer_later(incoming, request, await self.attempt(incoming, request))
        url, words = self._url_of(posted), self._words_of(posted)
        values = {"text": "" if words == url else words, "url": url, "author": self._author_of(posted)}
        request = self.request(incoming, "track", values)
        return self._answer_later(incoming, request, await self.attempt(incoming, request))

    async def note(self, incoming: Incoming, body: Body) -> Ack:
        """Keep a message in the diary of the case whose thread it stands in; elsewhere a form asks for the case."""
        posted = read_posted(body)
        if (
            posted.thread
            and posted.thread != posted.ts
            and (case := await self._case_at(posted.channel, posted.thread))
        ):
            said_in = {"thread": f"{posted.channel}:{posted.thread}"}
            request = self.request(incoming, "note", {"text": self._words_of(posted), **said_in}, case)
        elif case := await self._case_at(posted.channel, posted.ts):
            request = self.request(incoming, "note", {}, case)
        else:
            request = self.request(incoming, "note", {"text": self._words_of(posted)})
        return self._answer_later(incoming, request, await self.attempt(incoming, request))

    async def queue(self, incoming: Incoming, body: Body) -> Ack:  # noqa: ARG002 - nothing in it concerns us
        """The work list, from the search bar."""
        request = self.request(incoming, "queue", {})
        return self._answer_later(incoming, request, await self.attempt(incoming, request))

    async def _case_at(self, channel: str, ts: str) -> int | None:
        kind, _, number = (await self._desk.subject_at("slack", f"{channel}:{ts}")).partition(":")
        return int(number) if kind == "case" and number.isdecimal() else None

    def _words_of(self, posted: Posted) -> str:
        return self._plain(posted.text, with_labels=True)[:_LONGEST]

    def _url_of(self, posted: Posted) -> str:
        """Where the customer said it, when the message has a link; else where the message can be read again."""
        if posted.link or posted.url:
            return posted.link or posted.url
        if not self._directory.team_url:
            return ""
        url = f"{self._directory.team_url.rstrip('/')}/archives/{posted.channel}/p{posted.ts.replace('.', '')}"
        is_reply = posted.thread and posted.thread != posted.ts
        return url + (f"?thread_ts={posted.thread}&cid={posted.channel}" if is_reply else "")

    def _author_of(self, posted: Posted) -> str:
        """Who said it; nobody whom we know, when one of us passes on what a customer said."""
        is_of_us = bool(posted.user) and not self._directory.is_stranger(posted.user, posted.teams)
        return "" if is_of_us else posted.author or posted.user

    # Reactions

    async def react(self, incoming: Incoming, body: Body) -> Ack:
        """A reaction on a card, where the team has switched that on. Only what could not be done is said."""
        event = body["event"]
        member = self.member(incoming)
        # A colleague who only looks on, and another bot, may react to anything; it means nothing.
        if member is None or not self._desk.policy().slack.reactions:
            return {}
        act = act_of(str(event.get("reaction") or "").partition("::")[0], is_added=event["type"] == "reaction_added")
        case = await self._case_at(incoming.channel, incoming.message) if act else None
        if act is None or case is None:
            return {}
        request = replace(self.request(incoming, act[0], act[1], case), can_repeat=True)
        attempt = await self.attempt(incoming, request)
        self.later(incoming, self._tell_trouble(incoming, attempt))
        return None if attempt.reply is None else {}

    async def _tell_trouble(self, incoming: Incoming, attempt: Attempt) -> None:
        reply = await attempt.task
        if reply.is_error and not reply.is_repeat:
            await self._answers.tell(incoming, reply.words)

    # What all of them share

    def member(self, incoming: Incoming) -> Member | None:
        return self._desk.policy().member_on("slack", incoming.user)

    def member_of(self, user_id: str) -> str:
        """A member's name, "" for anybody else."""
        member = self._desk.policy().member_on("slack", user_id)
        return member.name if member else ""

    def request(
        self,
        incoming: Incoming,
        verb: str,
        values: Mapping[str, str],
        case: int | None = None,
        *,
        key: str | None = None,
    ) -> Request:
        told = dict(values) if case is None else {"case": str(case), **values}
        return Request(
            self.member(incoming),
            verb,
            values=told,
            chat="slack",
            channel=self._directory.channel_name(incoming.channel) if incoming.channel else "",
            key=incoming.key if key is None else key,
            user_id=incoming.user,
        )

    async def attempt(self, incoming: Incoming, request: Request, *, can_load: bool = True) -> Attempt:
        """Do it, and wait as long as Slack waits. When it takes long, a modal says so meanwhile."""
        task = asyncio.ensure_future(self._desk.act(request))
        self._after.hold(task)
        loading: asyncio.Task[Opened | None] | None = None
        await asyncio.wait({task}, timeout=self._knobs.load_after)
        if not task.done():
            if can_load and incoming.trigger:
                loading = asyncio.create_task(self._windows.load(incoming))
                self._after.hold(loading)
            await asyncio.wait({task}, timeout=max(0.0, self._knobs.give_up_after - self._knobs.load_after))
        # A failure is told in the modal that waits for it, or else in the acknowledgement.
        is_answered = task.done() and (loading is None or task.exception() is None)
        return Attempt(task, task.result() if is_answered else None, loading)

    def later(self, incoming: Incoming, work: Any) -> None:
        """Do it after Slack was answered."""
        self._after.start(work, lambda error: self._failed(incoming, error, None))

    def _answer_later(self, incoming: Incoming, request: Request, attempt: Attempt) -> Ack:
        self.later(incoming, self._give(incoming, request, attempt))
        return {} if attempt.task.done() else None

    async def _give(self, incoming: Incoming, request: Request, attempt: Attempt) -> None:
        opened = await attempt.opened()
        try:
            await self._answers.give(incoming, await attempt.task, request, opened)
        except Exception as error:
            await self._failed(incoming, error, opened)

    def _plain(self, text: str, *, with_labels: bool = False) -> str:
        return plain(text, self._member_named, self._channel_named, with_labels=with_labels)

    def _member_named(self, user_id: str, handle: str) -> str:
        member = self._desk.policy().member_on("slack", user_id)
        return f"@{member.name if member else handle or user_id}"

    def _channel_named(self, channel_id: str, name: str) -> str:
        return f"#{name}" if name else self._directory.channel_name(channel_id)
