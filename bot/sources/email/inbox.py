"""Reads a folder of a mail server without leaving a trace: nothing is marked as read, nothing is moved.

How far it was read is a number that only counts for one life of the folder (its UIDVALIDITY). When the folder begins
another life, the last days are read again; mails are known by their Message-ID, author and date, so that nothing comes
twice.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from imapclient.exceptions import IMAPClientAbortError, IMAPClientError
from imapclient.imapclient import SENT

from bot.sources.email.body import Arrived, fetched
from bot.sources.email.door import Client, Door, in_words
from bot.sources.email.place import Place
from handlers.ports import BadSource

RESCAN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Found:
    """The next mails, oldest first, between the place before them and `up_to`, in the folder's life as it is now."""

    mails: tuple[Arrived, ...]
    place: Place
    up_to: int
    has_more: bool


@dataclass(frozen=True, slots=True)
class Account:
    """Whose mail it is. `secret` is a password, or a token for XOAUTH2."""

    door: Door
    user: str
    secret: str
    is_token: bool
    folder: str

    @property
    def of(self) -> str:
        return f"{self.user}@{self.door.host}:{self.door.port}/{self.folder}"


class Inbox:
    """One connection, made when it is needed and kept. Every call blocks: for a thread of its own."""

    def __init__(self, account: Account, now: Callable[[], datetime]) -> None:
        self._account = account
        self._now = now
        self._client: Client | None = None
        self._exists = 0  # mails in the folder when it was selected

    def find(self, place: Place | None, most: int, backlog: timedelta) -> Found:
        """The next mails after a place; without one those of the last days.

        Raises SignInFailed, RateLimited, Transient or BadSource.
        """
        with self._speaking("reading"):
            life = self._selected()
            validity, last = int(life.get(b"UIDVALIDITY", 0)), self._last(life)
            if place is None:
                place = Place(self._account.of, validity, self._before(backlog, last), old=last)
            elif place.validity != validity:
                place = Place(self._account.of, validity, self._before(RESCAN, last))
            # "9:*" names the newest mail even when its number is lower.
            uids = sorted(uid for uid in self._client_now.search(["UID", f"{place.uid + 1}:*"]) if uid > place.uid)
            chosen = uids[: max(1, most)]
            if chosen and chosen[0] <= place.old:
                chosen = [uid for uid in chosen if uid <= place.old]  # what is backlog and what is not share no page
            mails = tuple(fetched(self._client_now, chosen))
            return Found(mails, place, chosen[-1] if chosen else place.uid, has_more=len(uids) > len(chosen))

    def count(self) -> int:
        """How many mails the folder holds."""
        with self._speaking("looking"):
            return int(self._selected().get(b"EXISTS", 0))

    def can_wait(self) -> bool:
        """Whether the server tells of new mail by itself."""
        with self._speaking("looking"):
            return bool(self._client_now.has_capability("IDLE"))

    def wait(self, seconds: float) -> None:
        """After `find`: until the server tells of something, at most so long. It is to be looked for in any case."""
        with self._speaking("waiting for new mail"):
            client = self._client_now
            if client.told_exists() != self._exists:
                return  # a mail came while the last ones were fetched; of that it will not tell again
            client.idle()
            client.idle_check(seconds)
            client.idle_done()

    def find_sent(self, message_id: str, folder: str, since: datetime) -> bool | None:
        """Whether a mail of ours lies in the folder of sent mail; None when there is no such folder."""
        with self._speaking("looking for a sent mail"):
            self._selected()
            client, named = self._client_now, self._sent_folder(folder)
            if not named:
                return None
            client.select_folder(named, readonly=True)
            day = (since - timedelta(days=1)).astimezone(UTC).date()
            return bool(client.search(["SINCE", day, "HEADER", "Message-ID", message_id]))

    def keep_sent(self, raw: bytes, folder: str) -> None:
        """Put a copy into the folder of sent mail, if there is one."""
        with self._speaking("keeping a copy"):
            self._selected()
            if named := self._sent_folder(folder):
                self._client_now.append(named, raw, flags=(rb"\Seen",))

    def mark_answered(self, message_id: str) -> None:
        with self._speaking("marking a mail as answered"):
            self._selected()
            client = self._client_now
            client.select_folder(self._account.folder)
            if found := client.search(["HEADER", "Message-ID", message_id]):
                client.add_flags(found, rb"\Answered", silent=True)

    def hang_up(self) -> None:
        """Break off, from any thread."""
        if client := self._client:
            client.hang_up()

    def leave(self) -> None:
        """Give back the connection."""
        if client := self._client:
            with suppress(IMAPClientError, OSError):
                client.logout()
        self._drop()

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(IMAPClientError, OSError):
                client.shutdown()

    @contextmanager
    def _speaking(self, doing: str) -> Iterator[None]:
        """Around a conversation: errors in our words, and a connection that failed is not used again."""
        try:
            yield
        except BadSource:
            raise
        except Exception as error:
            self._drop()
            # The cause is cut off on purpose: it prints what the server said.
            raise in_words(error, self._account.door, self._now, doing) from None

    @property
    def _client_now(self) -> Client:
        if self._client is None:
            self._client = self._signed_in()
        return self._client

    def _signed_in(self) -> Client:
        account = self._account
        client = Client(account.door)
        try:
            if account.is_token:
                client.oauth2_login(account.user, account.secret)
            elif not (account.user + account.secret).isascii():  # LOGIN knows no other letters
                client.plain_login(account.user, account.secret)
            else:
                client.login(account.user, account.secret)
        except BaseException:
            with suppress(IMAPClientError, OSError):
                client.shutdown()
            raise
        return client

    def _selected(self) -> dict[bytes, Any]:
        """The folder as it is now, for reading only. A kept connection that is dead by now is made anew, once."""
        if self._client is not None:
            try:
                return self._examined()
            except (IMAPClientAbortError, OSError):
                self._drop()
        return self._examined()

    def _examined(self) -> dict[bytes, Any]:
        client = self._client_now
        try:
            life = dict(client.select_folder(self._account.folder, readonly=True))
            self._exists = int(life.get(b"EXISTS", 0))
            return life
        except IMAPClientAbortError:
            raise
        except IMAPClientError:
            names = [str(name) for _, _, name in client.list_folders()]
            if self._account.folder in names:
                raise
            raise BadSource(
                f'{self._account.door.host} has no folder "{self._account.folder}".',
                f"It has: {', '.join(names[:30]) or 'none'}.",
            ) from None

    def _last(self, life: dict[bytes, Any]) -> int:
        """The highest number given in the folder so far."""
        if b"UIDNEXT" in life:
            return int(life[b"UIDNEXT"]) - 1
        return max(self._client_now.search(["UID", "1:*"]), default=0)

    def _before(self, backlog: timedelta, last: int) -> int:
        """The number before the first mail that came in the last days."""
        day = (self._now() - backlog).astimezone(UTC).date()
        return int(min(self._client_now.search(["SINCE", day]), default=last + 1)) - 1

    def _sent_folder(self, folder: str) -> str:
        return folder or str(self._client_now.find_special_folder(SENT) or "")
