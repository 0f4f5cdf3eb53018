"""Which posts of the whole network concern us: each is decoded, made a mention, asked about. Nearly all end there."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import msgspec

from bot.sources.bluesky.items import POST, extra_of, page_of, parts_of, read_or_broken, read_record
from bot.sources.fieldmap import read_date, read_lang, storable
from handlers.ports import Broken, Item, Tombstone, Transient, Wanted
from handlers.rules.query import Subject
from handlers.rules.terms import All, Author, Leaf, MinReach, Node, Not
from handlers.rules.terms import Any as Either
from storage.types import RawMention

log = logging.getLogger(__name__)

_MOST_AUTHORS = 20_000  # whose posts are remembered, so that their deletion is noticed at once
_HIDDEN = {"takendown", "suspended", "deleted", "deactivated"}

Concerns = Callable[[RawMention], bool]


class _Record(msgspec.Struct, gc=False):
    """What a post is asked about. Of the few that concern us the whole is read from the message again."""

    text: Any = None
    langs: Any = None
    facets: Any = None
    embed: Any = None
    tags: Any = None


class _Commit(msgspec.Struct, gc=False):
    """A message, as far as most of them are looked at."""

    kind: str = msgspec.field(default="", name="$type")
    seq: int = 0
    did: str = ""
    operation: str = ""
    collection: str = ""
    rkey: str = ""
    cid: str = ""
    time: str = ""
    witnessed: str = msgspec.field(default="", name="witnessedAt")
    record: _Record | None = None
    account: dict[str, Any] | None = None
    name: str = ""
    message: str = ""


class _Frame(msgspec.Struct, gc=False):
    kind: str = msgspec.field(default="", name="$type")
    payload: _Commit | None = None
    error: str = ""


_DECODER = msgspec.json.Decoder(_Frame)
_NOTHING: dict[str, str] = {}
_UNTOLD = (None, None, None, None, "", False)  # likes, shares, replies, stars, repost_of, private
_lang = lru_cache(maxsize=256)(read_lang)


class Remembered:
    """Posts that were given. A stream tells of every deletion in the network, and only these concern us."""

    def __init__(self) -> None:
        self._by_author: OrderedDict[str, set[str]] = OrderedDict()

    def add(self, uri: str) -> None:
        try:
            did, key = parts_of(uri)
        except ValueError:
            return
        self._by_author.setdefault(did, set()).add(key)
        self._by_author.move_to_end(did)
        if len(self._by_author) > _MOST_AUTHORS:
            self._by_author.popitem(last=False)

    def forget(self, did: str, key: str) -> bool:
        """Whether it was one of them."""
        keys = self._by_author.get(did)
        if keys is None or key not in keys:
            return False
        keys.remove(key)
        if not keys:
            del self._by_author[did]
        return True

    def forget_all(self, did: str) -> set[str]:
        """The keys of an author's posts."""
        return self._by_author.pop(did, set())


