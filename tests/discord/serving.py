"""The HTTP side of a fake Discord: requests in, troubles on order, answers, headers and the record of calls."""

import asyncio
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.discord.api import Api, Asked
from tests.discord.faults import ANSWERS, HOUR, Call, Fault, Wait
from tests.discord.posting import Upload
from tests.discord.refusals import Refusal
from tests.discord.routes import route

if TYPE_CHECKING:
    from tests.discord.fake import FakeDiscord


class Server:
    """Turns HTTP into calls of `Api`."""

    def __init__(self, discord: "FakeDiscord") -> None:
        self._discord = discord
        self._api = Api(discord)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.rel_url.raw_path.removeprefix("/api/v10")
        found = route(request.method, path)
        body, uploads = await _read(request)
        name, where = found or ("unknown", {})
        call = Call(name, path, {"query": dict(request.query), "body": body, **where}, self._discord.clock())
        self._discord.calls.append(call)
        fault = self._discord.faults.take(name, where.get("channel", ""))
        if fault is not None and fault.gate is not None:
            await fault.gate.wait()
        if fault is not None and fault.kind == "drop_before":
            return _cut(request)
        status, told, headers = self._answer(request, call, Asked(where, request.query, body, uploads), fault)
        call.status, call.error = status, int(told.get("code", 0)) if status >= 400 and isinstance(told, dict) else 0
        if fault is not None and fault.kind == "drop_after":
            call.status = 0
            return _cut(request)
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        if fault is not None and fault.kind == "garbage":
            return web.Response(status=200, text="<html>", content_type="text/html")
        return _response(status, told, headers)

    async def handle_file(self, request: web.Request) -> web.StreamResponse:
        """What was uploaded, at its address."""
        file = self._discord.files.get(request.match_info["id"])
        if file is None:
            return web.Response(status=404)
        return web.Response(body=file.content, content_type=file.as_discord()["content_type"])

    def _answer(
        self, request: web.Request, call: Call, asked: Asked, fault: Fault | None
    ) -> tuple[int, Any, dict[str, str]]:
        if fault is not None and fault.kind == "answer":
            return fault.told["status"], fault.told.get("html") or fault.told["json"], fault.told.get("headers", {})
        headers: dict[str, str] = {}
        try:
            self._authorise(request, call)
            headers, wait = self._rate(call, asked)
            if wait is not None:
                return _limited(wait, headers)
            if fault is not None and fault.kind == "refuse":
                raise Refusal(fault.told["code"], status=fault.told["status"])
            told = self._api.call(call.name, asked)
        except Refusal as refusal:
            if refusal.code == 30046:
                headers |= {"Via": "1.1 google"}
            return refusal.status, refusal.told, headers
        except Exception as error:
            self._discord.alarm(f"{request.method} {call.path}: the fake itself failed, {error!r}")
            raise
        return (204 if told is None else 200), told, headers

    def _authorise(self, request: web.Request, call: Call) -> None:
        if call.name in ANSWERS or call.path == "/gateway":  # what answers know is the token in the path
            return
        given = request.headers.get("Authorization", "")
        if given != f"Bot {self._discord.token}" or self._discord.is_revoked:
            raise Refusal(0)
        if call.name == "unknown":
            self._discord.alarm(f"the fake serves no {request.method} {call.path}")
            raise Refusal(0, status=404)

    def _rate(self, call: Call, asked: Asked) -> tuple[dict[str, str], Wait | None]:
        rates = self._discord.rates
        place = asked.where.get("channel") or asked.where.get("token") or asked.where.get("guild") or ""
        if call.name == "edit" and self._discord.strict_old_edits:
            channel = self._discord.channels.get(place)
            message = channel.message(asked.where["message"]) if channel else None
            is_old = message is not None and self._discord.clock() - message.at > HOUR
            if is_old and (wait := rates.take_old_edit(place)) is not None:
                return {}, wait
        if self._discord.strict_rates:
            return rates.take(call.name, place)
        # Without any such header discord.py makes one call of a route after the other.
        told = {"Limit": "10000", "Remaining": "9999", "Reset-After": "1.000", "Bucket": f"bucket-{call.name}"}
        return {f"X-RateLimit-{name}": value for name, value in told.items()}, None


def _limited(wait: Wait, headers: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
    body: dict[str, Any] = {"message": "You are being rate limited.", "retry_after": round(wait.seconds, 3)}
    body |= {"global": wait.scope == "global"} | ({"code": wait.code} if wait.code else {})
    more = {"Retry-After": str(int(wait.seconds) + 1), "Via": "1.1 google", "X-RateLimit-Scope": wait.scope}
    return 429, body, headers | more


def _response(status: int, told: Any, headers: dict[str, str]) -> web.Response:
    if isinstance(told, str):
        return web.Response(status=status, text=told, content_type="text/html", headers=headers)
    if told is None:
        return web.Response(status=status, headers=headers)
    # Exactly this type: with a charset behind it discord.py takes the JSON for a text.
    headers = headers | {"Content-Type": "application/json"}
    return web.Response(status=status, body=json.dumps(told).encode(), headers=headers)


async def _read(request: web.Request) -> tuple[Any, dict[str, Upload]]:
    """The JSON of a request, and its files by the number that `attachments` has for them."""
    if request.content_type == "application/json":
        return await request.json(), {}
    if not request.content_type.startswith("multipart/"):
        return {}, {}
    body: Any = {}
    uploads: dict[str, Upload] = {}
    form = await request.post()
    for name, value in form.items():
        if name == "payload_json":
            body = json.loads(value if isinstance(value, str) else value.file.read())
        elif isinstance(value, web.FileField):
            uploads[name.removeprefix("files[").removesuffix("]")] = (value.filename, value.file.read())
    return body, uploads


def _cut(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()
