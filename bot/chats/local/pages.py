"""The page: who looks at it, which channel, which thread. It reads; `acts.py` does, `events.py` keeps it fresh."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import quote

from aiohttp import web

from bot.chats.local import render
from bot.chats.local.adapter import Desk
from bot.chats.local.reading import fields_of
from bot.chats.local.session import SESSION_LIFE, Session, Sessions
from handlers.rules.policy import Member, Policy
from storage.errors import NotFound
from storage.local_chat import ChannelState, LocalChat, LocalMessage

Mode = Literal["demo", "signed-in"]
PAGE = 50  # messages shown at first, and more each time that earlier ones are asked for
LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "::1")
_HOME = "#alerts"  # where commands are typed while no route names a local channel


@dataclass(frozen=True, slots=True)
class ChannelLink:
    """A channel in the list. `newest` is the ref of its last message."""

    name: str
    slug: str
    url: str
    newest: str


@dataclass(frozen=True, slots=True)
class Look:
    """Everything that one page shows, read at one moment."""

    seq: int
    messages: list[LocalMessage]
    channels: list[ChannelState]
    thread: list[LocalMessage]
    has_earlier: bool


class Pages:
    """The routes that read. `static` is the address under which this build's files stand."""

    def __init__(self, desk: Desk, sessions: Sessions, mode: Mode, static: str, now: Callable[[], datetime]) -> None:
        self._desk = desk
        self._sessions = sessions
        self._static = static
        self._knows_spent = False
        self.mode = mode
        self.now = now

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._home),
            web.get("/c/{channel}", self._channel),
            web.get("/thread/{ref}", self._thread),
            web.get("/sign-in", self._ask_sign_in),
            web.post("/sign-in", self._sign_in),
            web.post("/sign-out", self._sign_out),
            web.post("/be", self._be),
        ]

    def session(self, request: web.Request) -> Session | None:
        """Whose page this is; None when nobody is signed in or the member has left the team."""
        session = self._sessions.read(request.cookies.get(_cookie_name(request), ""))
        return session if session and self._desk.policy().member(session.member) else None

    async def ready(self, request: web.Request) -> None:
        """Before a session or link is believed: know what was used up before this program started."""
        if not self._knows_spent and (_cookie_name(request) in request.cookies or request.path == "/sign-in"):
            now = self.now()
            self._sessions.go_by(await self._desk.read(lambda chat: chat.spent.all(now)))
            self._knows_spent = True

    def looking_member(self, request: web.Request) -> Member:
        """Who looks. Raises HTTPForbidden for somebody who is not signed in."""
        session = self.session(request)
        member = self._desk.policy().member(session.member) if session else None
        if member is None:
            raise web.HTTPForbidden(text="You are not signed in any more. Reload this page.")
        return member

    def acting_member(self, request: web.Request, token: str) -> Member:
        """Who acts. Raises HTTPForbidden unless the page's token belongs to the browser's session."""
        session = self.session(request)
        member = self._desk.policy().member(session.member) if session else None
        if session is None or member is None:
            raise web.HTTPForbidden(text="You are not signed in any more. Reload this page.")
        if not session.is_its_token(token):
            raise web.HTTPForbidden(
                text=f"This tab is out of date: the browser is signed in as {member.label}. Reload this page."
            )
        return member

    def plain(self, request: web.Request, status: int, title: str, words: str, **values: str) -> web.Response:
        """A page of one sentence."""
        shown = {"code": "", "action": "", "token": "", "button": "", "link": ""} | values
        return self.page(request, "plain.html", status, title=title, words=words, **shown)

    def page(self, request: web.Request, template: str, status: int = 200, **values: object) -> web.Response:
        """A page from a template."""
        theme = request.cookies.get("theme", "")
        shown = {"static": self._static, "theme": theme if theme in ("light", "dark") else "", **values}
        return web.Response(
            text=render.page_html(template, **shown),
            status=status,
            content_type="text/html",
            headers={"Cache-Control": "no-store"},
        )

    def channel_links(self, states: Sequence[ChannelState], member: str) -> list[ChannelLink]:
        """The channels of the policy, then those that only have messages; without the personal ones of others."""
        newest = {state.channel: state.newest for state in states}
        names = dict.fromkeys([*policy_channels(self._desk.policy()), *newest])
        return [
            ChannelLink(name, _slug(name), channel_url(name), newest.get(name, "0"))
            for name in names
            if may_read(member, name)
        ]

    async def _home(self, request: web.Request) -> web.Response:
        return await self._show(request, "")

    async def _channel(self, request: web.Request) -> web.Response:
        return await self._show(request, request.match_info["channel"])

    async def _show(self, request: web.Request, wanted: str) -> web.Response:
        session = self.session(request)
        cookie = ""
        if session is None:
            members = self._desk.policy().members
            if self.mode != "demo" or not members:
                return self._gate(request)
            cookie, session = self._sessions.start(members[0].name)
        states = await self._desk.read(lambda chat: chat.channels())
        links = self.channel_links(states, session.member)
        channel = next((link for link in links if wanted in ("", link.slug, link.name)), None)
        if channel is None:
            return self.plain(request, 404, "No such channel", "No route names it.", link="/", button="Go back")
        before, thread = request.query.get("before", ""), request.query.get("thread", "")
        try:
            look = await self._desk.read(lambda chat: _look(chat, channel.name, before, thread))
        except NotFound:
            raise web.HTTPFound(channel.url) from None
        response = self._chat(request, session, channel, look, before)
        if cookie:
            _set_cookie(request, response, cookie)
        return response

    def _chat(
        self, request: web.Request, session: Session, channel: ChannelLink, look: Look, before: str
    ) -> web.Response:
        policy = self._desk.policy()
        commands = self._desk.commands()
        shown = [render.shown_message(message, thread_url(message)) for message in look.messages]
        return self.page(
            request,
            "page.html",
            team=policy.team,
            session=session,
            me=policy.member(session.member),
            members=policy.members,
            member_names=[[member.name, member.label] for member in policy.members],
            is_demo=self.mode == "demo",
            channel=channel,
            channels=self.channel_links(look.channels, session.member),
            messages=shown,
            thread=[render.shown_message(message) for message in look.thread],
            earlier_url=f"{channel.url}?before={shown[0].ref}" if look.has_earlier else "",
            before=before,
            seq=look.seq,
            commands=render.command_list(commands),
            can_note=any(command.verb == "note" for command in commands),
            now=self.now(),
        )

    async def _thread(self, request: web.Request) -> web.Response:
        """The thread panel's list, for the page's script."""
        member, ref = self.looking_member(request), request.match_info["ref"]
        messages = await self._desk.read(lambda chat: chat.thread(ref))
        if not may_read(member.name, messages[0].channel):
            raise web.HTTPForbidden(text="This message is personal: only the member it is for can read it.")
        return web.Response(text=render.thread_html(messages, self.now()), content_type="text/html")

    async def _ask_sign_in(self, request: web.Request) -> web.Response:
        token = request.query.get("t", "")
        name = self._sessions.link_member(token)
        label = self._desk.policy().label(name)
        # A press, not the visit, uses the link up: previews and prefetching visit links too.
        return self.plain(
            request, 200, f"Hello, {label}", "This signs you in on this device for 30 days.",
            action="/sign-in", token=token, button=f"Sign in as {label}",
        )  # fmt: skip

    async def _sign_in(self, request: web.Request) -> web.Response:
        fields = await fields_of(request)
        member = self._sessions.use_link(fields.get("t", ""))
        return _go(request, "/", await self._begin(request, member))

    async def _sign_out(self, request: web.Request) -> web.Response:
        fields = await fields_of(request)
        self.acting_member(request, fields.get("token", ""))
        await self._end(request)
        response = _go(request, "/", "")
        response.del_cookie(_cookie_name(request))
        return response

    async def _be(self, request: web.Request) -> web.Response:
        """The demo's switch: be another member."""
        if self.mode != "demo":
            raise web.HTTPForbidden(text="Only the demo lets you choose who you are.")
        fields = await fields_of(request)
        self.acting_member(request, fields.get("token", ""))
        member = self._desk.policy().member(fields.get("member", ""))
        if member is None:
            raise web.HTTPBadRequest(text="There is no such member. Reload this page.")
        cookie = await self._begin(request, member.name)
        channel = fields.get("channel", "")
        return _go(request, channel_url(channel) if may_read(member.name, channel) else "/", cookie)

    async def _begin(self, request: web.Request, member: str) -> str:
        """A new session in place of the browser's old one: its cookie."""
        await self._end(request)
        cookie, _ = self._sessions.start(member)
        return cookie

    async def _end(self, request: web.Request) -> None:
        """End the browser's session, and store that together with whatever else is used up."""
        self._sessions.end(request.cookies.get(_cookie_name(request), ""))
        spent, now = self._sessions.unkept(), self.now()
        try:
            await self._desk.write(lambda chat: chat.spent.keep(spent, now))
        except Exception:
            self._sessions.go_by(spent, are_kept=False)
            raise

    def _gate(self, request: web.Request) -> web.Response:
        return self.plain(
            request, 401, "Please sign in",
            "Ask the person who runs Earshot for a sign-in link. On the machine it runs on, with your name:",
            code="earshot web link ana",
        )  # fmt: skip


