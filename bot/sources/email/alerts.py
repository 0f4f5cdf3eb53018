"""Google Alerts by mail: one mention for each link. What is public there is public here.

Such a mail tells its links twice: as JSON for mail programs that show cards, which is believed first, and as HTML.
"""

from collections.abc import Mapping
from contextlib import suppress
from html.parser import HTMLParser
from typing import Any

from bot.sources.fieldmap import content_id, read_json, storable, walk
from bot.sources.letters.parts import Letter
from bot.sources.links import address_of, unwrapped
from handlers.rules.text import from_html, host_of
from storage.types import RawMention

SENDER = "googlealerts-noreply@google.com"
MAX_LINKS = 100

_OWN = "https://www.google.com/alerts"  # to change the alert, to share


def is_alert(letter: Letter) -> bool:
    return letter.author.lower() == SENDER


def alerts(letter: Letter) -> list[RawMention]:
    """Its links, each once. Raises ValueError with a sentence when there is none."""
    found: dict[str, RawMention] = {}
    for title, excerpt, link in _of_cards(letter.html) or _of_page(letter.html):
        url = address_of(storable(link))
        words = from_html(excerpt) or from_html(title)
        if url and words and not url.startswith(_OWN) and len(found) < MAX_LINKS:
            found.setdefault(content_id([url]), _mention(letter, url, from_html(title), words))
    if not found:
        raise ValueError("It comes from Google Alerts and no link to a page was found in it.")
    return list(found.values())


def _mention(letter: Letter, url: str, title: str, words: str) -> RawMention:
    host = host_of(url).removeprefix("www.")
    return RawMention(
        native_id=content_id([url]),
        text=words,
        title=title[:500],
        url=url,
        author=host,
        author_name=_publisher(title),
        published_at=letter.date,
        extra={"alert": letter.title.removeprefix("Google Alert - ")[:200]},
        is_final=True,
    )


def _publisher(title: str) -> str:
    """News are titled "What happened - The Paper"."""
    rest, dash, name = title.rpartition(" - ")
    return name.strip() if rest and dash and len(name) <= 60 else ""


def _of_cards(html: str) -> list[tuple[str, str, str]]:
    """(title, excerpt, link) of each card; none when there are no cards that can be read."""
    marked = html.find("inboxmarkup")
    start = html.find(">", marked) + 1
    end = html.find("</script>", start)
    try:
        told = read_json(html[start:end]) if marked >= 0 and 0 < start < end else None
    except ValueError:
        return []
    cards = walk(told, "cards")
    widgets = (
        [one for card in cards if isinstance(card, Mapping) for one in _list(card.get("widgets"))]
        if (isinstance(cards, list))
        else []
    )
    return [
        (_words(one.get("title")), _words(one.get("description")), _words(one.get("url")))
        for one in widgets
        if isinstance(one, Mapping) and one.get("type") == "LINK"
    ]


def _of_page(html: str) -> list[tuple[str, str, str]]:
    page = _Page()
    with suppress(AssertionError):  # how the parser says that a declaration is none
        page.feed(html)
        page.close()
    return [(" ".join(title.split()), " ".join(words.split()), link) for title, words, link in page.told()]


class _Page(HTMLParser):
    """Collects the links that lead outside, each with its words and with those that follow it up to the next link."""

    def __init__(self) -> None:
        super().__init__()
        self._links: list[tuple[str, list[str], list[str]]] = []
        self._is_inside = self._is_past = False
        self._unspoken = 0

    def told(self) -> list[tuple[str, str, str]]:
        named = [one for one in self._links if "".join(one[1]).strip()]
        return [("".join(title), "".join(words), link) for link, title, words in named]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unspoken += tag in ("script", "style")
        if tag != "a":
            return
        link = dict(attrs).get("href") or ""
        leads_out = unwrapped(link) != link
        if leads_out and self._links and self._links[-1][0] == link:
            return  # a second link to the same page: its publisher, its picture
        self._is_inside, self._is_past = leads_out, not leads_out
        if leads_out:
            self._links.append((link, [], []))

    def handle_endtag(self, tag: str) -> None:
        self._unspoken -= tag in ("script", "style") and self._unspoken > 0
        if tag == "a":
            self._is_inside = False

    def handle_data(self, data: str) -> None:
        if not self._unspoken and self._links and not self._is_past:
            _, title, words = self._links[-1]
            (title if self._is_inside else words).append(data)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _words(value: object) -> str:
    return storable(value) if isinstance(value, str) else ""
