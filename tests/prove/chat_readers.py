"""What hostile words have done at an exit, read by the rules of the platform alone: each fault by its kind.

Kinds: "pings", "links" (where nobody meant to lead), "disguised" (a text that shows another host than it leads to),
"limits" (what the platform would refuse), "marks" (formatting, emoji codes or elements that came alive), "exceptions".
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from html import unescape
from html.parser import HTMLParser
from typing import Any
from unicodedata import normalize
from urllib.parse import unquote, urlsplit

import idna

from bot.chats.discord.render import PICTURE
from tests.bot.chats.discord.markdown import AWAKE, alive
from tests.discord.lint import lint_message as lint_discord
from tests.discord.lint import lint_modal
from tests.discord.looks import walk
from tests.discord.world import V2
from tests.slack.lint import lint_message, lint_view
from tests.slack.marks import pings_and_links

Faults = list[tuple[str, str]]  # the kind of each, and what was read

_MASKED = re.compile(r"(?<!\\)\[((?:\\.|[^\[\]\\])*)\]\(([^)]*)\)")
_SHOWN_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_SLACK_LINK = re.compile(r"<([^<>|]*)\|([^<>]*)>")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_PINGS = ("user", "role", "everyone", "channel", "command")


def slack(payload: Mapping[str, Any], urls: Collection[str]) -> Faults:
    """A message's arguments, or a view."""
    is_view = "type" in payload
    wrong = lint_view(payload) if is_view else lint_message(payload.get("blocks"), payload.get("text"))
    json.dumps(payload, ensure_ascii=False).encode()
    pinged, led, emoji = pings_and_links(payload)
    found = [("limits", one) for one in wrong] + [("pings", one) for one in pinged] + [("marks", one) for one in emoji]
    found += [("links", url) for url in led if not _is_one_of(url, urls) and not _is_one_of(unescape(url), urls)]
    return found + [("disguised", f"{text} -> {url}") for text, url in _slack_links(payload) if is_disguised(text, url)]


def discord(payload: Mapping[str, Any], urls: Collection[str], marks: Collection[str]) -> Faults:
    """A message as it is sent; `marks` are the kinds of markdown that we use ourselves."""
    embeds, parts = payload.get("embeds") or [], payload.get("components") or []
    flags = V2 if not payload.get("content") and not embeds else 0
    found = [
        ("limits", str(one)) for one in lint_discord({"components": parts} if flags else payload, flags, [PICTURE])
    ]
    json.dumps(payload, ensure_ascii=False).encode()
    allowed = payload["allowed_mentions"]
    found += [("pings", f"{name} {allowed[name]}") for name in ("parse", "users", "roles") if allowed.get(name)]
    texts = [payload.get("content") or "", *_embedded(embeds)]
    texts += [one["content"] for one in walk(parts) if isinstance(one.get("content"), str)]
    found += [("pings", one) for one in AWAKE.findall(texts[0])]
    for text in texts:
        found += _alive(text, marks, urls)
        masked = (one for kind, whole in alive(text) if kind == "link" for one in _MASKED.findall(whole))
        links = ((re.sub(r"\\(.)", r"\1", shown), url) for shown, url in masked)
        found += [("disguised", f"{shown} -> {url}") for shown, url in links if is_disguised(shown, url)]
    for name, url in (*_addresses(embeds), *_buttons(parts)):
        found += [] if _is_one_of(url, urls) else [("links", url)]
        found += [("disguised", f"{name} -> {url}")] if is_disguised(name, url) else []
    return found


def discord_modal(told: Mapping[str, Any], marks: Collection[str]) -> Faults:
    """A modal."""
    json.dumps(told, ensure_ascii=False).encode()
    texts = [one["content"] for one in walk(told["components"]) if isinstance(one.get("content"), str)]
    return [("limits", str(one)) for one in lint_modal(told)] + [
        one for text in texts for one in _alive(text, marks, ())
    ]