def policy_channels(policy: Policy) -> list[str]:
    """The local channels that routes and escalation name, in the order of the file; never empty."""
    named = [*(route.channel for route in policy.routes), policy.escalate_to]
    local = [name.removeprefix("local:") for name in named if name.startswith("local:")]
    return list(dict.fromkeys(local)) or [_HOME]


def may_read(member: str, channel: str) -> bool:
    """Whether a member may see a channel: `@ana` is Ana's alone, every other one is everybody's."""
    return not channel.startswith("@") or channel == f"@{member}"


def channel_url(name: str) -> str:
    return f"/c/{quote(_slug(name), safe='')}"


def thread_url(message: LocalMessage) -> str:
    return f"{channel_url(message.channel)}?thread={message.parent or message.ref}"


def is_loopback(host: str) -> bool:
    """Whether a Host header names this machine itself."""
    return _without_port(host) in LOOPBACK


def _without_port(host: str) -> str:
    name, _, port = host.rpartition(":")
    return (name if name and port.isdigit() and not name.endswith(":") else host).lower()


def _look(chat: LocalChat, channel: str, before: str, thread: str) -> Look:
    # The seq is read first: what changes meanwhile is told twice rather than never.
    seq = chat.last_seq()
    found = chat.latest(channel, before, PAGE + 1)
    replies = chat.thread(thread) if thread else []
    if replies and replies[0].channel != channel:  # it may be somebody's own
        raise NotFound("The thread is in another channel.")
    return Look(seq, found[-PAGE:], chat.channels(), replies, len(found) > PAGE)


def _slug(name: str) -> str:
    return name.lstrip("#")


def _cookie_name(request: web.Request) -> str:
    # The __Host- prefix makes browsers refuse the cookie from anything but this host over https.
    return "earshot" if is_loopback(request.host) else "__Host-earshot"


def _set_cookie(request: web.Request, response: web.Response, cookie: str) -> None:
    response.set_cookie(
        _cookie_name(request),
        cookie,
        max_age=int(SESSION_LIFE.total_seconds()),
        httponly=True,
        samesite="Strict",
        secure=not is_loopback(request.host),
        path="/",
    )


def _go(request: web.Request, url: str, cookie: str) -> web.Response:
    response = web.Response(status=303, headers={"Location": url})
    if cookie:
        _set_cookie(request, response, cookie)
    return response
