"""The HTTP side of a fake Slack: arguments in, troubles on order, answers, headers and the record of calls."""

import asyncio
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.slack.api import Api
from tests.slack.doors import METHODS, Refusal
from tests.slack.rates import Call, Fault

if TYPE_CHECKING:
    from tests.slack.fake import FakeSlack

_JSON_FIELDS = ("blocks", "attachments", "files", "view", "metadata", "message")


class Server:
    """The handlers of the Web API and of response_urls."""

    def __init__(self, slack: "FakeSlack") -> None:
        self._slack = slack
        self._api = Api(slack)

    async def handle_api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        params = await _arguments(request)
        call = Call(method, params, self._slack.clock())
        self._slack.calls.append(call)
        place = str(params.get("channel") or "")
        fault = self._slack.faults.take(method, place)
        if fault is not None and fault.gate is not None:
            await fault.gate.wait()
        if fault is not None and fault.kind == "drop_before":
            return _cut(request)
        status, told, headers = self._answer(method, params, _token(request, params), fault)
        call.status, call.error = status, str(told.get("error", "")) if isinstance(told, dict) else "html"
        if fault is not None and fault.kind == "drop_after":
            call.status = 0
            return _cut(request)
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        if isinstance(told, str):
            return web.Response(status=status, text=told, content_type="text/html", headers=headers)
        if fault is not None and fault.kind == "garbage":
            return web.Response(status=200, text='{"ok": tr', content_type="application/json")
        return web.json_response(told, status=status, headers=headers)

    def _answer(
        self, method: str, params: dict[str, Any], token: str, fault: Fault | None
    ) -> tuple[int, dict[str, Any] | str, dict[str, str]]:
        if fault is not None and fault.kind == "answer":
            told = fault.told
            return told["status"], told.get("html") or told["json"], told.get("headers", {})
        headers = {
            "X-OAuth-Scopes": ",".join(
                sorted(self._slack.scopes if token == self._slack.bot_token else self._slack.app_scopes)
            )
        }
        if method in METHODS and METHODS[method][0]:
            headers["X-Accepted-OAuth-Scopes"] = METHODS[method][0]
        named = str(params.get("channel") or "")
        known = (one.id for one in self._slack.channels.values() if not one.is_im and one.name == named.lstrip("#"))
        place = next(known, named)
        try:
            self._authorise(method, token)
            if self._slack.strict_rates and (wait := self._slack.rates.wait(method, place)):
                refused = {"ok": False, "error": "ratelimited"}
                return 429, refused, headers | {"Retry-After": str(wait)}
            if fault is not None and fault.kind == "refuse":
                raise Refusal(**{"code" if name == "error" else name: value for name, value in fault.told.items()})
            return 200, self._api.call(method, params), headers
        except Refusal as refusal:
            return 200, refusal.told, headers
        except Exception as error:
            self._slack.alarm(f"{method}: the fake itself failed, {error!r}")
            raise

    def _authorise(self, method: str, token: str) -> None:
        if not token:
            raise Refusal("not_authed")
        if token not in (self._slack.bot_token, self._slack.app_token):
            raise Refusal("invalid_auth")
        if (method == "apps.connections.open") != (token == self._slack.app_token):
            raise Refusal("not_allowed_token_type")
        if token == self._slack.bot_token and self._slack.token_error:
            raise Refusal(self._slack.token_error)
        if token == self._slack.app_token and "connections:write" not in self._slack.app_scopes:
            raise Refusal("missing_scope", needed="connections:write", provided=",".join(self._slack.app_scopes))

    async def handle_response_url(self, request: web.Request) -> web.StreamResponse:
        """Answers to a click or command: five within half an hour, ephemeral unless they say otherwise [doc]."""
        params = await _arguments(request)
        call = Call("response_url", params, self._slack.clock())
        self._slack.calls.append(call)
        fault = self._slack.faults.take("response_url", "")
        if fault is not None and fault.gate is not None:
            await fault.gate.wait()
        if fault is not None and fault.kind == "drop_before":
            return _cut(request)
        if fault is not None and fault.kind == "answer":
            call.status, body = fault.told["status"], fault.told.get("html") or json.dumps(fault.told["json"])
            return web.Response(status=call.status, text=body, headers=fault.told.get("headers", {}))
        wrong = self._slack.respond(self._slack.response_urls.get(request.match_info["name"]), params)
        call.status, call.error = 404 if wrong.endswith("_url") else 400 if wrong else 200, wrong
        if fault is not None and fault.kind == "drop_after":
            return _cut(request)
        return web.json_response({"ok": not wrong} | ({"error": wrong} if wrong else {}), status=call.status)

    async def handle_upload(self, request: web.Request) -> web.StreamResponse:
        """The bytes of a file: once, and as many as were announced."""
        content = await request.read()
        call = Call("upload", {"length": len(content)}, self._slack.clock())
        self._slack.calls.append(call)
        if "Authorization" in request.headers:
            self._slack.alarm("upload: the token went to a server that needs none")
        fault = self._slack.faults.take("upload", "")
        if fault is not None and fault.gate is not None:
            await fault.gate.wait()
        if fault is not None and fault.kind == "drop_before":
            return _cut(request)
        if fault is not None and fault.kind == "answer":
            call.status = fault.told["status"]
            return web.Response(status=call.status, text=fault.told.get("html", ""), headers=fault.told.get("headers"))
        file = self._slack.uploads.pop(request.match_info["ticket"], None)
        call.status = 404 if file is None else 200 if len(content) == file.length else 400
        if file is not None and call.status == 200:
            file.content = content
        if fault is not None and fault.kind == "drop_after":
            return _cut(request)
        return web.Response(status=call.status, text=f"OK - {len(content)}")


async def _arguments(request: web.Request) -> dict[str, Any]:
    """JSON, a form, or the query; JSON inside a form is read."""
    if request.content_type == "application/json":
        told = await request.json()
        return {name: value for name, value in told.items() if value is not None}
    told = dict(request.query) | dict(await request.post())
    for name in _JSON_FIELDS:
        if isinstance(told.get(name), str) and told[name].startswith(("[", "{")):
            told[name] = json.loads(told[name])
    return told


def _token(request: web.Request, params: dict[str, Any]) -> str:
    named = str(params.pop("token", ""))
    return request.headers.get("Authorization", "").removeprefix("Bearer ").strip() or named


def _cut(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()
