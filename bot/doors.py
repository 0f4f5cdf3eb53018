"""The doors that are open to strangers: webhooks, Slack's events and the feedback form, each with a pace of its own.

What is signed is let in at any pace; what is not, and what anybody may write, as often as `bot/knocking.py` allows.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial

from aiohttp import web

from bot.chats.local.adapter import Desk
from bot.chats.local.pages import Pages
from bot.chats.local.reading import fields_of
from bot.chats.local.session import Sessions
from bot.knocking import Knocking, knocker

FEEDBACK_LIMITS = {"name": 200, "email": 320, "stars": 1, "text": 5_000}  # characters

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Doors:
    """Their routes. `slack` takes what Slack sends by HTTP."""

    def __init__(
        self, desk: Desk, pages: Pages, sessions: Sessions, now: Callable[[], datetime], slack: Handler | None
    ) -> None:
        self._desk = desk
        self._pages = pages
        self._sessions = sessions
        self._knocking = Knocking(now)
        self._slack = slack

    def routes(self) -> list[web.RouteDef]:
        routes = [
            web.post("/hooks/{source}", self._hook),
            web.get("/feedback/{source}", self._feedback),
            web.post("/feedback/{source}", self._send_feedback),
            web.get("/feedback/{source}/thanks", self._thanks),
        ]
        if self._slack is not None:
            routes.append(web.post("/slack/events", partial(self._slack_events, self._slack)))
        return routes

    async def _hook(self, request: web.Request) -> web.Response:
        body = await request.read()
        source = request.match_info["source"]
        status, words = await self._desk.receive(source, request.headers, body)
        if status == 401:
            self._not_too_often(request, f"hook {source}")
        return web.json_response({"ok": status < 400, "words": words}, status=status)

    async def _slack_events(self, slack: Handler, request: web.Request) -> web.StreamResponse:
        response = await slack(request)
        if response.status == 401:
            self._not_too_often(request, "slack")
        return response

    def _not_too_often(self, request: web.Request, door: str) -> None:
        """Raises HTTPTooManyRequests for an address that is refused on and on."""
        if wait := self._must_wait(request, door):
            words = (
                f"This was refused too often. Check the secret and the clock, wait {wait} seconds, and send it again."
            )
            raise web.HTTPTooManyRequests(text=words, headers={"Retry-After": str(wait)})

    def _must_wait(self, request: web.Request, door: str) -> int:
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", []))
        return self._knocking.must_wait(door, knocker(request.remote or "", forwarded))

    async def _feedback(self, request: web.Request) -> web.Response:
        return self._form(request, 200, "", {})

    async def _send_feedback(self, request: web.Request) -> web.Response:
        source = request.match_info["source"]
        self._brand(request)
        posted = await fields_of(request)
        fields = {name: posted.get(name, "").strip() for name in FEEDBACK_LIMITS}
        token = posted.get("token", "")
        if not self._sessions.is_form_token(source, token):
            return self._form(request, 403, "The page was open for too long. Please send it again.", fields)
        if error := _mistake(fields):
            return self._form(request, 400, error, fields)
        if not posted.get("website"):  # people do not see this field, programs fill it in
            if wait := self._must_wait(request, f"form {source}"):
                words = f"Very many people are writing to us. Please send it again in {wait} seconds."
                return self._form(request, 429, words, fields)
            identity = hashlib.sha256(token.encode()).hexdigest()[:24]  # the same page sent twice is one mention
            status, words = await self._desk.submit_form(source, {**fields, "id": identity})
            if status >= 400:
                return self._form(request, status, words, fields)
        return web.Response(status=303, headers={"Location": f"{request.path}/thanks"})

    async def _thanks(self, request: web.Request) -> web.Response:
        words = f"{self._brand(request)} has received your words. A person reads them."
        return self._pages.plain(request, 200, "Thank you", words)

    def _form(self, request: web.Request, status: int, error: str, fields: Mapping[str, str]) -> web.Response:
        return self._pages.page(
            request,
            "feedback.html",
            status,
            brand=self._brand(request),
            action=request.path,
            token=self._sessions.form_token(request.match_info["source"]),
            error=error,
            fields={name: fields.get(name, "") for name in FEEDBACK_LIMITS},
        )

    def _brand(self, request: web.Request) -> str:
        brand = self._desk.forms().get(request.match_info["source"])
        if brand is None:
            raise web.HTTPNotFound
        return brand


def _mistake(fields: Mapping[str, str]) -> str:
    if not fields["text"]:
        return "Please write a few words."
    long = next((name for name, most in FEEDBACK_LIMITS.items() if len(fields[name]) > most), "")
    if long:
        return f"Please shorten the {long} to {FEEDBACK_LIMITS[long]} characters."
    if fields["stars"] not in ("", "1", "2", "3", "4", "5"):
        return "Please give 1 to 5 stars, or none."
    if fields["email"] and "@" not in fields["email"]:
        return "Please give a whole e-mail address, or none."
    return ""
