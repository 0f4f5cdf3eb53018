"""Who is looking at the page: signed session cookies, the token that every act must carry, one-time sign-in links.

Nothing is stored on the server but what is used up: links that signed somebody in, and sessions that were ended. A
session is (member, nonce, expiry) and an HMAC over it; its act token is an HMAC over the same nonce, so that a tab
opened as Ana cannot act after the browser became Bo.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from storage.errors import ConfigError, NotAllowed

SESSION_LIFE = timedelta(days=30)
LINK_LIFE = timedelta(minutes=15)
FORM_LIFE = timedelta(hours=24)
_LONGEST_TOKEN = 1_000  # characters


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. `token` must come with every act."""

    member: str
    nonce: str
    token: str

    def is_its_token(self, token: str) -> bool:
        return hmac.compare_digest(self.token.encode(), token.encode(errors="replace"))


def sign_in_link(secret: str, member: str, now: datetime) -> str:
    """The path of a one-time link that signs `member` in within 15 minutes. Raises ConfigError without a secret."""
    if not secret:
        raise ConfigError("EARSHOT_WEB_SECRET is empty.", "Run `earshot init`, or set it to 32 random characters.")
    return "/sign-in?t=" + _seal(secret, "link", [member, _until(now + LINK_LIFE), secrets.token_urlsafe(12)])


class Sessions:
    """Makes and checks sessions, sign-in links and form tokens. An empty `secret` lasts until the process ends.

    What is used up is known here at once; `unkept` is what of it must still be stored, to be known after a restart.
    """

    def __init__(self, secret: str, now: Callable[[], datetime]) -> None:
        self._secret = secret or secrets.token_hex(32)
        self._now = now
        self._spent: dict[str, datetime] = {}  # nonces of used links and ended sessions; when they expire anyway
        self._unkept: dict[str, datetime] = {}

    def start(self, member: str) -> tuple[str, Session]:
        """A new session: the cookie's value and what it means."""
        nonce = secrets.token_urlsafe(12)
        cookie = _seal(self._secret, "session", [member, _until(self._now() + SESSION_LIFE), nonce])
        return cookie, self._session(member, nonce)

    def read(self, cookie: str) -> Session | None:
        """The session of a cookie, or None if it is not ours or has expired."""
        content = self._open("session", cookie)
        return self._session(content[0], content[1]) if content and content[1] not in self._spent else None

    def end(self, cookie: str) -> None:
        """The session of a cookie is over, also for whoever copied the cookie. Nothing happens if it is not ours."""
        content = self._open("session", cookie)
        if content is not None:
            self._spend(content[1], SESSION_LIFE)

    def unkept(self) -> Mapping[str, datetime]:
        """What was used up and is not stored yet; from now on it counts as stored."""
        unkept, self._unkept = self._unkept, {}
        return unkept

    def go_by(self, spent: Mapping[str, datetime], *, are_kept: bool = True) -> None:
        """These are used up too; unless `are_kept`, they have still to be stored."""
        self._spent |= spent
        if not are_kept:
            self._unkept |= spent

    def link_member(self, token: str) -> str:
        """Whom a sign-in link is for, without using it up. Raises NotAllowed when it is no good any more."""
        content = self._open("link", token)
        if content is None or content[1] in self._spent:
            raise NotAllowed("This sign-in link was used already or is too old.", "Ask for a new one.")
        return content[0]

    def use_link(self, token: str) -> str:
        """Whom the link signs in; it works once. Raises NotAllowed."""
        member = self.link_member(token)
        content = self._open("link", token)
        if content is not None:
            self._spend(content[1], LINK_LIFE)
        return member

    def _spend(self, nonce: str, life: timedelta) -> None:
        now = self._now()
        self._spent = {one: until for one, until in self._spent.items() if until > now}
        self._spent[nonce] = self._unkept[nonce] = now + life

    def form_token(self, source: str) -> str:
        """What a feedback form carries, so that only a page of ours can send it."""
        return _seal(self._secret, "form", [source, _until(self._now() + FORM_LIFE), secrets.token_urlsafe(12)])

    def is_form_token(self, source: str, token: str) -> bool:
        content = self._open("form", token)
        return content is not None and content[0] == source

    def _session(self, member: str, nonce: str) -> Session:
        return Session(member, nonce, _sign(self._secret, "act", nonce))

    def _open(self, purpose: str, token: str) -> tuple[str, str] | None:
        content = _unseal(self._secret, purpose, token)
        if content is None or content[1] <= self._now().timestamp():
            return None
        return content[0], content[2]


def _until(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp())


def _seal(secret: str, purpose: str, content: list[str | int]) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
    return f"{payload}.{_sign(secret, purpose, payload)}"


def _unseal(secret: str, purpose: str, token: str) -> tuple[str, int, str] | None:
    """What was sealed, or None if a single character was changed."""
    payload, _, signature = token[:_LONGEST_TOKEN].partition(".")
    if not hmac.compare_digest(_sign(secret, purpose, payload).encode(), signature.encode(errors="replace")):
        return None
    try:
        name, until, nonce = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (binascii.Error, ValueError):
        return None
    return name, until, nonce


def _sign(secret: str, purpose: str, text: str) -> str:
    # The purpose is part of the key: a token made for one use is worthless for another.
    key = hmac.digest(secret.encode(), purpose.encode(), hashlib.sha256)
    return hmac.new(key, text.encode(errors="replace"), hashlib.sha256).hexdigest()
