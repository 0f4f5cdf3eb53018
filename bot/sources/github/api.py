"""How GitHub is asked: the token, its limits, and what its refusals mean."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from bot.fetch import Answer, Lost, Tools, retry_after
from bot.sources.fieldmap import read_count, read_date, read_json
from bot.sources.partial import read_what_can_be
from bot.sources.searching import answered, line, listed
from handlers.ports import BadQuery, BadSource, RateLimited, ReplyDoubtful, ReplyRefused, SignInFailed, Transient

GONE = (404, 410, 451)
SHUT = (403, *GONE)  # of one place among many: the token is good, and not for this

_READ = (401, 403, 404, 410, 422, 429, 451)
_MOVED = (301, 302, 307, 308)
_A_MINUTE = timedelta(minutes=1)  # what GitHub asks for when it does not say how long
_KINDS = ("search", "core", "graphql")  # of requests: each has a limit of its own
_KEPT = timedelta(days=1)  # how long what is known of a repository counts
_MOST_KEPT = 5_000


class Api:
    """`server` is the REST address; `token` may be empty. `token_name` is how errors call it."""

    def __init__(self, tools: Tools, server: str, token: str, token_name: str, *, allow_private: bool) -> None:
        self.has_token = bool(token)
        self._tools = tools
        self._server = server.rstrip("/")
        self._token = token
        self._token_name = token_name
        self._allow_private = allow_private
        self._kept_as = f"github {sha256(f'{self._server} {token}'.encode()).hexdigest()[:16]}"
        self._login: str | None = (token and tools.sessions.get(self._kept_as)) or None
        self._rest: dict[str, datetime] = {}  # until when each kind of request has to wait
        self._private: dict[str, tuple[bool, datetime]] = {}  # whether a repository is, and until when that counts

    def rests_until(self, kind: str) -> datetime | None:
        """When its limit allows another request of that kind (search, core, graphql); None: now."""
        until = self._rest.get(kind)
        return until if until is not None and until > self._tools.now() else None

    async def login(self) -> str:
        """Whose token it is; "" when there is none or it belongs to no person."""
        if self._login is None and self.has_token:
            answer = await self.get("/user", take=(403, 404))
            self._login = line(answered(answer).get("login")) if answer.status == 200 else ""
            with suppress(OSError):  # then it is asked again at the next start
                self._tools.sessions.put(self._kept_as, self._login)
        return self._login or ""

    @property
    def known_login(self) -> str:
        """The same, if it was asked for before."""
        return self._login or ""

    def knows(self, repo: str) -> bool:
        """False when `is_private` has to ask."""
        return not self.has_token or (repo in self._private and self._private[repo][1] > self._tools.now())

    async def is_private(self, repo: str) -> bool:
        """True too when GitHub does not say. Without a token there is nothing private to see."""
        if not self.knows(repo):
            answer = await self.get(f"/repos/{repo}", take=SHUT)
            is_public = answer.status == 200 and answered(answer).get("private") is False
            self._private.pop(repo, None)
            self._private[repo] = (not is_public, self._tools.now() + _KEPT)
            while len(self._private) > _MOST_KEPT:
                del self._private[next(iter(self._private))]
        return self.has_token and self._private[repo][0]

    async def get(self, path: str, parameters: Mapping[str, str] | None = None, take: tuple[int, ...] = ()) -> Answer:
        """An answer of status 200, or one of `take`. Raises a SourceError for any other."""
        url = f"{self._server}{path}" + (f"?{urlencode(parameters)}" if parameters else "")
        answer = await self._tools.fetch.get(
            url, headers=self._headers(), allow_private=self._allow_private, take=_READ
        )
        self._note(answer)
        if answer.status == 200 or (answer.status in take and not self._is_limit(answer)):
            return answer
        raise self._refusal(answer)

    async def ask(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """What the GraphQL address answers: `data` and perhaps `errors`."""
        answer = await self._post(self._graphql(), {"query": query, "variables": variables})
        self._note(answer)
        if answer.status != 200:
            raise self._refusal(answer)
        told = answered(answer)
        kinds = {line(error.get("type")) for error in listed(told, "errors") if isinstance(error, dict)}
        if "RATE_LIMITED" in kinds:
            raise self._limited(answer, ("graphql",))
        if not isinstance(told.get("data"), dict):
            raise Transient("GitHub did not answer the question about discussions; it will be asked again.")
        return told

    async def say(self, path: str, text: str) -> dict[str, Any]:
        """Post a comment, once. Raises ReplyRefused or ReplyDoubtful, or what `get` raises."""
        try:
            answer = await self._post(f"{self._server}{path}", {"body": text})
        except Lost as error:
            raise ReplyDoubtful(str(error)) from None
        if answer.status in (200, 201):
            return answered(answer)
        refusal = self._refusal(answer)
        if isinstance(refusal, SignInFailed) and answer.status == 401:
            raise refusal
        if isinstance(refusal, RateLimited):
            raise refusal
        why = f"GitHub does not take the comment (HTTP {answer.status}): it is locked, gone or not open to this token."
        raise ReplyRefused(why, "Open the link and answer there.")

    async def _post(self, url: str, body: Any) -> Answer:
        take = (*_READ, *_MOVED)
        return await self._tools.fetch.post(
            url, json=body, headers=self._headers(), allow_private=self._allow_private, take=take
        )

    def _graphql(self) -> str:
        """A server of one's own has it beside the REST address, not below."""
        return f"{self._server.removesuffix('/v3')}/graphql"

    def _headers(self) -> dict[str, str]:
        told = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        return {**told, "Authorization": f"Bearer {self._token}"} if self._token else told

    def _note(self, answer: Answer) -> None:
        if answer.headers.get("X-RateLimit-Remaining") == "0":
            self._rest[answer.headers.get("X-RateLimit-Resource", "core")] = self._until(answer)

    def _until(self, answer: Answer) -> datetime:
        now = self._tools.now()
        asked = retry_after(answer.headers.get("Retry-After", ""), now)
        reset = read_date(answer.headers.get("X-RateLimit-Reset", ""))
        return max(asked or reset or now + _A_MINUTE, now + timedelta(seconds=1))

    def _is_limit(self, answer: Answer) -> bool:
        headers = answer.headers
        if answer.status not in (403, 429):
            return False
        if answer.status == 429 or "Retry-After" in headers or headers.get("X-RateLimit-Remaining") == "0":
            return True
        return "rate limit" in message_of(answer).lower()

    def _limited(self, answer: Answer, kinds: Iterable[str]) -> RateLimited:
        """The refusal, which is remembered so that nothing else asks meanwhile."""
        until = self._until(answer)
        self._rest |= {kind: max(until, self._rest.get(kind, until)) for kind in kinds}
        return RateLimited(f"GitHub asks to be left alone for a while (HTTP {answer.status}).", until)

    def _refusal(self, answer: Answer) -> Exception:
        status = answer.status
        if self._is_limit(answer):
            is_used_up = answer.headers.get("X-RateLimit-Remaining") == "0"
            return self._limited(answer, () if is_used_up else _KINDS)  # noted above, or a limit over all kinds
        if status == 401:
            why = f"GitHub does not accept the token in {self._token_name} (HTTP 401)."
            return SignInFailed(why, "Make a new one and put it into .env.")
        if status == 403:
            why = f"GitHub does not let the token in {self._token_name} do this (HTTP 403)."
            return SignInFailed(why, "Give it the permission to read issues and discussions.")
        if status == 422:
            return BadQuery("GitHub does not take this search (HTTP 422).", _UNPROCESSED)
        return BadSource(f"GitHub does not show this (HTTP {status}).", "Correct `repos`, or let the token read it.")


_UNPROCESSED = "Look for the name of a person who is not there (from:), or for a phrase that is too long."


def message_of(answer: Answer) -> str:
    """What GitHub says of a refusal; "" when the answer is none of its own but of something in between."""
    try:
        told = read_json(answer.body)
    except ValueError:
        return ""
    return line(told.get("message")) if isinstance(told, dict) else ""


def listed_in(answer: Answer) -> list[Any]:
    """The list that an answer is. Raises Transient when it is none."""
    try:
        told = read_what_can_be(answer.body)
    except ValueError:
        told = None
    if not isinstance(told, list):
        raise Transient("GitHub gives an answer that is none of its own; it will be asked again.")
    return told


def count_of(told: object, key: str) -> int | None:
    """A count inside an object, None if there is none."""
    return read_count(told.get(key)) if isinstance(told, dict) else None