class Page(HTMLParser):
    """A piece of a page as a browser takes it apart: elements with their attributes, and links with their words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.shapes: set[tuple[str, str]] = set()
        self.links: list[tuple[str, str]] = []
        self.others = 0
        self._open = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shapes |= {(tag, name) for name, _ in attrs} | {(tag, "")}
        for name, value in attrs:
            if name in ("href", "src", "action", "formaction", "srcset", "data", "poster"):
                self.links.append(("", value or ""))
                self._open += name == "href"

    def handle_data(self, data: str) -> None:
        if self._open:
            text, url = self.links[-1]
            self.links[-1] = (text + data, url)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._open = 0

    def handle_comment(self, data: str) -> None:
        self.others += 1

    def handle_pi(self, data: str) -> None:
        self.others += 1

    def unknown_decl(self, data: str) -> None:
        self.others += 1

    def handle_decl(self, decl: str) -> None:
        self.others += 1


def page(html: str, urls: Collection[str], shapes: Collection[tuple[str, str]]) -> Faults:
    """A piece of the page; `shapes` are the elements and attributes of pieces that show harmless words."""
    html.encode()
    read = Page(html)
    found = [("marks", f"<{tag} {name}>") for tag, name in read.shapes - set(shapes)]
    found += [("marks", "a comment or declaration")] * read.others
    for text, url in read.links:
        if not url.startswith("/") or url.startswith("//"):
            found += [] if _is_one_of(url, urls) else [("links", url)]
            found += [("disguised", f"{text} -> {url}")] if is_disguised(text, url) else []
    return found


def is_disguised(text: str, url: str) -> bool:
    """Whether these words show a host and not the one that they lead to, or no browser should go there at all."""
    try:
        parts = urlsplit(url)
        host = _host(parts.hostname or "")
    except ValueError:
        return True
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or not parts.netloc or "\\" in parts.netloc:
        return True
    shown = normalize("NFKC", text).lower()
    if (
        not host
        or host in shown.split()
        or any(len(one) > 20 and host.startswith(one.rstrip("….")) for one in shown.split())
    ):
        return False
    return bool(_SHOWN_HOST.search(shown))


def _host(name: str) -> str:
    """Where a browser goes for this name, by UTS 46; "" for what it refuses."""
    if ":" in name:
        return f"[{name}]"
    try:
        labels = idna.uts46_remap(name, std3_rules=False).rstrip(".").split(".")
    except idna.IDNAError:
        return ""
    return ".".join(one if one.isascii() else f"xn--{one.encode('punycode').decode()}" for one in labels)


def _is_one_of(url: str, urls: Collection[str]) -> bool:
    """The same address, whichever way its characters are written; the host may be in punycode, or one of no browser."""
    host, rest = _comparable(url)
    return not {(host, rest), ("", rest)}.isdisjoint(_all_comparable(frozenset(urls)))


@lru_cache(maxsize=8)
def _all_comparable(urls: frozenset[str]) -> frozenset[tuple[str, str]]:
    return frozenset(map(_comparable, urls))


def _comparable(url: str) -> tuple[str, str]:
    whole = url.encode("utf-16-le", "surrogatepass").decode(
        "utf-16-le", "replace"
    )  # halves that a control parts stay so
    url = _CONTROLS.sub("", whole).strip()
    try:
        host = _host(urlsplit(url).hostname or "")
    except ValueError:
        host = ""
    return host, unquote(url.partition("//")[2].partition("/")[2], errors="replace")


def _alive(text: str, marks: Collection[str], urls: Collection[str]) -> Faults:
    """What in a text is more than its characters."""
    found = []
    for kind, whole in alive(text):
        if kind in _PINGS:
            found.append(("pings", whole))
        elif kind == "link":
            target = whole.rpartition("](")[2].removesuffix(")")
            found += [] if _is_one_of(target, urls) else [("links", whole)]
        elif kind not in marks:
            found.append(("marks", f"{kind}: {whole}"))
    return found


def _slack_links(thing: Any) -> Iterator[tuple[str, str]]:
    if isinstance(thing, list):
        for one in thing:
            yield from _slack_links(one)
    if isinstance(thing, Mapping):
        if isinstance(thing.get("url"), str):
            text = thing.get("text", "")
            yield (text if isinstance(text, str) else str(text.get("text", ""))), thing["url"]
        if thing.get("type") == "mrkdwn":
            yield from ((shown, url) for url, shown in _SLACK_LINK.findall(thing["text"]) if not url.startswith("!"))
        for one in thing.values():
            yield from _slack_links(one)


def _embedded(embeds: Collection[Mapping[str, Any]]) -> Iterator[str]:
    for one in embeds:
        yield one.get("description") or ""
        yield one.get("title") or ""
        yield from (field["value"] for field in one.get("fields") or ())


def _addresses(embeds: Collection[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for one in embeds:
        for text, told in ((one.get("title") or "", one), ("", one.get("author") or {}), ("", one.get("image") or {})):
            if told.get("url") and not str(told["url"]).startswith("attachment://"):
                yield str(told.get("name") or text), told["url"]


def _buttons(parts: Any) -> Iterator[tuple[str, str]]:
    for one in walk(parts):
        if isinstance(one.get("url"), str):
            yield str(one.get("label") or ""), one["url"]
