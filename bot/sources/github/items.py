"""What GitHub gives, as mentions: issues, pull requests, discussions, and the comments on them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.sources.fieldmap import content_id, read_date, storable
from bot.sources.github.api import count_of
from bot.sources.searching import line, unread
from bot.sources.timeline import Dated
from handlers.ports import Broken
from handlers.rules.text import safe_url
from storage.types import RawMention

WHERE = re.compile(r"[\w.-]{1,100}/[\w.-]{1,100}/issues/(comments/)?\d{1,18}")  # the native id of what is no discussion

_REPOSITORY = r"/repos/([\w.-]{1,100}/[\w.-]{1,100})"
_ISSUE = re.compile(rf"{_REPOSITORY}/issues/(\d{{1,12}})$")
_COMMENT = re.compile(rf"{_REPOSITORY}/issues/comments/(\d{{1,18}})$")

# What is asked of a discussion; its newest comments come with it.
_SAID = "id url body createdAt updatedAt upvoteCount author { login __typename }"
DISCUSSION = f"""... on Discussion {{ {_SAID} title repository {{ isPrivate }}
 comments(last: 30) {{ totalCount nodes {{ {_SAID} }} }} }}"""
DISCUSSION_COMMENT = f"""... on DiscussionComment {{ {_SAID} discussion {{ repository {{ isPrivate }} }} }}"""


@dataclass(frozen=True, slots=True)
class Found:
    """An item of a list and, of an issue, what is needed to look at its comments; `said` is a discussion as told."""

    dated: Dated
    path: str = ""  # of the issue
    has_comments: bool = False
    said: object = None


def read_issue(told: object) -> Found:
    """An issue or a pull request, as the search, a list and a single look give it."""
    if not isinstance(told, dict):
        return Found(_unreadable(told, "It is no JSON object."))
    found = _ISSUE.search(line(told.get("url")))
    if not found:
        return Found(_unreadable(told, "It does not say where it stands."))
    path = f"{found[1]}/issues/{found[2]}"
    title, text = line(told.get("title")), _markdown(told.get("body"))
    counts = (count_of(told.get("reactions"), "total_count"), count_of(told, "comments"))
    where = "" if told.get("locked") is True else path
    item = _mention(path, title, text, told.get("html_url"), told.get("user"), told.get("created_at"), counts, where)
    made, changed = read_date(told.get("created_at")), read_date(told.get("updated_at"))
    was_touched = changed is not None and changed != made
    return Found(_dated(path, changed or made, told.get("updated_at"), item), path, bool(counts[1]) and was_touched)


def read_comment(told: object) -> Dated:
    """A comment on an issue or a pull request."""
    if not isinstance(told, dict):
        return _unreadable(told, "It is no JSON object.")
    found = _COMMENT.search(line(told.get("url")))
    if not found:
        return _unreadable(told, "It does not say where it stands.")
    issue = _ISSUE.search(line(told.get("issue_url")))
    path = f"{found[1]}/issues/comments/{found[2]}"
    likes = count_of(told.get("reactions"), "total_count")
    where = f"{issue[1]}/issues/{issue[2]}" if issue else ""
    words, user, made = _markdown(told.get("body")), told.get("user"), told.get("created_at")
    item = _mention(path, "", words, told.get("html_url"), user, made, (likes, None), where)
    changed = read_date(told.get("updated_at")) or read_date(made)
    return _dated(path, changed, told.get("updated_at"), item)


def read_discussion(told: object) -> Dated:
    """A discussion, or a comment on one, which has no title."""
    id_ = line(told.get("id")) if isinstance(told, dict) else ""
    if not isinstance(told, dict) or not id_:
        return _unreadable(told, "It has no id.")
    by = told.get("author")
    author = {"login": by.get("login"), "type": by.get("__typename")} if isinstance(by, dict) else None
    counts = (count_of(told, "upvoteCount"), count_of(told.get("comments"), "totalCount"))
    title = line(told.get("title"))
    item = _mention(id_, title, _markdown(told.get("body")), told.get("url"), author, told.get("createdAt"), counts, "")
    changed = read_date(told.get("updatedAt")) or read_date(told.get("createdAt"))
    if isinstance(item, RawMention):
        item = replace(item, private=_is_private(told))
    return _dated(id_, changed, told.get("updatedAt"), item)


def discussion_comments(told: object) -> list[RawMention]:
    """The newest comments that came with a discussion; what cannot be read among them is left for the next look."""
    comments = told.get("comments") if isinstance(told, dict) else None
    nodes = comments.get("nodes") if isinstance(comments, dict) else None
    found = [read_discussion(one).item for one in nodes] if isinstance(nodes, list) else []
    is_private = isinstance(told, dict) and _is_private(told)
    return [replace(item, private=is_private) for item in found if isinstance(item, RawMention)]


def _mention(
    native_id: str,
    title: str,
    text: str,
    url: object,
    user: object,
    made: object,
    counts: tuple[int | None, int | None],
    where: str,
) -> RawMention | Broken:
    """`where` is the path at which an answer may be posted, "" if it may not."""
    if not text:
        text, title = title, ""
    if not text:
        return unread(native_id, "It has neither a text nor a title.", native_id)
    person: Mapping[str, Any] = user if isinstance(user, dict) else {"login": "ghost"}
    login = line(person.get("login"))
    is_bot = person.get("type") == "Bot" and not login.endswith("[bot]")
    return RawMention(
        native_id=native_id,
        text=text,
        title=title,
        url=safe_url(line(url)),
        author=login,
        author_name=f"{login} (bot)" if is_bot else "",
        published_at=read_date(made),
        likes=counts[0],
        replies=counts[1],
        reply_ref=json.dumps({"issue": where}) if where else "",
    )


def _markdown(body: object) -> str:
    return _without_notes(storable(body)).replace("\r\n", "\n").strip() if isinstance(body, str) else ""


def _is_private(told: Mapping[str, Any]) -> bool:
    """Of a discussion or a comment on one: what does not say where it stands counts as private."""
    on = told.get("discussion", told)
    place = on.get("repository") if isinstance(on, dict) else None
    return not isinstance(place, dict) or place.get("isPrivate") is not False


def _without_notes(text: str) -> str:
    """Without <!-- what a repository's form says to its writers -->; one that never ends stays."""
    kept, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        kept.append(text[at:start])
        at = end + 3
    return "".join([*kept, text[at:]])


def _dated(id_: str, moment: datetime | None, changed: object, item: RawMention | Broken) -> Dated:
    words = item.text if isinstance(item, RawMention) else ""
    return Dated(id_, int(moment.timestamp()) if moment else 0, content_id([line(changed), words])[:8], item)


def _unreadable(told: object, reason: str) -> Dated:
    return Dated(content_id([repr(told)[:2_000]]), 0, "broken", unread("an item of GitHub", reason, told))