class Examiner:
    """Says what a message of the stream is for us. `handles` are the accounts that queries name, by their ids."""

    def __init__(self, own: str, concerns: Concerns, remembered: Remembered, handles: dict[str, str]) -> None:
        self.seq = 0  # of the last message
        self.at = ""  # when the server saw it
        self._own = own
        self._concerns = concerns
        self._remembered = remembered
        self._handles = handles

    def examine(self, frame: str) -> Sequence[Item]:
        """The items in a message, mostly none. Raises Transient when it is the last one, and says why."""
        try:
            told = _DECODER.decode(frame)
        except (msgspec.DecodeError, UnicodeError, RecursionError, OverflowError):
            return self._odd(frame)
        commit = told.payload
        if commit is None:
            if told.kind == "error":
                raise Transient(f"The stream was ended by its server ({_word(told.error)}); it will be opened again.")
            return ()
        if commit.seq <= self.seq:
            return self._noted(commit) if commit.kind.endswith("#info") else ()
        self.seq, self.at = commit.seq, commit.witnessed or commit.time
        if commit.collection == POST:
            if commit.operation == "create" and commit.record is not None:
                return self._created(commit, commit.record, frame)
            if commit.operation == "delete" and self._remembered.forget(commit.did, commit.rkey):
                return (Tombstone(f"at://{commit.did}/{POST}/{commit.rkey}", "deleted"),)
        elif commit.account is not None:
            return self._account(commit.did, commit.account)
        return ()

    def _created(self, commit: _Commit, record: _Record, frame: str) -> Sequence[Item]:
        text, langs, did = record.text, record.langs, commit.did
        if did == self._own:
            return ()
        if not isinstance(text, str):
            return self._odd(frame)
        lang = _lang(langs[0]) if isinstance(langs, list) and langs and isinstance(langs[0], str) else ""
        extra = extra_of(record.facets, record.embed, record.tags) if _has_more(record) else _NOTHING
        author, url = self._handles.get(did, ""), page_of(did, commit.rkey)
        # The barest mention that can be asked about, by position: nearly all end here, and this is what they cost.
        if not self._concerns(RawMention("", text, "", url, author, "", None, None, lang, *_UNTOLD, extra)):
            return ()
        whole = msgspec.json.decode(frame)["payload"]["record"]
        found = read_or_broken(lambda: self._read(commit, whole), whole)
        if isinstance(found, RawMention):
            self._remembered.add(found.native_id)
        return (found,)

    def _read(self, commit: _Commit, record: dict[str, Any]) -> RawMention:
        parts_of(f"at://{commit.did}/{POST}/{commit.rkey}")
        seen = read_date(commit.witnessed or commit.time)
        raw = read_record(record, commit.did, commit.rkey, commit.cid, self._own, seen)
        handle = self._handles.get(commit.did)
        return replace(raw, author=handle) if handle else raw

    def _account(self, did: str, account: dict[str, Any]) -> Sequence[Item]:
        status = account.get("status")
        if account.get("active") is not False or status not in _HIDDEN:
            return ()
        keys = sorted(self._remembered.forget_all(did))
        return [Tombstone(f"at://{did}/{POST}/{key}", f"account {status}") for key in keys]

    def _noted(self, info: _Commit) -> Sequence[Item]:
        """A notice of the server."""
        if info.name == "OutdatedCursor":
            log.warning("posts of some time before are not kept by the stream any more; only mentions were caught up")
        if info.name == "FutureCursor":
            self.seq = 0  # its numbers are not those that we know
        return ()

    def _odd(self, frame: str) -> Sequence[Item]:
        """A message that cannot be read. There are many strangers; it is told only if it seems to speak of us."""
        frame = storable(frame)
        if not self._concerns(RawMention("", frame)):
            return ()
        _, _, record = frame.partition('"record"')
        return (Broken(f"a post after {self.seq}", "It has another form than posts have.", (record or frame)[:200]),)


def _has_more(record: _Record) -> bool:
    return record.facets is not None or record.embed is not None or record.tags is not None


def condition(wanted: Sequence[Wanted], concerns: Concerns, source: str) -> Concerns:
    """Whether a post may concern us, as long as its author's followers are not known.

    A source that is a brand's by itself keeps all that it is sent; of a whole network it keeps what the queries want.
    """
    asked = concerns
    if concerns(RawMention("", "")):

        def asked(raw: RawMention) -> bool:
            subject = Subject.of(raw, source)
            return any(one.query.evaluate(subject) is not None for one in wanted)

    reaches = {leaf.people for one in wanted for leaf in _leaves(one.query.node) if isinstance(leaf, MinReach)}
    if not reaches:
        return asked
    return lambda raw: asked(raw) or any(asked(replace(raw, followers=people)) for people in reaches)


def named(wanted: Sequence[Wanted]) -> set[str]:
    """The accounts that queries ask for by their handles: in the stream, authors are known by id alone."""
    leaves = [leaf for one in wanted for leaf in _leaves(one.query.node)]
    return {leaf.handle for leaf in leaves if isinstance(leaf, Author) and "." in leaf.handle}


def _leaves(node: Node) -> Iterator[Leaf]:
    if isinstance(node, All | Either):
        for part in node.parts:
            yield from _leaves(part)
    else:
        yield node.leaf if isinstance(node, Not) else node


def _word(text: str) -> str:
    return text if text.isascii() and text.isalnum() and len(text) <= 60 else "without a word"
