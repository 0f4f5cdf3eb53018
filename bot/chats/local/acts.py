"""What people do on the page: a command line, a button, a form, sharing an answer. Each is one Request to the desk."""

import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from bot.chats.local import render
from bot.chats.local.adapter import Bell, Desk, Stored, to_body
from bot.chats.local.pages import Pages
from bot.chats.local.pictures import Pictures
from handlers.answers import shareable
from handlers.dispatch import read_line
from handlers.forms import Form
from handlers.requests import File, Reply, Request
from handlers.rules.policy import Member

TOKEN_HEADER = "X-Earshot-Token"  # noqa: S105
_KEPT_ANSWERS = 500
_FILE_KINDS = ("text/csv", "text/markdown")

Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{8,64}$")]
Short = Annotated[str, StringConstraints(max_length=200)]
Values = Annotated[dict[Short, Annotated[str, StringConstraints(max_length=50_000)]], "arguments by name"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Line(_Body):
    """A typed command."""

    line: Annotated[str, StringConstraints(max_length=4_000)]
    channel: Short
    key: Key


class Press(_Body):
    """A button or a form. `key` is fresh for every click."""

    verb: Short
    case: int | None = None
    values: Values = {}
    channel: Short
    key: Key


class Share(_Body):
    """An answer to be shown to everybody."""

    answer: Short
    channel: Short


BodyT = TypeVar("BodyT", bound=_Body)


@dataclass(frozen=True, slots=True)
class _Kept:
    member: str
    stored: Stored


class Acts:
    """The routes that do. Answers are kept in memory for a while, so that sharing shows exactly what was answered."""

    def __init__(self, desk: Desk, pages: Pages, pictures: Pictures, bell: Bell) -> None:
        self._desk = desk
        self._pages = pages
        self._pictures = pictures
        self._bell = bell
        self._answers: OrderedDict[str, _Kept] = OrderedDict()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/act", self._act),
            web.post("/line", self._line),
            web.post("/form", self._form),
            web.post("/share", self._share),
        ]

    async def _line(self, request: web.Request) -> web.Response:
        member = self._member(request)
        body = await _read(request, Line)
        verb, words = read_line(body.line)
        asked = Request(member, verb, words=words, channel=body.channel, key=body.key)
        return self._answer(member, await self._desk.act(asked), {})

    async def _act(self, request: web.Request) -> web.Response:
        return await self._press(request, is_form=False)

    async def _form(self, request: web.Request) -> web.Response:
        return await self._press(request, is_form=True)

    async def _press(self, request: web.Request, *, is_form: bool) -> web.Response:
        member = self._member(request)
        body = await _read(request, Press)
        values = dict(body.values) if body.case is None else {"case": str(body.case), **body.values}
        asked = Request(member, body.verb, values=values, channel=body.channel, key=body.key, is_form=is_form)
        return self._answer(member, await self._desk.act(asked), body.values if is_form else {})

    async def _share(self, request: web.Request) -> web.Response:
        member = self._member(request)
        body = await _read(request, Share)
        kept = self._answers.get(body.answer)
        if kept is None or kept.member != member.name:
            raise web.HTTPGone(text="This answer is too old to be shared. Give the command again.")
        states = await self._desk.read(lambda chat: chat.channels())
        if body.channel not in {link.name for link in self._pages.channel_links(states, member.name)}:
            raise web.HTTPNotFound(text="There is no such channel. Reload this page.")
        content, at = to_body(kept.stored), self._pages.now()
        await self._desk.write(lambda chat: chat.post(body.channel, f"share:{body.answer}", content, "", at))
        self._bell.ring()
        return web.json_response({"words": f"Shared to {body.channel}."})

    def _member(self, request: web.Request) -> Member:
        return self._pages.acting_member(request, request.headers.get(TOKEN_HEADER, ""))

    def _answer(self, member: Member, reply: Reply, typed: Mapping[str, str]) -> web.Response:
        form = with_typed(reply.form, typed) if reply.form else None
        answer_id, html = "", ""
        if reply.screen and reply.screen.chart:
            self._pictures.remember(member, reply.screen.chart)
        if reply.words or reply.screen or reply.file:
            answer_id = self._keep(member, reply)
            html = render.answer_html(reply, answer_id, self._pages.now())
        return web.json_response(
            {
                "is_error": reply.is_error,
                "is_brief": reply.screen is None,
                "words": reply.words,
                "answer": html,
                "file": _file(reply.file),
                "form": render.form_html(form, self._desk.policy().members) if form else "",
            }
        )

    def _keep(self, member: Member, reply: Reply) -> str:
        answer_id = secrets.token_urlsafe(12)
        drawing = shareable(reply, self._pages.now(), ZoneInfo(self._desk.policy().timezone))
        if drawing is not None:
            self._answers[answer_id] = _Kept(member.name, Stored(drawing, shared_by=member.label))
            while len(self._answers) > _KEPT_ANSWERS:
                self._answers.popitem(last=False)
        return answer_id


def with_typed(form: Form, typed: Mapping[str, str]) -> Form:
    """A form that is shown again because of its errors keeps what was typed."""
    if not form.errors:
        return form
    fields = tuple(replace(field, value=typed.get(field.name, field.value)) for field in form.fields)
    return replace(form, fields=fields)


def _file(file: File | None) -> dict[str, str] | None:
    """What the page's script makes a download of. Its kind is one that no browser runs."""
    if file is None:
        return None
    return {"kind": file.kind if file.kind in _FILE_KINDS else "text/plain", "text": file.text}


async def _read(request: web.Request, kind: type[BodyT]) -> BodyT:
    try:
        return kind.model_validate_json(await request.read())
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_url=False)[0]["loc"])
        raise web.HTTPBadRequest(text=f"Earshot could not read this ({where or 'body'}). Reload the page.") from None
