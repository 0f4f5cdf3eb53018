"""Hostile texts by a seeded grammar: the attacks that we know, joined, nested, cut, repeated, hidden and mixed with
characters of every category of Unicode.

Nothing here knows how Earshot makes a text safe.
"""

import random
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from html import escape
from urllib.parse import quote

from tests.bot.chats.discord.drawn import ATTACKS as FOR_DISCORD
from tests.bot.chats.slack.drawn import ATTACKS as FOR_SLACK
from tests.hostile import ATTACKS, DATES

LONGEST = 30_000  # characters of a text that was repeated; one in fifty
_HIDDEN = ("\u200b", "\u2060", "\ufeff", "\u00ad", "\u200d", "\u034f", "\u202e", "\u2066", "\x00", "\\")
_HOSTS = ("evil.example", "bank.example", "slack.com", "discord.gg", "xn--80ak6aa92e.example", "аррӏе.example")
_FRAMES = (
    "<{}>", "[{}]({})", "<{}|{}>", "*{}*", "_{}_", "`{}`", "```\n{}\n```", "||{}||", "**{}**", "~~{}~~", "> {}", '"{}"',
    "'{}'", "({})", "<b>{}</b>", "<!--{}-->", "<![CDATA[{}]]>", "&{};", "{}={}", "={}", "+{}", "-{}", "@{}", "\t{}",
    ";{}", ",{}", "|{}|", "\\{}", "{}\\", "\n{}", "\r{}", "\r\n{}", "<@{}>", "<#{}>", "<!{}>", "<a:{}:1>", ":{}:",
    "<script>{}</script>", "<a href='{}'>{}</a>", "javascript:{}", "# {}", "-# {}", "1. {}", "\x1b[31m{}\x1b[0m",
    "\x1b]8;;{}\x07{}\x1b]8;;\x07", "\u202e{}\u202c", "%{}", "${{{}}}", "{{{{{}}}}}", "=HYPERLINK({},{})",
    "\r\nBcc: {}", "\n\n.\r\n{}", "https://{}", "https://{}@{}/", "www.{}", "mailto:{}", "discord.gg/{}",
)  # fmt: skip
_FORMULAS = ("=1+1", "+1+1", "-1+1", "@SUM(1)", "＝1+1", "=cmd|' /C calc'!A0", '=HYPERLINK("https://evil.example")')
_PARTS = (";", "\t", ",", "|", "\n", '"', '";', '"\n', " ", "\u00a0", "\ufeff", "x;")


@cache
def _by_category() -> Mapping[str, Sequence[str]]:
    """Characters of each category, spread over the planes."""
    found: dict[str, list[str]] = {}
    for code in (*range(0x3000), *range(0x3000, 0x110000, 17)):
        found.setdefault(unicodedata.category(chr(code)), []).append(chr(code))
    found["Cs"] = ["\ud800", "\udbff", "\udc00", "\udfff"]
    return found


class Texts:
    """`chance` decides all."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._attacks = [*(one[:5_000] for one in ATTACKS.values()), *FOR_SLACK, *FOR_DISCORD, *DATES]
        self._ways: Sequence[Callable[[str], str]] = (
            self._framed, self._framed, self._cut, self._repeated, self._hidden, self._escaped, self._joined,
            self._joined, self._cased, self._reversed,
        )  # fmt: skip

    def text(self) -> str:
        """What a person might have written, who means ill."""
        words = self._atom()
        for _ in range(self._chance.randrange(4)):
            words = self._chance.choice(self._ways)(words)
        return words[: LONGEST if self._chance.random() < 0.02 else 3_000]

    def short(self, most: int = 120) -> str:
        """A name, a handle, a title, a line that is typed: the same, and not long."""
        return self.text()[:most]

    def line(self, most: int = 200) -> str:
        """As a chat or a browser gives it to us: no halves of characters, one line."""
        words = self.short(most).encode("utf-8", "replace").decode()
        return " ".join(words.replace("\x00", "").splitlines())

    def url(self) -> str:
        """An address, often a good one."""
        return self._url().replace("\x1b", "")

    def _url(self) -> str:
        chance = self._chance
        if chance.random() < 0.4:
            return f"https://{chance.choice(_HOSTS)}/{quote(self.short(40).encode('utf-8', 'replace'))}"
        return chance.choice((
            self.text()[:200], f"https://{self.short(30)}/", f"https://{chance.choice(_HOSTS)}/{self.short(60)}",
            f"https://{chance.choice(_HOSTS)}@{chance.choice(_HOSTS)}/", f"//{chance.choice(_HOSTS)}/x",
            f"https://{chance.choice(_HOSTS)}:{chance.randrange(99_999)}/{self.short(20)}",
            f"http://{chance.choice(_HOSTS)}\\@{chance.choice(_HOSTS)}/", f"javascript://{chance.choice(_HOSTS)}/%0aalert(1)",
            f"https://{chance.choice(_HOSTS)}/" + "x&|<>)(]["[chance.randrange(9)] * chance.randrange(900),
        ))  # fmt: skip

    def _atom(self) -> str:
        chance = self._chance
        kind = chance.random()
        if kind < 0.5:
            return chance.choice(self._attacks)
        if kind < 0.6:
            return chance.choice(_PARTS) + chance.choice(_FORMULAS) + chance.choice(("", ";", "\n", '"'))
        if kind < 0.7:
            return f"{chance.choice(_HOSTS)} {self._framed(chance.choice(_HOSTS))}"
        letters = chance.choice(list(_by_category().values()))
        return "".join(chance.choices(letters, k=chance.randrange(1, 30)))

    def _framed(self, words: str) -> str:
        frame = self._chance.choice(_FRAMES)
        return frame.format(words, self._chance.choice((words, f"https://{self._chance.choice(_HOSTS)}/")))

    def _cut(self, words: str) -> str:
        start = self._chance.randrange(len(words) // 2 + 1)
        return words[start : start + self._chance.randrange(1, 200)]

    def _repeated(self, words: str) -> str:
        return words[:200] * self._chance.choice((2, 3, 50, 300))

    def _hidden(self, words: str) -> str:
        return self._chance.choice(_HIDDEN).join(words[:300])

    def _escaped(self, words: str) -> str:
        way = self._chance.choice((escape, lambda told: told.encode("unicode_escape").decode(), ascii))
        return way(words[:1_000])

    def _joined(self, words: str) -> str:
        return words + self._chance.choice(("", " ", "\n", "\r", "\t", "\u2028", ";")) + self._atom()

    def _cased(self, words: str) -> str:
        return self._chance.choice((str.upper, str.title, str.swapcase))(words[:2_000])

    def _reversed(self, words: str) -> str:
        return words[:2_000][::-1]
