"""One account on one Mastodon server: how it is asked, what its refusals mean, how much may be asked of it."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from pydantic import TypeAdapter

from bot.fetch import LONGEST_WAIT, Answer, Tools, retry_after
from bot.sources.fieldmap import read_count, read_date, storable
from bot.sources.mastodon.items import id_of, loaded
from handlers.ports import BadSource, RateLimited, SignInFailed

USUAL_LIMIT = 500  # characters of a post
_RESERVE = 10  # requests of a window that are left to others who use the same account
_WINDOW = timedelta(minutes=5)
_REFUSALS = frozenset({401, 403, 429})
_NOT_THERE = frozenset({404, 405, 410})
_PREVIOUS = re.compile(r'<([^<>]{1,2000})>\s*;\s*rel="?prev"?')
_ID = re.compile(r"[\w.~-]{1,100}")


@dataclass(frozen=True)
class Me:
    """The account that the token belongs to. `of` tells another token or server apart."""

    of: str
    id: str
    name: str  # without its server
    account: str  # @name@server
    limit: int = USUAL_LIMIT
    streaming: str = ""  # where the streams are, if the server names a place
    server: str = ""
    moved_at: datetime | None = None  # since when it is this server, if it was another before


_ME = TypeAdapter(Me)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer that was read. `newest` is the bookmark after its newest item, if the server gives one; `error` is what
    it says of a refusal, "" when that is no word of a Mastodon server."""

    status: int
    value: Any
    newest: str = ""
    error: str = ""


