"""Hostile text is the normal case: every text of the corpus goes in by every door and comes out as words only."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import pytest

from bot.chats.local import render
from bot.chats.local.adapter import Stored, to_body
from bot.importing import ImportReport, import_file
from bot.sources.feed import FeedSource, Settings
from bot.sources.fieldmap import storable
from handlers import export
from handlers.cards import Card
from handlers.context import Context
from handlers.messages import draw
from handlers.ports import Broken, SourceError
from handlers.rules.text import clean
from storage.local_chat import LocalMessage
from storage.store import Store, open_storage
from tests.bot.running import CONFIG, environment, running
from tests.bot.sources.feedserver import ANYWHERE, FeedServer, fetching, serving, tools
from tests.hostile import ATTACKS, BODIES, DATES, FEEDS, bare_texts, texts
from tests.kit import NOW, POLICY, PRAISE, TROUBLES, Desk, raw

ALL = texts() | bare_texts()
PINGS = ("@everyone", "@here", "<!", "<@", "<#")
LARGEST_POST = 200_000  # characters of a text that is posted; the rest is refused for its size, which has its own test


class Outline(HTMLParser):
    """Which elements a page has, with the names of their attributes, and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: set[tuple[str, str]] = set()
        self.links: set[str] = set()
        self.comments = 0  # and other things that are no elements
        self.declarations = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shapes |= {(tag, name) for name, _ in attrs} | {(tag, "")}
        self.links |= {value or "" for name, value in attrs if name in ("href", "src", "action", "formaction")}

    def handle_comment(self, data: str) -> None:
        self.comments += 1

    def unknown_decl(self, data: str) -> None:
        self.comments += 1

    def handle_pi(self, data: str) -> None:
        self.comments += 1

    def handle_decl(self, decl: str) -> None:
        self.declarations += 1


def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    parser.close()
    return parser


def cards(desk: Desk) -> dict[str, tuple[Card, str]]:
    """Every case's card as drawn, and as HTML, by the native id of its mention."""
    found = {}
    for number, native_id in each(desk.store):
        card = draw(desk.ctx, f"case:{number}", "")
        assert isinstance(card, Card)
        message = LocalMessage(str(number), number, "#alerts", "", to_body(Stored(card)), NOW, NOW, 0)
        found[native_id] = card, render.message_html(message, NOW, "/c/alerts?thread=1")
    return found


def each(store: Store) -> Iterator[tuple[int, str]]:
    sql = "select c.id, m.native_id from cases c join mentions m on m.id = c.mention_id"
    yield from ((row["id"], row["native_id"]) for row in store.engine.rows(sql))


def benign(tmp_path: Path) -> set[tuple[str, str]]:
    """What a card of harmless words consists of, in all its forms."""
    store = open_storage(tmp_path / "benign.db")
    desk = Desk(store)
    desk.take(raw("1", TROUBLES[0], title="A title"), raw("2", TROUBLES[1], url="", author=""), with_cases=True)
    desk.take(raw("3", "Heron " + "is awful and I hate it " * 60), raw("4", "Heron is aw\u200bful, I hate it"))
    desk.take(raw("5", PRAISE), with_cases=True)
    shapes = set().union(*(outline(html).shapes for _, html in cards(desk).values()))
    store.close()
    return shapes


def check_cards(desk: Desk, tmp_path: Path, wanted: set[str]) -> None:
    """Each wanted mention has a card that shows it as words and nothing else."""
    allowed, drawn = benign(tmp_path), cards(desk)
    assert wanted <= {native_id for _, native_id in stored(desk.store)}
    assert drawn
    for native_id, (card, html) in drawn.items():
        found = outline(html)
        assert found.shapes <= allowed, native_id
        assert (found.comments, found.declarations) == (0, 0), native_id
        assert all(link.startswith(("/c/", "https://", "http://")) for link in found.links), native_id
        assert not any(ping in ours for ours in ours_of(card) for ping in PINGS), native_id
        html.encode()  # what a browser is sent


def ours_of(card: Card) -> Iterator[str]:
    """Every word on a card that a chat might parse: all but the customer's own, which are marked as such."""
    told = asdict(card)
    for name in ("quote", "title", "author"):
        del told[name]

    def words(value: Any) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            for inner in value.values():
                yield from words(inner)
        elif isinstance(value, list | tuple):
            for inner in value:
                yield from words(inner)

    yield from words(told)


