"""X's calls, by tweepy's names, over our own connection and with our own errors.

tweepy writes its host into every call, and signs it: an address that is changed after it was signed is refused. So its
one way out, `request`, is replaced whole; what stays is which parameters a call takes and where they go.
"""

import math
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from oauthlib.oauth1 import Client as Signer
from tweepy import StreamRule
from tweepy.asynchronous import AsyncClient, AsyncStreamingClient

from bot.sources.x.wire import LostAnswer, Told, Wire, read_object
from handlers.ports import BadQuery, BadSource, RateLimited, SignInFailed, SourceError, Transient

TWEET_FIELDS = [
    "author_id",
    "created_at",
    "edit_history_tweet_ids",
    "entities",
    "lang",
    "note_tweet",
    "public_metrics",
    "referenced_tweets",
    "withheld",
]
USER_FIELDS = ["name", "username", "public_metrics", "protected"]
_USUAL_WAIT = timedelta(minutes=15)  # X's own window
_LONGEST_WAIT = timedelta(hours=24)
_UNPAID_WAIT = timedelta(hours=2)  # until somebody has bought credits, perhaps
_SHOWN = 200  # characters of X's own words


class Refused(BadSource):
    """X understood and said no (400, 403, 404). `words` are its own, in lower case."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"X refused it (HTTP {status}): {words[:_SHOWN] or 'it does not say why'}.")
        self.status = status
        self.words = words.lower()


class Trouble(Transient):
    """X failed (5xx): it has billed nothing that was to be read; whether it has posted something, nobody knows."""


class TooManyConnections(RateLimited):
    """Another connection to the stream is open, or X still believes so."""


@dataclass(frozen=True)
class Keys:
    """What a post is signed with: the app's key and the account's."""

    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    access_token: str = field(repr=False)
    access_secret: str = field(repr=False)


class _OverOurWire:
    """tweepy's `request`, replaced."""

    wire: Wire
    bearer_token: str
    keys: Keys | None
    now: Callable[[], datetime]

    async def request(
        self, method: str, route: str, params: Any = None, json: Any = None, user_auth: bool = False
    ) -> Told:
        headers = self._signed(method, route) if user_auth else {"Authorization": f"Bearer {self.bearer_token}"}
        told = await self.wire.ask(method, route, headers, params, json)
        if not 200 <= told.status < 300:
            raise refusal(told, self.now())
        return told

    def _signed(self, method: str, route: str) -> dict[str, str]:
        if self.keys is None:
            raise SignInFailed("There are no keys to post with.", "docs/sources.md says how to get them.")
        keys = self.keys
        signer = Signer(keys.consumer_key, keys.consumer_secret, keys.access_token, keys.access_secret)
        _, headers, _ = signer.sign(self.wire.url(route), method, headers={})
        return {name: str(value) for name, value in headers.items()}


class _Calls(_OverOurWire, AsyncClient):  # type: ignore[misc]  # tweepy is not typed
    pass


class _Rules(_OverOurWire, AsyncStreamingClient):  # type: ignore[misc]
    pass