class MastodonServer:
    """Asks a server with a token. What it learns of the account is kept for the next start."""

    def __init__(
        self, name: str, server: str, token: str, token_env: str, account: str, tools: Tools, *, allow_private: bool
    ) -> None:
        self.url = server.rstrip("/")
        self.host = urlsplit(self.url).hostname or self.url
        self.allow_private = allow_private
        self._name = name
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._token_env = token_env
        self._account = account
        self._tools = tools
        self._of = sha256(f"{self.url} {token}".encode()).hexdigest()[:16]
        self._rests_until: datetime | None = None
        self.known = self._remembered()

    async def get(self, path: str, asked: Sequence[tuple[str, str]] = (), take: Collection[int] = ()) -> Said:
        """What the server says at a path. Statuses in `take` are answers too, with None as what was said.

        Raises a SourceError; RateLimited also before the last requests of a window are spent.
        """
        if self._rests_until is not None and self._tools.now() < self._rests_until:
            raise self._enough(self._rests_until)
        answer = await self._tools.fetch.get(
            f"{self.url}{path}?{urlencode(asked)}" if asked else f"{self.url}{path}",
            headers=self._headers,
            allow_private=self.allow_private,
            take={*_REFUSALS, *take},
        )
        if answer.status in take and not 200 <= answer.status < 300:
            return Said(answer.status, None, error=error_of(answer))
        try:
            self._refuse(answer)
        except RateLimited as error:
            self._rests_until = error.until  # all native queries share it
            raise
        self._count(answer)
        return Said(answer.status, self._read(answer), _newest(answer))

    async def get_list(self, path: str, asked: Sequence[tuple[str, str]] = (), take: Collection[int] = ()) -> Said:
        """The same where a list must come; None as the value only of a status in `take`."""
        said = await self.get(path, asked, take)
        if not isinstance(said.value, list) and said.status not in take:
            raise self.nonsense()
        return said

    async def post(self, path: str, told: object, key: str, take: Collection[int]) -> Answer:
        """Send once. Raises what `Fetch.post` raises, and SignInFailed and RateLimited."""
        answer = await self._tools.fetch.post(
            f"{self.url}{path}",
            json=told,
            headers={**self._headers, "Idempotency-Key": key},
            allow_private=self.allow_private,
            take={*_REFUSALS, *take},
        )
        self._refuse(answer)
        return answer

    async def me(self, *, afresh: bool = False) -> Me:
        """The account behind the token; asked once, and whenever it is wanted `afresh`."""
        if self.known is None or afresh:
            self.known = await self._learn()
        if self._account and self._account.lower() not in (self.known.account.lower(), f"@{self.known.name}".lower()):
            raise SignInFailed(
                f"The token in {self._token_env} is of {self.known.account}, not of {self._account}.",
                f"Put the token of {self._account} there, or correct account.",
            )
        return self.known

    def stream_headers(self) -> dict[str, str]:
        return {**self._headers, "Accept": "text/event-stream"}

    async def _learn(self) -> Me:
        said = await self.get("/api/v1/accounts/verify_credentials", take={422})
        if said.status == 422:  # the token of an app without a person
            raise self._refused_token()
        own_id, name = id_of(said.value), said.value.get("username") if isinstance(said.value, dict) else None
        if not own_id or not isinstance(name, str):
            raise self.nonsense()
        name = storable(name)
        instance = (await self.get("/api/v2/instance", take=_NOT_THERE)).value
        if not isinstance(instance, dict):
            instance = (await self.get("/api/v1/instance", take=_NOT_THERE)).value
        before = self.known or self._kept()
        moved_at = before.moved_at if before else None
        if before and before.server not in ("", self.url):
            moved_at = self._tools.now()
        account = f"@{name}@{_domain(instance) or self.host}"
        me = Me(self._of, own_id, name, account, *_offers(instance), server=self.url, moved_at=moved_at)
        try:
            self._tools.sessions.put(self._name, _ME.dump_json(me).decode())
        except OSError:
            return me  # it is asked again at the next start
        return me

    def _remembered(self) -> Me | None:
        me = self._kept()
        return me if me and me.of == self._of else None

    def _kept(self) -> Me | None:
        """What was learned last, maybe of another account or server."""
        try:
            return _ME.validate_json(self._tools.sessions.get(self._name))
        except ValueError:
            return None

    def _read(self, answer: Answer) -> Any:
        try:
            return loaded(answer.body)
        except ValueError:
            raise self.nonsense() from None

    def _refuse(self, answer: Answer) -> None:
        if answer.status == 401:
            raise self._refused_token()
        if answer.status == 403:
            raise SignInFailed(
                f"{self.host} does not allow this with the token in {self._token_env} (HTTP 403).",
                "It needs the scopes read and write:statuses, and an account that is not suspended.",
            )
        if answer.status == 429:
            raise self._enough(_reset(answer, self._tools.now()))

    def _count(self, answer: Answer) -> None:
        """Stop before the last requests are spent, so that a person who uses the account is not locked out."""
        left, limit = (read_count(answer.headers.get(f"X-RateLimit-{name}", "")) for name in ("Remaining", "Limit"))
        is_low = left is not None and left <= min(_RESERVE, (limit or 300) // 10)
        self._rests_until = _reset(answer, self._tools.now()) if is_low else None

    def _enough(self, until: datetime) -> RateLimited:
        return RateLimited(f"{self.host} takes no more requests until {until:%H:%M:%S} UTC.", until)

    def _refused_token(self) -> SignInFailed:
        return SignInFailed(
            f"{self.host} does not accept the token in {self._token_env}.",
            "Make one on the server under Preferences, Development, and put it into .env.",
        )

    def nonsense(self) -> BadSource:
        return BadSource(f"{self.host} does not answer as a Mastodon server does.", "Correct server.")


def error_of(answer: Answer) -> str:
    """What a server says about its refusal, for a person; "" when it says nothing."""
    try:
        told = loaded(answer.body)
    except ValueError:
        return ""
    said = told.get("error") if isinstance(told, dict) else None
    return " ".join(said.split())[:200] if isinstance(said, str) and said.isprintable() else ""


def _newest(answer: Answer) -> str:
    """The bookmark in the Link header. Its address is not followed, so it may be any."""
    found = _PREVIOUS.search(answer.headers.get("Link", ""))
    try:
        asked = parse_qs(urlsplit(found[1]).query) if found else {}
    except ValueError:
        return ""
    told = (asked.get("min_id") or asked.get("since_id") or [""])[0]
    return told if _ID.fullmatch(told) else ""


def _reset(answer: Answer, now: datetime) -> datetime:
    """When more may be asked. The server tells it by its own clock, so what counts is the time from its own now."""
    theirs = read_date(answer.headers.get("Date", "")) or now
    reset = read_date(answer.headers.get("X-RateLimit-Reset", ""))
    if reset is None:
        return retry_after(answer.headers.get("Retry-After", ""), now) or now + _WINDOW
    return now + min(max(reset - theirs, timedelta(seconds=1)), LONGEST_WAIT)


def _domain(instance: object) -> str:
    """The name by which others know the server; its address may be another."""
    told = (instance.get("domain") or instance.get("uri")) if isinstance(instance, dict) else ""
    name = told.removeprefix("https://").strip("/") if isinstance(told, str) else ""
    return name if re.fullmatch(r"[\w.-]{1,100}(:\d{1,5})?", name) else ""


def _offers(instance: object) -> tuple[int, str]:
    """How long a post may be, and where the streams are."""
    told = instance if isinstance(instance, dict) else {}
    set_up = told.get("configuration")
    set_up = set_up if isinstance(set_up, dict) else {}
    posts, newer, older = set_up.get("statuses"), set_up.get("urls"), told.get("urls")
    limit = read_count(posts.get("max_characters")) if isinstance(posts, dict) else None
    limit = limit or read_count(told.get("max_toot_chars")) or USUAL_LIMIT
    where = newer.get("streaming") if isinstance(newer, dict) else None
    where = where or (older.get("streaming_api") if isinstance(older, dict) else None)
    return limit, storable(where) if isinstance(where, str) else ""
