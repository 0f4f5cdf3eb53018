"""A Mastodon server on loopback: `mastodon_mock`, started once for all tests, with people who write there."""

import atexit
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection
from typing import Any

from mastodon_mock.config import DatabaseConfig, MastodonMockConfig, SeedAccount, SeedConfig, StreamingConfig
from mastodon_mock.db.base import Base
from mastodon_mock.db.models import Account
from mastodon_mock.testing.server import MockServer

PEOPLE = ("aurelia", "grace", "alan", "nameless")
_KEPT = {"accounts", "oauth_apps", "oauth_tokens"}
TOKENS = {name: f"{name}-secret" for name in PEOPLE}


@dataclass(frozen=True)
class Mock:
    """The server; `reset` makes it new. What people do there is done by its own API."""

    server: MockServer

    @property
    def url(self) -> str:
        return self.server.base_url

    def reset(self) -> None:
        """Take away all but the people; the server's own way makes every table anew, which takes ten times as long."""
        self._app.state.fault_store.clear()
        with self._app.state.session_factory() as session:
            for table in reversed(Base.metadata.sorted_tables):
                if table.name not in _KEPT:
                    session.execute(table.delete())
            for one in session.query(Account):
                one.username, one.indexable = one.display_name.lower(), False
            session.commit()

    def write(self, who: str, words: str, **told: object) -> str:
        """Publish a post; its id."""
        return str(self._call("POST", "/api/v1/statuses", who, {"status": words, **told})["id"])

    def edit(self, who: str, native_id: str, words: str) -> None:
        self._call("PUT", f"/api/v1/statuses/{native_id}", who, {"status": words})

    def delete(self, who: str, native_id: str) -> None:
        self._call("DELETE", f"/api/v1/statuses/{native_id}", who)

    def do(self, who: str, act: str, native_id: str) -> None:
        """Favourite, boost or answer with a heart: an act on somebody's post."""
        self._call("POST", f"/api/v1/statuses/{native_id}/{act}", who)

    def agree_to_be_found(self, who: str) -> None:
        """This person lets strangers search for what she writes."""
        self._change(who, {"indexable": True})

    def see(self, who: str, native_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self._call("GET", f"/api/v1/statuses/{native_id}", who)
        return found

    def below(self, who: str, native_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._call("GET", f"/api/v1/statuses/{native_id}/context", who)["descendants"]
        return found

    def forget_name(self, who: str) -> None:
        """From now on the posts of this person cannot be read: their author has no name."""
        self._change(who, {"username": ""})

    def fail(self, effect: Mapping[str, object] | None, count: int | None = None, **match: object) -> None:
        """From now on this happens to requests; None: all is well again."""
        self._app.state.fault_store.clear()
        if effect is not None:
            self._app.state.fault_store.add({"match": match, "effect": effect, "count": count})

    def listeners(self) -> set[object]:
        """The streams that are open."""
        return set(self._app.state.event_bus._subscribers)

    def _change(self, who: str, values: dict[str, object]) -> None:
        with self._app.state.session_factory() as session:
            session.query(Account).filter(Account.username == who).update(values)
            session.commit()

    @property
    def _app(self) -> Any:
        return self.server._server.config.app

    def _call(self, method: str, path: str, who: str = "", told: object = None) -> Any:
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKENS.get(who, '')}"}
        try:
            connection.request(method, path, None if told is None else json.dumps(told), headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        assert answer.status < 300, (method, path, answer.status, body[:300])
        return json.loads(body) if body else None


@cache
def mock() -> Mock:
    """The one server of this run; it has started in a thread of its own."""
    accounts = [SeedAccount(username=name, display_name=name.title(), access_token=TOKENS[name]) for name in PEOPLE]
    config = MastodonMockConfig(
        database=DatabaseConfig(path=":memory:"),
        seed=SeedConfig(accounts=accounts),
        streaming=StreamingConfig(heartbeat_seconds=0.2),
    )
    for name in ("uvicorn.error", "asyncio"):
        logging.getLogger(name).setLevel(logging.ERROR)
    server = MockServer(config=config).start()
    atexit.register(server.stop)
    return Mock(server)