def stored(store: Store) -> list[tuple[str, str]]:
    return [(row["text"], row["native_id"]) for row in store.engine.rows("select text, native_id from mentions")]


def reasons(store: Store) -> dict[str, str]:
    return {row["place"]: row["reason"] for row in store.engine.rows("select place, reason from quarantine")}


def nothing_is_missing(report: ImportReport, items: int, store: Store) -> None:
    assert report.read == items
    assert report.stored + report.known + report.unmatched + report.quarantined == items
    assert len(reasons(store)) == report.quarantined
    assert all(reasons(store).values())
    assert store.engine.check() == []


def imported(home: Path, file: Path) -> tuple[ImportReport, Desk]:
    report = import_file(
        environment(home), POLICY, file, source="archive", brand="Heron Air", field_map={}, with_cases=True,
        progress=lambda done, total: None, now=lambda: NOW,
    )  # fmt: skip
    return report, Desk(open_storage(environment(home).database))


def rows() -> list[dict[str, str]]:
    """A row for each text, with the attack in every other field too, and a row for each date."""
    hostile = [
        {"id": tag, "text": text, "author": text[:300], "title": text[:400], "url": f"https://x.example/{text[:50]}"}
        for tag, text in ALL.items()
    ]
    dated = [
        {"id": f"d{number}", "text": f"Heron is awful, I hate it d{number}", "date": date, "likes": date}
        for number, date in enumerate(DATES)
    ]
    return [*hostile, *dated]


def test_a_csv_file_of_hostile_texts(tmp_path: Path) -> None:
    file = tmp_path / "archive.csv"
    with file.open("w", newline="", encoding="utf-8", errors="surrogatepass") as stream:
        writer = csv.DictWriter(stream, ["id", "text", "author", "title", "url", "date", "likes"])
        writer.writeheader()
        writer.writerows(rows())
    report, desk = imported(tmp_path, file)
    nothing_is_missing(report, len(rows()), desk.store)
    found = {native_id: text for text, native_id in stored(desk.store)}
    assert set(found) == {row["id"] for row in rows()}
    for tag, text in ALL.items():
        as_read = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        assert found[tag] == clean(storable(as_read)), tag
    check_cards(desk, tmp_path, set(ALL))
    desk.store.close()


def test_a_jsonl_file_of_hostile_texts(tmp_path: Path) -> None:
    file = tmp_path / "archive.jsonl"
    lines = [json.dumps(row).encode() for row in rows()]
    broken = [body.replace(b"\n", b" ") for body in BODIES.values() if body.strip()]
    file.write_bytes(b"\n".join([*lines, *broken]) + b"\n")
    report, desk = imported(tmp_path, file)
    assert report.read == len(lines) + len(broken)
    assert report.stored + report.known + report.unmatched + report.quarantined == report.read
    assert len(reasons(desk.store)) == report.quarantined > 10
    assert all(reasons(desk.store).values())
    found = {native_id: text for text, native_id in stored(desk.store)}
    for tag, text in ALL.items():
        assert found[tag] == clean(storable(text)), tag
    check_cards(desk, tmp_path, set(ALL))
    desk.store.close()


def test_what_is_not_text_at_all(tmp_path: Path) -> None:
    for name, body in {
        "noise.csv": b"id,text\n1,heron \xff\xfe\xfa awful\n\x00\x01\x02\n",
        "wide.csv": "id,text\n2,heron in utf-16 is awful\n".encode("utf-16"),
        "noise.jsonl": b'{"id": 3, "text": "heron \xff awful"}\n\xff\xfe\n{"id": 4, "text": "heron is awful"}\n',
    }.items():
        (tmp_path / name).write_bytes(body)
        report, desk = imported(tmp_path, tmp_path / name)
        assert report.stored + report.unmatched + report.quarantined == report.read > 0
        desk.store.close()
    store = open_storage(environment(tmp_path).database)
    assert {"1", "2", "3", "4"} - {native_id for _, native_id in stored(store)} == set()
    assert all(reasons(store).values())
    store.close()


