"""What is asked of a Mastodon server for the team's queries: hashtags and searches."""

import re
from collections.abc import Iterator, Sequence

from handlers.ports import Wanted
from handlers.rules.widening import alternatives, can_match_in, phrases

TAG = "tag "
SEARCH = "search "

_TAG = re.compile(r"#?\w{1,100}")
_PLAIN = re.compile(r"\w+")


def tag_of(told: str) -> str:
    """A hashtag as it is asked for, without its sign; "" when it cannot be one."""
    told = told.strip()
    return told.removeprefix("#").lower() if _TAG.fullmatch(told) else ""


def named_tags(wanted: Sequence[Wanted], source: str) -> Iterator[str]:
    """The hashtags that queries look for."""
    for one in wanted:
        if can_match_in(one.query, source):
            for words in one.query.wanted:
                if words.typed.startswith("#") and (tag := tag_of(words.typed)):
                    yield tag


def searches(wanted: Sequence[Wanted], source: str) -> Iterator[str]:
    """What to search for. Some of a query's words may be missing, which finds more; never one too many."""
    for one in wanted:
        if can_match_in(one.query, source):
            for alternative in alternatives(one.query):
                if words := [word for phrase in phrases(alternative) if (word := _asked(phrase))]:
                    yield " ".join(words)


def _asked(phrase: str) -> str:
    """A phrase without what the search would take for a sign: a name after @ and a tag after # are words there too."""
    bare = phrase.lstrip("@#").replace('"', " ").strip()
    return bare if _PLAIN.fullmatch(bare) or not bare else f'"{bare}"'
