"""How a mail server is reached: which address, how it is encrypted, and what its refusals mean in our words.

As with every address outside, what a name stands for is checked, and the connection goes to exactly what was checked.
"""

import imaplib
import re
import select
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from bot.fetch import is_harmless, is_public
from handlers.ports import BadSource, RateLimited, SignInFailed, SourceError, Transient

TIMEOUT = 30.0  # seconds for each answer of a server
USUAL_WAIT = timedelta(minutes=15)

Security = Literal["tls", "starttls", "none"]

_TOO_MANY = re.compile(r"\[LIMIT\]|\[INUSE\]|too many|rate.?limit|throttl|maximum number of connections", re.IGNORECASE)
_LATER = re.compile(
    r"\[UNAVAILABLE\]|\[SERVERBUG\]|temporar|try again|internal error|command error: BAD", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Door:
    """One server's address and how to speak to it."""

    host: str
    port: int
    security: Security
    allow_private: bool

    def opened(self, within: float = TIMEOUT) -> socket.socket:
        """A connection, not yet encrypted, made within so many seconds. It blocks. Raises BadSource or Transient."""
        end, last = time.monotonic() + within, None
        addresses = self._addresses()
        for place, (family, address) in enumerate(addresses):
            left = end - time.monotonic()
            if left <= 0:
                break
            try:
                return self._connected(family, address, left / (len(addresses) - place))
            except OSError as error:
                last = error
        raise Transient(f"{self.host} cannot be reached on port {self.port}; it will be tried again.") from last

    def _connected(self, family: int, address: str, seconds: float) -> socket.socket:
        made = socket.socket(family, socket.SOCK_STREAM)
        try:
            made.settimeout(seconds)
            made.connect((address, self.port))
            made.settimeout(TIMEOUT)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except OSError:
            made.close()
            raise
        return made

    def _addresses(self) -> list[tuple[int, str]]:
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise Transient(
                f"The name {self.host} cannot be found; check the spelling, it will be tried again."
            ) from None
        addresses = [(int(family), str(address[0])) for family, _, _, _, address in found]
        is_allowed = is_harmless if self.allow_private else is_public
        if not all(is_allowed(address) for _, address in addresses):
            raise BadSource(
                f"{self.host} is not an address of the public internet.",
                "If it is a server of your own, set allow_private = true on this source.",
            )
        if self.security == "none" and any(is_public(address) for _, address in addresses):
            raise BadSource(
                f"{self.host} is on the public internet, where mail and password must not travel unencrypted.",
                'Set the security of this server to "tls" or "starttls".',
            )
        return addresses


class Client(IMAPClient):  # type: ignore[misc]
    """IMAPClient over a connection that was checked, encrypted before anything is said about who we are."""

    def __init__(self, door: Door) -> None:
        self._door = door
        super().__init__(door.host, port=door.port, ssl=door.security == "tls", timeout=TIMEOUT)
        self.normalise_times = False
        if door.security == "starttls":
            try:
                self.starttls(ssl.create_default_context())
            except BaseException:
                self.shutdown()
                raise

    def hang_up(self) -> None:
        """Break off, from any thread: whoever waits for an answer on it is woken by the end of the line."""
        try:
            socket.socket.shutdown(self.socket(), socket.SHUT_RDWR)  # not the encryption's own farewell, which waits
        except (OSError, ValueError, AttributeError):
            return

    def told_exists(self) -> int:
        """How many mails the server said last that the selected folder holds; it may say so beside any answer."""
        told = self._imap.untagged_responses.get("EXISTS") or [b"0"]
        return int(told[-1])

    def _poll_socket(self, sock: socket.socket, timeout: float | None = None) -> Any:
        """What came together with the server's "go on" is in a buffer, of which the system that is asked knows nothing.

        Without this a mail that arrives while a wait begins is only seen when the wait is over.
        """
        with suppress(OSError):  # nothing there yet, as an encrypted line says it
            if self._imap.file.peek(1):
                return [(sock.fileno(), select.POLLIN)]
        return super()._poll_socket(sock, timeout)

    def _create_IMAP4(self) -> imaplib.IMAP4:
        return _Line(self._door)


class _Line(imaplib.IMAP4):
    def __init__(self, door: Door) -> None:
        self._door = door
        super().__init__(door.host, door.port, TIMEOUT)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        opened = self._door.opened()
        if self._door.security != "tls":
            return opened
        try:
            return ssl.create_default_context().wrap_socket(opened, server_hostname=self.host)
        except BaseException:
            opened.close()
            raise


def in_words(error: Exception, door: Door, now: Callable[[], datetime], doing: str) -> SourceError:
    """The error of a library or a socket as one of ours. What a server says is searched, never repeated."""
    if isinstance(error, SourceError):
        return error
    said = str(error)
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return BadSource(f"{door.host} cannot be spoken to safely: its certificate or its encryption is not valid.")
    if isinstance(error, imaplib.IMAP4.error) and _TOO_MANY.search(said):
        return RateLimited(f"{door.host} has too many connections of this user.", now() + USUAL_WAIT)
    # The library also says that signing in failed when the connection broke meanwhile.
    has_broken = isinstance(error.__context__, imaplib.IMAP4.abort)
    if isinstance(error, LoginError) and not has_broken and not _LATER.search(said):
        return sign_in_failed(door.host)
    if door.security == "starttls" and "TLS not supported" in said:
        return BadSource(f"{door.host} offers no STARTTLS on port {door.port}.", 'Set security = "tls", port 993.')
    return Transient(f"{door.host} broke off or was not understood while {doing}; it will be tried again.")


def sign_in_failed(host: str) -> SignInFailed:
    return SignInFailed(
        f"{host} refuses the user name or password.",
        "Write the right one into .env; Gmail and others want an app password here, made in the account's settings.",
    )