async def polled(desk: Desk, server: FeedServer, path: str) -> tuple[Counter[str], str]:
    """Read a feed into the store; what its items were, and the error if it was refused."""
    counts: Counter[str] = Counter()
    async with fetching(guard=ANYWHERE) as fetch:
        source = FeedSource(path, Settings(server.url(path), allow_private=True), tools(fetch, now=NOW))
        cursor, more = None, True
        while more:
            try:
                page = await source.poll(cursor, 200)
            except SourceError as error:
                return counts, str(error)
            taken = desk.take(*page.items, source="desk", with_cases=True)
            counts["read"] += taken.read
            counts["accounted"] += taken.stored + taken.known + taken.unmatched + taken.quarantined
            counts["broken"] += sum(isinstance(item, Broken) for item in page.items)
            cursor, more = page.cursor, page.more
    return counts, ""


async def test_a_json_feed_of_hostile_texts(desk: Desk, tmp_path: Path) -> None:
    items = [
        {"id": tag, "content_text": text, "title": text[:300], "authors": [{"name": text[:200]}], "url": text[:100]}
        for tag, text in ALL.items()
    ]
    items += [{"id": date, "content_text": f"Heron {n}", "date_published": date} for n, date in enumerate(DATES)]
    async with serving() as server:
        server.say("/feed.json", json.dumps({"version": "1.1", "items": items}).encode())
        counts, error = await polled(desk, server, "/feed.json")
    assert error == ""
    assert counts["read"] == counts["accounted"] == len(items)
    assert counts["broken"] == 0
    found = {text for text, _ in stored(desk.store)}
    for tag, text in ALL.items():
        assert clean(storable(text.strip())) in found, tag
    check_cards(desk, tmp_path, set())


async def test_rss_feeds_of_hostile_texts(desk: Desk, tmp_path: Path) -> None:
    async with serving() as server:
        for tag, text in ALL.items():
            words = escape(text[:100_000])
            body = (
                f"<rss version='2.0'><channel><item><guid>{tag}</guid><title>{words[:300]}</title>"
                f"<author>{words[:99]}</author><description>{words} end{tag}</description>"
                f"<pubDate>{DATES[len(words) % len(DATES)]}</pubDate></item></channel></rss>"
            )
            server.say(f"/{tag}", body.encode("utf-8", "surrogatepass"), headers={"Content-Type": "text/xml"})
            counts, error = await polled(desk, server, f"/{tag}")
            assert error == "", tag
            assert counts["read"] == counts["accounted"] == 1, tag
            assert counts["broken"] == 0, tag
    found = [text for text, _ in stored(desk.store)]
    assert len(found) == len(ALL)
    for tag, text in ALL.items():
        assert len(text) > 15_000 or any(tag in one for one in found), tag
    check_cards(desk, tmp_path, set())


@pytest.mark.parametrize("name", FEEDS)
async def test_a_feed_that_is_a_weapon_is_read_or_refused_in_words(desk: Desk, name: str) -> None:
    async with serving() as server:
        server.say("/feed", FEEDS[name], headers={"Content-Type": "application/xml"})
        counts, error = await polled(desk, server, "/feed")
    assert error or counts["read"] == counts["accounted"]
    assert ("declares entities" in error) is (b"<!ENTITY" in FEEDS[name])
    assert not any("root:" in text for text, _ in stored(desk.store))


async def test_the_webhook_and_the_real_page(tmp_path: Path) -> None:
    posted = {tag: text for tag, text in ALL.items() if len(text) < LARGEST_POST}
    each_a_card = f"{CONFIG}\n[storms]\nmost_cards = 10000\n"
    async with running(tmp_path, config=each_a_card) as opened:
        ana = await opened.person("ana")
        status, answer = await opened.hook({"id": "m", "text": TROUBLES[0], "title": "A title", "author": "jo"})
        assert status == 202
        await opened.becomes("select count(*) from local_messages where channel = '#alerts'")
        plain = outline(await ana.page("/c/alerts"))
        for tag, text in posted.items():
            item = {"id": tag, "text": text, "author": text[:100], "title": text[:200], "url": text[:60]}
            status, answer = await opened.hook(item)
            assert (status, "1 new" in answer["words"]) == (202, True), tag
        for number, date in enumerate(DATES):
            status, _ = await opened.hook({"id": f"d{number}", "text": "Heron is awful", "date": date, "stars": date})
            assert status == 202
        form = urlencode({"text": "Heron \x00\ud800<script>", "id": "form"}, errors="surrogatepass").encode()
        assert (await opened.hook(form))[0] == 400, "a form that says it is JSON"
        await opened.becomes("select count(*) from deliveries where state in ('pending', 'sending')", 0)
        found = {native_id: text for text, native_id in await opened.rows("select text, native_id from mentions")}
        for tag, text in posted.items():
            assert found[tag] == clean(storable(text)), tag
        number = await opened.value("select count(*) from local_messages where channel = '#alerts'")
        assert number >= len(posted) / 2, "most of them open a case"
        seen, page, path = outline(""), "", "/c/alerts"
        while path:
            page = await ana.page(path)
            seen.feed(page)
            earlier = re.search(r'href="([^"]+)">Show earlier', page)
            path = earlier[1] if earlier else ""
        extra = seen.shapes - plain.shapes - benign(tmp_path)
        assert extra <= {("a", "class"), ("a", "href"), ("p", "class")}, extra
        assert all(link.startswith(("/", "#", "https://", "http://")) for link in seen.links)
        for line in ("queue", "search heron", "show 3", "status", "who jo"):
            answer_ = outline((await ana.say(line))["answer"])
            assert not any(tag == "script" or name.startswith("on") for tag, name in answer_.shapes)
            assert answer_.comments == 0


