"""What others send to us: the deliveries of webhooks, and the words of the feedback form."""

from collections.abc import Callable, Mapping
from datetime import datetime

from bot.listening import Listening
from bot.sources import webhook
from handlers.ports import Page
from handlers.rules.policy import Policy
from storage.errors import EarshotError
from storage.types import RawMention


class Receiving:
    """Each answer is an HTTP status and a sentence. `policy` answers it as it is now."""

    def __init__(self, listening: Listening, policy: Callable[[], Policy], now: Callable[[], datetime]) -> None:
        self._listening = listening
        self._policy = policy
        self._now = now

    async def receive(self, source: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        """A webhook's delivery: stored before it is acknowledged, refused when it is a replay."""
        hook = self._listening.sources.get(source)
        if not isinstance(hook, webhook.WebhookSource):
            return 404, f"There is no webhook called {source[:60]}."
        try:
            received = hook.receive(headers, body, self._now())
            taken = await self._listening.listener(hook).take(
                received.page, inbox_keys=(received.key, received.signature)
            )
        except webhook.Refused as error:
            return error.status, str(error)
        except EarshotError as error:
            return 503, str(error)
        if taken.is_replay:  # makers of forms send again whatever is not answered with a 2xx, some for hours
            return 200 if hook.settings.preset else 409, "This delivery was taken in before; nothing was stored again."
        counts = (
            f"{taken.stored} new, {taken.known} known, {taken.unmatched} for no brand, {taken.quarantined} unreadable"
        )
        return 202, f"Taken in: {counts}."

    def forms(self) -> Mapping[str, str]:
        found = {}
        for name, hook in self._listening.sources.items():
            entry = self._policy().source(name)
            if isinstance(hook, webhook.WebhookSource) and hook.settings.form and entry is not None:
                found[name] = entry.brand or self._policy().team
        return found

    async def submit_form(self, source: str, fields: Mapping[str, str]) -> tuple[int, str]:
        """A feedback form's words; the page has checked its fields. The same page sent twice is one mention."""
        if source not in self.forms():
            return 404, f"There is no form called {source[:60]}."
        stars = fields.get("stars", "")
        raw = RawMention(
            native_id=f"form-{fields['id']}",
            text=fields["text"],
            author=fields.get("email", ""),  # where she can be reached
            author_name=fields.get("name", ""),
            stars=float(stars) if stars else None,
            published_at=self._now(),
            private=True,
        )
        try:
            await self._listening.listener(self._listening.sources[source]).take(Page((raw,), None))
        except EarshotError as error:
            return 503, str(error)
        return 202, "Thank you. Your words have reached the team."
