"""What a Mastodon server says, read item by item: posts, notifications, the events of a stream.

Ids are text that only the server understands: servers of other makes count otherwise.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from typing import Any

from bot.sources.fieldmap import read_count, read_date, read_lang, storable
from bot.sources.partial import without_depths
from handlers.ports import Broken, Item, Tombstone
from handlers.rules.text import from_html, safe_url
from storage.types import RawMention

NOTIFICATIONS = ("mention", "status", "update", "quote")  # those that carry somebody's post
PUBLIC = ("public", "unlisted")  # every other visibility is for some people only

_ID = re.compile(r"[\w-]{1,100}", re.ASCII)
_MAX_EXTRA = 300  # characters of a picture's description or a link's title
_MAX_MEDIA = 6
_LONGEST_NUMBER = 40  # digits
_EDITS = ("status.update", "status_update")


def loaded(body: bytes | str) -> Any:
    """JSON from a server; what is no number in it, or is nested too deep, becomes None: it costs its own item alone.

    Raises ValueError with a sentence.
    """
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    try:
        return _loaded(text)
    except RecursionError:
        pass
    except ValueError:
        raise ValueError("It is not JSON.") from None
    try:
        return _loaded(without_depths(text))
    except RecursionError:
        raise ValueError("It is nested too deeply.") from None
    except ValueError:
        raise ValueError("It is not JSON.") from None


def read_status(told: object) -> RawMention:
    """A post as a mention. Raises ValueError with a sentence when it is none."""
    if not isinstance(told, Mapping):
        raise ValueError("It is no post.")
    shared = told.get("reblog")
    said: Mapping[str, Any] = shared if isinstance(shared, Mapping) else told
    account, content = told.get("account"), said.get("content")
    native_id, author = id_of(told), _line(_part(account, "acct"))
    if not native_id:
        raise ValueError("It has no id.")
    if not isinstance(account, Mapping) or not author:
        raise ValueError("It has no author.")
    if not isinstance(content, str):
        raise ValueError("There are no words in it.")
    visibility, lang = _line(told.get("visibility")), _line(told.get("language"))
    return RawMention(
        native_id=native_id,
        text=storable(from_html(content)),
        title=_line(unescape(_text(said.get("spoiler_text")))),
        url=safe_url(_line(said.get("url"))) or safe_url(_line(said.get("uri"))),
        author=author,
        author_name=_line(account.get("display_name")),
        followers=read_count(account.get("followers_count")),
        published_at=read_date(told.get("created_at")),
        lang=read_lang(lang),
        likes=read_count(said.get("favourites_count")),
        shares=_sum(read_count(said.get("reblogs_count")), read_count(said.get("quotes_count"))),
        replies=read_count(said.get("replies_count")),
        repost_of=id_of(shared),
        private=visibility not in PUBLIC,
        extra=dict(_extra(said)),
        reply_ref=json.dumps({"id": native_id, "acct": author, "visibility": visibility, "lang": lang}),
    )


def statuses(told: Iterable[object], own_id: str, where: str) -> list[Item]:
    """The posts of a list, one that cannot be read as a Broken of its own; without what `own_id` wrote."""
    return [item for one in told if (item := _item(one, own_id, where)) is not None]


def notified(told: Iterable[object], own_id: str, where: str) -> list[Item]:
    """The posts that notifications are about."""
    found: list[Item] = []
    for one in told:
        if not isinstance(one, Mapping):
            found.append(_broken(one, where, "It is no notification."))
        elif one.get("type") in NOTIFICATIONS and one.get("status") is not None:
            item = _item(one["status"], own_id, where)
            found += [item] if item is not None else []
    return found


def happened(event: str, data: str, own_id: str, where: str) -> list[Item]:
    """What an event of a stream says; nothing when it is about something else."""
    if event == "delete":
        gone = data.strip().strip('"')
        is_id = bool(_ID.fullmatch(gone))
        return [Tombstone(gone, "deleted on Mastodon")] if is_id else [_broken(data, where, "It names no post.")]
    if event not in ("update", "notification", *_EDITS):
        return []
    try:
        told = loaded(data)
    except ValueError as error:
        return [_broken(data, where, str(error))]
    return notified([told], own_id, where) if event == "notification" else statuses([told], own_id, where)


def id_of(told: object) -> str:
    """The id of a post, notification or account; "" when it has none."""
    value = _part(told, "id")
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if _ID.fullmatch(text) else ""


def author_of(told: object) -> str:
    """The id of the account that wrote a post; "" when that is not told."""
    return id_of(_part(told, "account"))


def is_indexable(data: str) -> bool:
    """Whether the author of a post lets strangers search for it. Servers that know no such wish do not tell it."""
    try:
        return _part(_part(loaded(data), "account"), "indexable") is not False
    except ValueError:
        return True


def _item(told: object, own_id: str, where: str) -> Item | None:
    try:
        return None if own_id and author_of(told) == own_id else read_status(told)
    except ValueError as error:
        return _broken(told, where, str(error))


def _broken(told: object, where: str, reason: str) -> Broken:
    sample = told if isinstance(told, str) else json.dumps(told)
    return Broken(f"{where} {id_of(told)}".strip(), reason, storable(sample)[:200])


def _extra(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The words beside the text: what pictures show, what a poll asks, the title of a link."""
    media = said.get("media_attachments")
    shown = [_line(_part(one, "description")) for one in media[:_MAX_MEDIA]] if isinstance(media, list) else []
    for number, words in enumerate(filter(None, shown), 1):
        yield f"picture {number}", words[:_MAX_EXTRA]
    options = _part(said.get("poll"), "options")
    if isinstance(options, list):
        yield "poll", " / ".join(filter(None, (_line(_part(one, "title")) for one in options)))[:_MAX_EXTRA]
    if title := _line(_part(said.get("card"), "title")):
        yield "link", title[:_MAX_EXTRA]


def _part(told: object, name: str) -> Any:
    return told.get(name) if isinstance(told, Mapping) else None


def _text(value: object) -> str:
    return storable(value) if isinstance(value, str) else ""


def _line(value: object) -> str:
    return " ".join(_text(value).split())


def _sum(*counts: int | None) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _loaded(text: str) -> Any:
    return json.loads(text, parse_constant=lambda _: None, parse_int=_int)


def _int(digits: str) -> int | None:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else None
