"""Hands a mail to a server, once. What happens before it was given is certain; a lost answer after that is not."""

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiosmtplib
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPResponseException,
    SMTPSenderRefused,
)

from bot.sources.email.door import TIMEOUT, Door, sign_in_failed
from handlers.ports import BadSource, RateLimited, ReplyDoubtful, ReplyRefused, SourceError, Transient

_READY = 8.0  # seconds to be connected and signed in: whoever calls has half a minute for everything
_BEFORE = 12.0  # seconds until the mail may be given then; what is over by that time was certainly not sent
_AFTER = 60.0  # seconds until it was taken
_QUOTA = re.compile(r"\b5\.4\.5\b|quota|limit exceeded|too many", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Post:
    """A server that takes mail of an account."""

    door: Door
    user: str
    secret: str
    is_token: bool
    address: str
    now: Callable[[], datetime]

    async def send(self, raw: bytes, to: str) -> None:
        """Raises ReplyRefused, SignInFailed, RateLimited or Transient when it was not sent, else ReplyDoubtful."""
        try:
            async with self._speaking() as server:
                async with asyncio.timeout(_BEFORE):
                    await server.mail(self.address)
                    await server.rcpt(to)
                await self._give(server, raw)
        except BadSource as error:
            raise ReplyRefused(error.message, error.hint) from None

    async def check(self) -> None:
        """Sign in, no more. Raises SignInFailed, RateLimited, Transient or BadSource."""
        async with self._speaking():
            return

    async def _give(self, server: aiosmtplib.SMTP, raw: bytes) -> None:
        try:
            async with asyncio.timeout(_AFTER):
                await server.data(raw)
        except SMTPDataError as error:
            if not 200 <= error.code < 300:  # some say "taken" in another number
                raise
        except (SMTPException, OSError, TimeoutError):
            raise ReplyDoubtful(
                f"{self.door.host} was given the mail and did not answer.",
                "Look into the mailbox's folder of sent mail before it is sent again.",
            ) from None

    @asynccontextmanager
    async def _speaking(self) -> AsyncIterator[aiosmtplib.SMTP]:
        try:
            server = await self._signed_in()
            try:
                yield server
                with suppress(SMTPException, OSError, TimeoutError):
                    await server.quit(timeout=2)
            finally:
                server.close()
        except SourceError:
            raise
        except (SMTPException, OSError, TimeoutError) as error:
            raise self._in_words(error) from None

    async def _signed_in(self) -> aiosmtplib.SMTP:
        async with asyncio.timeout(_READY):
            opened = await self._opened()
            return await self._greeted(opened)

    async def _opened(self) -> socket.socket:
        """A connection. One that nobody waits for any more is closed when it comes."""
        coming = asyncio.get_running_loop().run_in_executor(None, self.door.opened, _READY)
        try:
            return await asyncio.shield(coming)
        except asyncio.CancelledError:
            coming.add_done_callback(_close)
            raise

    async def _greeted(self, opened: socket.socket) -> aiosmtplib.SMTP:
        server = aiosmtplib.SMTP(
            hostname=self.door.host,
            sock=opened,
            use_tls=self.door.security == "tls",
            start_tls=self.door.security == "starttls",
            tls_context=None if self.door.security == "none" else ssl.create_default_context(),
            local_hostname=self.address.rpartition("@")[2] or "localhost",
            timeout=TIMEOUT,
        )
        try:
            await server.connect()
            await server.ehlo()
            await self._sign_in(server)
        except BaseException:
            server.close()
            opened.close()
            raise
        return server

    async def _sign_in(self, server: aiosmtplib.SMTP) -> None:
        if not server.supports_extension("auth"):
            if self.door.security != "none":  # a relay of one's own network may know its users otherwise
                raise BadSource(f"{self.door.host} lets nobody sign in on port {self.door.port}.", "Usual is 465.")
        elif self.is_token:
            await server.auth_xoauth2(self.user, self.secret)
        else:
            await server.login(self.user, self.secret)

    def _in_words(self, error: Exception) -> SourceError:
        host = self.door.host
        if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
            return BadSource(f"{host} cannot be spoken to safely: its certificate or its encryption is not valid.")
        if "STARTTLS" in str(error):
            return BadSource(f"{host} offers no STARTTLS on port {self.door.port}.", 'Use smtp_security = "tls".')
        if not isinstance(error, SMTPResponseException):
            return Transient(f"{host} cannot be reached or broke off before the mail was given.")
        if 400 <= error.code < 500 or error.code < 200:
            return Transient(f"{host} does not take the mail now ({error.code}); it can be tried again.")
        if isinstance(error, SMTPAuthenticationError):
            return sign_in_failed(host)
        if _QUOTA.search(str(error.message)):
            return RateLimited(f"{host} takes no more mail for now ({error.code}).", self.now() + timedelta(hours=1))
        if isinstance(error, SMTPSenderRefused):
            return ReplyRefused(f"{host} does not let this user write as {self.address} ({error.code}).")
        return ReplyRefused(f"{host} refuses the mail ({error.code}).", "Does the customer's address still exist?")


def _close(coming: "asyncio.Future[socket.socket]") -> None:
    if not coming.cancelled() and coming.exception() is None:
        coming.result().close()
