"""What a post or an account is now, asked for many at once: counts, handles, followers."""

import logging
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.sources.bluesky.items import parts_of, with_counts, with_profile
from bot.sources.bluesky.session import Account
from handlers.ports import BadSource, SourceError
from storage.types import RawMention

log = logging.getLogger(__name__)

_AT_ONCE = 25  # the network's own limit
_KEPT = 5_000  # profiles
_FRESH_FOR = 3_600.0  # seconds; followers do not change faster
_REST = 30.0  # seconds after a failed look-up, in which authors stay unknown
_PATIENCE = 5.0  # seconds; a post must not wait longer for its author's name


def batches(values: Sequence[str], *, room: int = 0) -> list[Sequence[str]]:
    """What can be asked in one request each, with room for so many more."""
    size = _AT_ONCE - room
    return [values[start : start + size] for start in range(0, len(values), size)]


class Lookups:
    """Asks as one account. Profiles are kept for an hour."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._profiles: OrderedDict[str, tuple[float, Mapping[str, Any]]] = OrderedDict()
        self._rests_until = 0.0

    async def posts(self, uris: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """The view of each post by its address; one that is gone is left out. Raises SourceError."""
        views: dict[str, Mapping[str, Any]] = {}
        for some in batches(uris):
            told = await self._account.ask("app.bsky.feed.getPosts", [("uris", uri) for uri in some])
            for view in _listed(told, "posts"):
                if isinstance(view, Mapping) and view.get("uri") in some:
                    views[view["uri"]] = view
        return views

    async def with_counts(self, raws: Sequence[RawMention]) -> list[RawMention]:
        """The same mentions with likes, shares and replies, where they have none yet. Raises SourceError."""
        views = await self.posts([raw.native_id for raw in raws if raw.likes is None])
        return [with_counts(raw, views[raw.native_id]) if raw.native_id in views else raw for raw in raws]

    async def with_authors(self, raws: Sequence[RawMention]) -> list[RawMention]:
        """The same mentions with their authors' names and followers; as they were if these cannot be had now."""
        dids = {raw.native_id: parts_of(raw.native_id)[0] for raw in raws}
        profiles = await self._known(list(dict.fromkeys(dids.values())))
        found = ((raw, profiles.get(dids[raw.native_id])) for raw in raws)
        return [with_profile(raw, profile) if profile is not None else raw for raw, profile in found]

    async def ids_of(self, handles: Iterable[str]) -> dict[str, str]:
        """The handle of each account by its id, of those that there are."""
        return {did: handle for handle in sorted(handles) if (did := await self.id_of(handle))}

    async def id_of(self, handle: str) -> str:
        """An account's id; "" when there is none, or it cannot be asked now."""
        try:
            told = await self._account.ask(
                "com.atproto.identity.resolveHandle", [("handle", handle)], seconds=_PATIENCE
            )
        except SourceError:
            return ""
        did = told.get("did")
        return did if isinstance(did, str) and did.startswith("did:") else ""

    async def _known(self, dids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """The profiles that are known or can be had."""
        now = time.monotonic()
        missing = [did for did in dids if did not in self._profiles or self._profiles[did][0] < now - _FRESH_FOR]
        try:
            for some in batches(missing) if now >= self._rests_until else ():
                told = await self._account.ask(
                    "app.bsky.actor.getProfiles", [("actors", did) for did in some], seconds=_PATIENCE
                )
                for profile in _listed(told, "profiles"):
                    if isinstance(profile, Mapping) and profile.get("did") in some:
                        self._profiles[profile["did"]] = (now, profile)
        except SourceError as error:
            self._rests_until = now + _REST
            log.info("authors cannot be looked up: %s", error)
        while len(self._profiles) > _KEPT:
            self._profiles.popitem(last=False)
        return {did: self._profiles[did][1] for did in dids if did in self._profiles}


def _listed(told: Mapping[str, Any], name: str) -> list[Any]:
    found = told.get(name)
    if not isinstance(found, list):
        raise BadSource("The server does not answer as a Bluesky server.")
    return found
