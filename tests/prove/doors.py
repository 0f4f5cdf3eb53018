"""The whole program behind its real web server on a clock of ours, with every door that strangers can reach.

Deliveries are made and signed here as their senders do, by what those document; the database is read by a connection of
our own.
"""

import base64
import hmac
import json
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from aiohttp import ClientConnectionError, ClientSession, CookieJar, TCPConnector
from aiohttp.test_utils import TestServer

from bot.app import App
from bot.policy_file import read_policy
from bot.registry import settings
from bot.web import build_web
from tests.bot.fakes import Clock
from tests.bot.running import CONFIG, HOOK_SECRET, WEB_SECRET, environment, write_config

SOURCES = ("desk", "typeform", "tally", "google")
_HOOK = """
[[sources]]
name = "{name}"
kind = "webhook"
preset = "{preset}"
secret_env = "{variable}"
brand = "Heron Air"
"""
SECRETS = {"desk": HOOK_SECRET, "typeform": "typeform-1", "tally": "tally-secret-2", "google": "google-secret-3"}
_CONFIG = CONFIG + "".join(
    _HOOK.format(name=name, preset={"google": "google-forms"}.get(name, name), variable=f"{name.upper()}_SECRET")
    for name in SOURCES[1:]
)


@dataclass(frozen=True)
class Sent:
    """One request to a door."""

    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Door:
    """The program that is running, and somebody who knocks."""

    url: str
    port: int
    client: ClientSession
    database: Path

    async def post(self, sent: Sent) -> tuple[int, str]:
        """The status and the words of the answer; 599 where the line breaks each time."""
        for _ in range(4):
            try:
                async with self.client.post(
                    self.url + sent.path, data=sent.body, headers=sent.headers, allow_redirects=False
                ) as answer:
                    return answer.status, await answer.text()
            except ClientConnectionError:
                continue  # refused before all of a long body was sent
        return 599, "The line broke."

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return connection.execute(sql).fetchall()

    def value(self, sql: str) -> int:
        return int(self.rows(sql)[0][0])


@asynccontextmanager
async def opened(
    home: Path, clock: Clock, *, more: Mapping[str, str] | None = None, patience: float = 20.0
) -> AsyncIterator[Door]:
    """It begins, or begins again, on what is in `home`."""
    path = write_config(home, _CONFIG)
    variables = {f"{name.upper()}_SECRET": secret for name, secret in SECRETS.items()} | dict(more or {})
    told = environment(home, variables)
    app = App(told, read_policy(path, settings()), config_path=path, now=clock)
    app.deliverer.most_posts = 100_000
    site = build_web(
        app, mode="demo", secret=WEB_SECRET, bell=app.bell, registry=app.registry, now=clock, patience=patience,
        slack=app.slack.handle_http if app.slack else None,
    )  # fmt: skip
    server = TestServer(site, host="127.0.0.1")
    await server.start_server()
    await app.start()
    try:
        async with ClientSession(
            connector=TCPConnector(limit=50, force_close=True), cookie_jar=CookieJar(unsafe=True)
        ) as client:
            yield Door(str(server.make_url("")).rstrip("/"), int(server.port or 0), client, told.database)
    finally:
        await server.close()
        await app.stop()


def delivery(source: str, number: int, words: str, clock: Clock, *, with_id: bool = True, secret: str = "") -> Sent:
    """Number so-and-so, as this sender writes and signs it now."""
    body = json.dumps(_CONTENT[source](number, words)).encode()
    return signed(source, body, clock, number if with_id else None, secret=secret)


def signed(
    source: str, body: bytes, clock: Clock, number: int | None = None, *, secret: str = "", stamp: str = ""
) -> Sent:
    """`number` None: without an id of the delivery, where there is one."""
    secret, headers = secret or SECRETS[source], {"Content-Type": "application/json"}
    mac = base64.b64encode(hmac.new(secret.encode(), body, sha256).digest()).decode()
    if source == "typeform":
        headers["Typeform-Signature"] = f"sha256={mac}"
    elif source == "tally":
        headers["Tally-Signature"] = mac
    else:
        stamp = stamp or str(int(clock().timestamp()))
        hexed = hmac.new(secret.encode(), stamp.encode() + b"." + body, sha256).hexdigest()
        headers |= {"X-Earshot-Timestamp": stamp, "X-Earshot-Signature": f"v1={hexed}"}
        if number is not None and source == "desk":
            headers["X-Earshot-Delivery"] = f"delivery-{number:08d}"
    return Sent(f"/hooks/{source}", body, headers)


def _typeform(number: int, words: str) -> dict[str, Any]:
    question = {"id": "f1", "title": "What happened?", "type": "long_text"}
    answer = {"type": "text", "text": words, "field": {"id": "f1", "type": "long_text"}}
    told = {
        "token": f"token-{number:08d}",
        "submitted_at": "2026-11-20T08:00:00Z",
        "definition": {"fields": [question]},
    }
    return {
        "event_id": f"01H{number:012d}",
        "event_type": "form_response",
        "form_response": {**told, "answers": [answer]},
    }


def _tally(number: int, words: str) -> dict[str, Any]:
    answer = {"key": "q1", "label": "What happened?", "type": "TEXTAREA", "value": words}
    told = {"responseId": f"response-{number:08d}", "createdAt": "2026-11-20T08:00:00Z", "fields": [answer]}
    return {"eventId": f"event-{number:08d}", "eventType": "FORM_RESPONSE", "data": told}


def _google(number: int, words: str) -> dict[str, Any]:
    answer = {"question": "What happened?", "type": "PARAGRAPH_TEXT", "answer": words}
    return {"id": f"answer-{number:08d}", "created_at": "2026-11-20T08:00:00Z", "answers": [answer]}


_CONTENT = {
    "desk": lambda number, words: {"id": f"item-{number:08d}", "text": words, "author": "jo"},
    "typeform": _typeform,
    "tally": _tally,
    "google": _google,
}
