"""Hostile drawings of every kind, and what may be in the messages made of them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from bot.chats.discord.render import PICTURE, Message
from bot.chats.discord.wording import address
from handlers.cards import Button, Card, Chart, DraftCard, Drawing, Link, Notice, Row, Screen, Series
from handlers.rules.text import Text
from tests.bot.chats.discord.markdown import AWAKE, alive
from tests.discord.lint import lint_message

ANA, SUPPORT = "100000000000000001", "200000000000000002"
ATTACKS = (
    "@everyone", "@here", f"<@{ANA}>", "<@!100000000000000009>", f"<@&{SUPPORT}>", "<#300000000000000003>",
    "</claim:400000000000000004>", "<t:1:R>", "<:wave:500000000000000005>", "<a:wave:500000000000000005>",
    "<id:customize>", "<https://evil.example>", "https://evil.example/x", "HTTP://EVIL.example", "steam://run/1",
    "discord.gg/evil", "https://discord.com/invite/evil", "<mailto:a@evil.example>", "<+15551234>",
    "[x](https://evil.example)", "[x]( https://evil.example )", "[[x]](https://evil.example 't')", "\\[x](https://e.x)",
    "**bold**", "*i*", "_i_", "__u__", "___b___", "~~s~~", "||spoiler||", "`code`", "``c``", "```js\nx\n```", "```",
    "\\", "\\\\", "\\*x*", "# h", "## h", "### h", "-# small", "- item", "* item", "+ item", "1. item", "12) item",
    "١٢) item", "> q", ">>> q", "> # h", "  # h", "\n# h\n> q", ":tada:", ":a:b:c:", ":thumbsup::skin-tone-2:",
    "¯\\_(ツ)_/¯", "_i_\u0130", "_i_\u017f", "_i_\u212a",
    "ear|claim|1", "-# ref 0123456789", "\ud800", "\u202e\u2066gnp\u2069", "\u200b", "z" + "\u0301" * 60,
    "\x00\x1b[31m", "\n\n\n", "\u2028", "👨‍👩‍👧‍👦" * 9, "😀" * 90, "لم يصل", " ", "",
    "\n🔴 #1 urgent · claimed by Ana", "﷽" * 60,
)  # fmt: skip
LONG = {
    "one word": "w" * 20_000, "words": "very long " * 2_000, "marks": "\\*_~`|<:[" * 2_500, "emoji": "😀" * 9_000,
    "families": "👨‍👩‍👧‍👦" * 2_000, "one visible character": "👨\u200d" * 9_000, "accents": "z" + "\u0301" * 20_000,
    "lines": "a\n" * 9_000, "pings": "@everyone " * 2_000, "fences": "```" * 5_000, "halves": "\ud800" * 20_000,
}  # fmt: skip
URLS = (
    "https://shop.example/a?b=1&c=2", "http://shop.example/(a)|b", "https://good.example@evil.example/", "javascript:1",
    "https://shop.example/<@1>", "https://xn--80ak6aa92e.example/а", "", "https://a.example/" + "x&" * 900,
    "https://shop.example/" + "ä" * 300,
)  # fmt: skip

WORDS = st.lists(st.sampled_from(ATTACKS) | st.text(max_size=20), max_size=4).map(" ".join)
_TEXTS = st.builds(Text, WORDS, st.booleans(), st.booleans())
_LINKS = st.none() | st.builds(Link, WORDS, st.sampled_from(URLS), WORDS)
_CASES = st.integers(1, 10**9)
_BUTTONS = st.builds(
    Button, WORDS, st.sampled_from(("claim", "mute", "show")), st.none() | _CASES,
    st.just(()) | st.tuples(st.tuples(st.just("words"), WORDS)), st.sampled_from(("", "danger", "odd")), WORDS,
)  # fmt: skip
_SOME = st.lists(_BUTTONS, max_size=8).map(tuple)
_MANY = st.lists(WORDS, max_size=8).map(tuple)
_MOMENTS = st.integers(-(10**9), 4 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
_CARDS = st.builds(
    Card, _CASES, WORDS, WORDS, WORDS, WORDS, WORDS, WORDS, _LINKS, _MOMENTS, WORDS, WORDS, st.none() | _TEXTS, _MANY,
    _MANY, _SOME, _SOME, WORDS, st.booleans(),
)  # fmt: skip
_DRAFTS = st.builds(DraftCard, _CASES, _CASES, WORDS, WORDS, WORDS, _TEXTS, _LINKS, WORDS, _SOME)
_CALLED = st.sampled_from(("", "support", "@leads", "@everyone", "@here", f"<@&{SUPPORT}>"))
_NOTICES = st.builds(Notice, WORDS, st.sampled_from(("", "ana", "@everyone")), st.none() | _CASES, _SOME, _CALLED)
_SERIES = st.builds(Series, WORDS, st.just((1.0, None)))
_CHARTS = st.none() | st.builds(
    Chart,
    st.just("lines"),
    WORDS,
    st.tuples(WORDS, WORDS),
    st.tuples(_SERIES),
    WORDS,
)
_ROWS = st.builds(Row, WORDS, st.none() | _TEXTS, _MANY, _SOME, WORDS, _LINKS, st.booleans())
_SCREENS = st.builds(
    Screen, WORDS, WORDS, st.lists(_ROWS, max_size=5).map(lambda rows: (*rows * 8,)), WORDS, _SOME, _CHARTS
)
DRAWINGS = _CARDS | _DRAFTS | _NOTICES | _SCREENS

_IN_CONTENT = {"code", "small"}
_IN_DESCRIPTION = {"quote", "bold", "code", "block", "link"}  # small print is not known to work in embeds
_IN_FIELD = {"time", "link"}


def payload(message: Message) -> dict[str, Any]:
    """What is sent, as Discord gets it."""
    return {
        "content": message.content,
        "embeds": [embed.to_dict() for embed in message.embeds],
        "components": message.view.to_components() if message.view else [],
        "allowed_mentions": message.allowed.to_dict(),
    }


def buttons_of(message: Message) -> list[dict[str, Any]]:
    """Every button, in order."""
    return [one for row in payload(message)["components"] for one in row["components"] if one["type"] == 2]


def links_of(drawing: Drawing) -> set[str]:
    """Where a drawing itself leads."""
    own = [getattr(drawing, "link", None)]
    own += [row.link for row in drawing.rows] if isinstance(drawing, Screen) else []
    return {address(link.url) for link in own if link} - {""}


def assert_harmless(message: Message, drawing: Drawing | None, users: set[str], roles: set[str]) -> None:
    """Discord takes it, it pings and leads only where it may, and a customer's words are words."""
    told = payload(message)
    assert lint_message(told, 0, [PICTURE]) == []
    _assert_short(told)
    assert set(message.user_pings) <= users
    assert set(message.role_pings) <= roles
    assert told["allowed_mentions"]["parse"] == []
    found = alive(message.content)
    pings = {f"<@{user}>" for user in message.user_pings} | {f"<@&{role}>" for role in message.role_pings}
    assert {whole for kind, whole in found if kind in ("user", "role")} <= pings
    assert {kind for kind, _ in found} <= _IN_CONTENT | {"user", "role"}
    assert set(AWAKE.findall(message.content)) <= pings
    links = links_of(drawing) if drawing else set()
    for embed in told["embeds"]:
        _assert_only(embed.get("description", ""), _IN_DESCRIPTION, links)
        _assert_only(embed.get("title", ""), set(), set())
        for field in embed.get("fields", ()):
            _assert_only(field["value"], _IN_FIELD, links)
        assert {embed[part]["url"] for part in ("author",) if embed.get(part, {}).get("url")} <= links
        assert embed.get("image", {}).get("url", f"attachment://{PICTURE}") == f"attachment://{PICTURE}"
    assert {one["url"] for one in buttons_of(message) if "url" in one} <= links


def _assert_short(told: Mapping[str, Any]) -> None:
    """Counted in UTF-16 units too, which is stricter than what Discord is known to do."""
    texts = [text for embed in told["embeds"] for text in _texts(embed)]
    assert sum(len(text.encode("utf-16-le")) // 2 for text in texts) <= 6_000
    assert len(told["content"].encode("utf-16-le")) // 2 <= 2_000


def _texts(embed: Mapping[str, Any]) -> Iterable[str]:
    yield embed.get("title", "")
    yield embed.get("description", "")
    yield embed.get("author", {}).get("name", "")
    yield embed.get("footer", {}).get("text", "")
    for field in embed.get("fields", ()):
        yield from (field["name"], field["value"])


def _assert_only(words: str, allowed: set[str], links: set[str]) -> None:
    found = alive(words)
    assert {kind for kind, _ in found} <= allowed
    assert {whole.rpartition("](")[2].removesuffix(")") for kind, whole in found if kind == "link"} <= links