class XClient:
    """The calls that we make. Each raises the errors of a source; none is repeated."""

    def __init__(self, wire: Wire, bearer: str, keys: Keys | None, now: Callable[[], datetime]) -> None:
        self._wire = wire
        self._calls = _Calls(bearer, return_type=dict)
        self._rules = _Rules(bearer, return_type=dict)
        for client in (self._calls, self._rules):
            client.wire, client.keys, client.now = wire, keys, now
        self._now = now
        self._keys = keys

    def refuse_strangers_keys(self, own_id: str) -> None:
        """An access token begins with its account's id. Raises SignInFailed when that is not the one with `own_id`."""
        if self._keys is None:
            return
        theirs = self._keys.access_token.partition("-")[0]
        if theirs == own_id:
            return
        whose = f"belong to the account {theirs}" if theirs.isdigit() else "name no account"
        raise SignInFailed(
            f"The keys to post with {whose} on X, and the source's `account` is {own_id}.",
            "Make an access token signed in as the source's account, and put it into .env.",
        )

    async def mentions(self, user_id: str, page: dict[str, Any], token: str | None) -> dict[str, Any]:
        if token:
            page = {**page, "pagination_token": token}
        return _object(await self._calls.get_users_mentions(user_id, tweet_fields=TWEET_FIELDS, **page))

    async def search(self, query: str, page: dict[str, Any], token: str | None) -> dict[str, Any]:
        if token:
            page = {**page, "next_token": token}
        return _object(
            await self._calls.search_recent_tweets(query, sort_order="recency", tweet_fields=TWEET_FIELDS, **page)
        )

    async def posts(self, ids: Sequence[str]) -> dict[str, Any]:
        """At most 100."""
        return _object(await self._calls.get_tweets(list(ids), tweet_fields=TWEET_FIELDS))

    async def users(self, ids: Sequence[str]) -> dict[str, Any]:
        """At most 100."""
        return _object(await self._calls.get_users(ids=list(ids), user_fields=USER_FIELDS))

    async def user_called(self, handle: str) -> dict[str, Any]:
        return _object(await self._calls.get_user(username=handle, user_fields=USER_FIELDS))

    async def own_posts(self, user_id: str, since: datetime, most: int, token: str | None) -> dict[str, Any]:
        page: dict[str, Any] = {"pagination_token": token} if token else {}
        return _object(
            await self._calls.get_users_tweets(
                user_id, start_time=since, max_results=most, tweet_fields=TWEET_FIELDS, **page
            )
        )

    async def post(self, text: str, in_reply_to: str) -> dict[str, Any]:
        return _object(await self._calls.create_tweet(text=text, in_reply_to_tweet_id=in_reply_to, user_auth=True))

    async def rules(self) -> dict[str, Any]:
        return _object(await self._rules.get_rules())

    async def add_rules(self, rules: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """Each a value and a tag."""
        return _object(await self._rules.add_rules([StreamRule(value=value, tag=tag) for value, tag in rules]))

    async def delete_rules(self, ids: Sequence[str]) -> dict[str, Any]:
        return _object(await self._rules.delete_rules(list(ids)))

    async def end_connections(self) -> None:
        """Of the whole app: what a program that died has left open."""
        await self._calls.request("DELETE", "/2/connections/all")

    @asynccontextmanager
    async def streaming(self, quiet_for: float) -> AsyncGenerator[AsyncGenerator[bytes, None], None]:
        """The lines of the filtered stream; an empty one says that it is alive."""
        params = {"tweet.fields": ",".join(TWEET_FIELDS)}
        headers = {"Authorization": f"Bearer {self._calls.bearer_token}"}
        async with self._wire.streaming("/2/tweets/search/stream", headers, params, quiet_for) as (told, lines):
            if told is not None:
                raise refusal(told, self._now())
            yield lines

    async def close(self) -> None:
        await self._wire.close()


def _object(answer: object) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise LostAnswer("X answered something that cannot be read; it will be tried again.")
    return answer


def refusal(told: Told, now: datetime) -> SourceError:
    """What an answer that is no success means."""
    words = _words(read_object(told.body) or {})
    if told.status == 401:
        return SignInFailed("X does not accept the key any more (HTTP 401).", "Make a new one and put it into .env.")
    if told.status == 402 or "creditsdepleted" in words.replace(" ", "").lower():
        return RateLimited("X says the credits are used up (HTTP 402); buy some in its console.", now + _UNPAID_WAIT)
    if told.status == 429 and "toomanyconnections" in words.replace(" ", "").lower():
        return TooManyConnections("X says that another stream is open (HTTP 429).", _until(told, now))
    if told.status == 429:
        return RateLimited("X asks to be left alone for a while (HTTP 429).", _until(told, now))
    if told.status >= 500 or told.status == 408:
        return Trouble(f"X has trouble of its own (HTTP {told.status}); it will be tried again.")
    if told.status in (400, 403, 404):
        return Refused(told.status, words)
    return BadSource(f"X answers HTTP {told.status}.", "Look at the source's `server`.")


def for_reading(error: Refused, query: str = "") -> SourceError:
    """What a refusal means when something was to be read."""
    if error.status == 403:
        return SignInFailed(f"X does not let this app read that: {error.words[:_SHOWN]}.", "Look at its console.")
    if error.status == 400 and query:
        return BadQuery(f"X does not take this query: {error.words[:_SHOWN]}.", "Write the brand's query plainer.")
    return error


def _words(problem: dict[str, Any]) -> str:
    """Everything that X says of a problem, in one line."""
    told = [problem.get(name) for name in ("title", "detail", "reason", "connection_issue")]
    errors = problem.get("errors")
    for one in errors if isinstance(errors, list) else []:
        told += [one.get(name) for name in ("title", "message", "detail")] if isinstance(one, dict) else [one]
    return " ".join(" ".join(dict.fromkeys(one for one in told if isinstance(one, str))).split()).rstrip(".")


def _until(told: Told, now: datetime) -> datetime:
    try:
        seconds = float(told.headers.get("x-rate-limit-reset", ""))
        moment = datetime.fromtimestamp(seconds, UTC) if math.isfinite(seconds) else now + _USUAL_WAIT
    except (ValueError, OverflowError, OSError):
        moment = now + _USUAL_WAIT
    return min(max(moment + timedelta(seconds=1), now + timedelta(seconds=1)), now + _LONGEST_WAIT)