async def test_a_weapon_at_the_webhook_is_refused_with_a_reason(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        for name, body in BODIES.items():
            status, answer = await opened.hook(body)
            assert status in (202, 400, 413, 422), name
            assert answer["words"], name
            if status != 202:
                assert await opened.value("select count(*) from mentions where text like ?", f"%{name}%") == 0
        assert (await opened.hook({"text": "heron " + "x" * 1_000_000}))[0] == 413
        assert (await opened.hook({"id": "after", "text": TROUBLES[0]}))[0] == 202


@pytest.mark.parametrize(
    "moment",
    [
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-14))),
    ],
)
def test_a_moment_that_no_calendar_holds(desk: Desk, moment: datetime) -> None:
    taken = desk.take(raw("1", published_at=moment), with_cases=True)
    assert (taken.stored, taken.quarantined) == (1, 0)
    assert desk.mentions()[0].published_at is None
    assert cards(desk)


@pytest.mark.parametrize("name", ATTACKS)
def test_a_text_straight_into_the_core(desk: Desk, name: str) -> None:
    attack = ATTACKS[name]
    words = f"{TROUBLES[0]} {attack}"
    item = raw(attack[:400] or "x", words, author=attack, author_name=attack, title=attack, url=attack)
    taken = desk.take(item, with_cases=True)
    assert (taken.stored, taken.quarantined) == (1, 0)
    assert desk.mentions()[0].text == clean(words)
    number = desk.cases()[0].id
    typed = storable(attack)  # the page takes no half characters
    written = (f"note {number} {typed[:1000]}", f"draft {number} {typed[:4000]}", f"who {typed[:200]}")
    for line in (f"show {number}", "queue", f"search {typed[:300]}", *written):
        desk.do("ana", line)
    card, html = cards(desk)[desk.mentions()[0].native_id]
    assert not any(ping in ours for ours in ours_of(card) for ping in PINGS)
    assert "<script" not in html


def test_a_language_that_is_none_stands_nowhere(desk: Desk) -> None:
    desk.take(raw("1", lang="<!channel>"), with_cases=True)
    ((card, _),) = cards(desk).values()
    assert not any(ping in ours for ours in ours_of(card) for ping in PINGS)


def test_searching_for_half_a_character_finds_nothing(desk: Desk) -> None:
    assert "words to look for" in desk.say("ana", "search \ud800")
    assert not desk.do("ana", "search lost\ud800").is_error


@pytest.mark.parametrize("table", [export.cases, export.mentions])
def test_an_export_is_a_table_without_formulas_or_markup(
    desk: Desk, table: Callable[[Context, datetime], Iterator[tuple[str, ...]]]
) -> None:
    for tag, text in ALL.items():
        desk.take(raw(tag, text, author=text, title=text, url=text), source="desk", with_cases=True)
    lines = list(table(desk.ctx, NOW - timedelta(days=1)))
    read = list(csv.reader(io.StringIO("".join(export.as_csv(lines)), newline="")))
    assert len(read) == len(lines) > len(ALL) / 2
    assert {len(line) for line in read} == {len(lines[0])}
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for line in read for cell in line)
    markdown = list(export.as_markdown(lines))
    assert len(markdown) == len(lines) + 1
    for line in markdown:
        assert line.count("\n") == 1
        assert not re.search(r"(?<!\\)[<@\[`]", line), line[:200]
