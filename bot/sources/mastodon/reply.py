"""Answering a post on Mastodon at most once: the key that servers may ignore, and the look that does not need it."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from bot.fetch import Answer, Lost
from bot.sources.fieldmap import read_date
from bot.sources.mastodon.items import author_of, id_of, loaded
from bot.sources.mastodon.server import USUAL_LIMIT, MastodonServer, Me, error_of
from handlers.ports import BadSource, Gone, Posted, ReplyDoubtful, ReplyRefused, Transient
from handlers.rules.text import comparable, from_html, safe_url

_SLACK = timedelta(minutes=10)  # between our clock and the server's
_PAGES = 5  # of our own posts that are looked through
_PAGE = 40
_OPENNESS = ("direct", "private", "unlisted", "public")
_REFUSALS = frozenset({400, 404, 409, 410, 422})
_NAMES = re.compile(r"@[\w.-]+(?:@[\w.-]+)?")
_PLAIN_KEY = re.compile(r"[!-~]{1,200}")


@dataclass(frozen=True, slots=True)
class Target:
    """The post that is answered."""

    id: str
    acct: str
    visibility: str
    lang: str

    @property
    def name(self) -> str:
        """As it counts in a post: without its server."""
        return f"@{self.acct.partition('@')[0]} "


def target_of(reply_ref: str) -> Target | None:
    """What was noted when the post was read; None when that is damaged or of another source."""
    try:
        told = json.loads(reply_ref)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    values = [value for name in ("id", "acct", "visibility", "lang") if isinstance(value := told.get(name), str)]
    return Target(*values) if len(values) == 4 and values[0] and values[1] else None


def room(target: Target, me: Me | None) -> int:
    """How many characters an answer may have: the name of its addressee is put before it."""
    return max(1, (me.limit if me else USUAL_LIMIT) - len(target.name))


def addressed(target: Target, text: str) -> str:
    """The text as it is posted: Mastodon tells nobody of an answer who is not named in it."""
    is_named = re.search(rf"(?<![\w@])@{re.escape(target.acct)}(?![\w@])", text, re.IGNORECASE)
    return text if is_named else f"@{target.acct} {text}"


async def post_reply(server: MastodonServer, target: Target, text: str, key: str) -> Posted:
    """One attempt. Raises what `Source.reply` raises."""
    seen = await server.get(f"/api/v1/statuses/{target.id}", take={404, 410})
    if seen.status in (404, 410):  # some servers would post the answer all the same, below nothing
        raise ReplyRefused("The post is gone, or its author shows it to this account no more.")
    told = {
        "status": addressed(target, text),
        "in_reply_to_id": target.id,
        "visibility": _least_open(target.visibility, seen.value),
    }
    if target.lang:
        told["language"] = target.lang
    safe_key = key if _PLAIN_KEY.fullmatch(key) else sha256(key.encode("utf-8", "replace")).hexdigest()
    try:
        answer = await server.post("/api/v1/statuses", told, safe_key, _REFUSALS)
    except Lost as error:
        raise ReplyDoubtful(str(error)) from None
    except (BadSource, Gone) as error:
        raise ReplyRefused(str(error)) from None
    return _posted(answer, server.host)


async def look_for_reply(server: MastodonServer, me: Me, target: Target, text: str, since: datetime) -> Posted | None:
    """An answer with these words to this post by our account. Raises SourceError when that cannot be said."""
    wanted, last = _said(text), ""
    for _ in range(_PAGES):
        asked = [("limit", str(_PAGE)), ("exclude_reblogs", "true"), *([("max_id", last)] if last else [])]
        posts = (await server.get_list(f"/api/v1/accounts/{me.id}/statuses", asked)).value
        if found := _among(posts, me, target, wanted):
            return found
        if not posts or len(posts) < _PAGE or _reaches(posts, since - _SLACK):
            return await _below(server, me, target, wanted)
        last = id_of(posts[-1])
    if found := await _below(server, me, target, wanted):
        return found
    raise Transient(f"{server.host} has too many posts of {me.account} to look through; look for the answer yourself.")


async def _below(server: MastodonServer, me: Me, target: Target, wanted: str) -> Posted | None:
    """Look below the post itself: not every server lists an account's posts to single people."""
    context = (await server.get(f"/api/v1/statuses/{target.id}/context", take={404, 410})).value
    below = context.get("descendants") if isinstance(context, dict) else None
    return _among(below if isinstance(below, list) else [], me, target, wanted)


def _among(posts: Iterable[object], me: Me, target: Target, wanted: str) -> Posted | None:
    for post in posts:
        if not isinstance(post, Mapping) or str(post.get("in_reply_to_id")) != target.id or author_of(post) != me.id:
            continue
        content = post.get("content")
        if isinstance(content, str) and _said(from_html(content)) == wanted:
            return _stands(post)
    return None


def _said(text: str) -> str:
    """What is the same of a text before and after a server has set it: names lose their server, links are cut."""
    bare = _NAMES.sub(" ", text)
    return comparable(bare) or " ".join(bare.split())


def _reaches(posts: list[Any], moment: datetime) -> bool:
    """Whether a page, newest first, goes back to a moment. Pinned posts may stand out of their order."""
    dates = [read_date(post.get("created_at")) for post in posts if isinstance(post, Mapping)]
    return bool(dates) and dates[-1] is not None and dates[-1] < moment


def _least_open(noted: str, now: object) -> str:
    """Never more public than the post was when it was read, nor than it is now."""
    shown = now.get("visibility") if isinstance(now, Mapping) else noted
    known = [_OPENNESS.index(one) if one in _OPENNESS else 0 for one in (noted, shown)]
    return _OPENNESS[min(known)]


def _posted(answer: Answer, host: str) -> Posted:
    if answer.status == 409:
        raise ReplyDoubtful(f"{host} says that this answer is being posted already (HTTP 409).")
    if answer.status >= 400:
        why = error_of(answer)
        raise ReplyRefused(f"{host} refuses the answer (HTTP {answer.status}){f': {why}' if why else '.'}")
    try:
        told = loaded(answer.body)
    except ValueError:
        told = None
    if not id_of(told):
        raise ReplyDoubtful(f"{host} took the answer and said something that cannot be read.")
    return _stands(told)


def _stands(post: Any) -> Posted:
    url = post.get("url") or post.get("uri")
    return Posted(safe_url(url) if isinstance(url, str) else "", id_of(post))
