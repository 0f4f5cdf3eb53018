"""What every kind of source promises, whatever it reads."""

import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from bot import registry
from handlers.ports import Broken, Page, Source
from handlers.rules.policy import SourceEntry
from storage.types import RawMention
from tests.bot.sources.feedserver import fetching, serving, tools

KINDS = registry.kinds()

ITEMS = 7
BAD = 3  # the item that cannot be read


def csv_file(count: int) -> bytes:
    rows = [f"id-{number},words {number}" if number != BAD else "id-x,one,cell,too,many" for number in range(count)]
    return "\n".join(["id,text", *rows, ""]).encode()


def json_lines(count: int) -> bytes:
    rows = [json.dumps({"id": f"id-{number}", "text": f"words {number}"}) for number in range(count)]
    rows[BAD] = '{"id": "x", "text": NaN}'
    return "\n".join(rows).encode()


def mbox(count: int) -> bytes:
    texts = ["" if number == BAD else f"words {number}" for number in range(count)]
    mails = [f"From a@b.example\nMessage-ID: <id-{number}@b>\n\n{text}\n\n" for number, text in enumerate(texts)]
    return "".join(mails).encode()


def rss(count: int) -> bytes:
    texts = ["" if number == BAD else f"words {number}" for number in range(count)]
    items = [f"<item><guid>id-{n}</guid><description>{text}</description></item>" for n, text in enumerate(texts)]
    return f'<rss version="2.0"><channel>{"".join(reversed(items))}</channel></rss>'.encode()


def json_feed(count: int) -> bytes:
    items: list[Any] = [{"id": f"id-{number}", "content_text": f"words {number}"} for number in range(count)]
    items[BAD] = "no object"
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items[::-1]}).encode()


FILES = {"notes.csv": csv_file, "notes.jsonl": json_lines, "mails.mbox": mbox}
FEEDS = {"rss": rss, "json": json_feed}

Check = Callable[[Source, Callable[[], None]], Awaitable[None]]


async def with_source(which: str, folder: Path, check: Check) -> None:
    """Run `check` with a source of ITEMS items and with what adds one more to it."""
    async with serving() as server, fetching() as fetch:
        if which in FILES:
            settings: Mapping[str, Any] = {"folder": str(folder)}

            def give(count: int) -> None:
                (folder / which).write_bytes(FILES[which](count))
        else:
            settings = {"url": server.url("/feed"), "allow_private": True}

            def give(count: int) -> None:
                server.say("/feed", FEEDS[which](count), headers={"ETag": f'"{count}"'})

        give(ITEMS)
        kind = "file" if which in FILES else "feed"
        source = registry.build(SourceEntry("one", kind, settings=settings), tools(fetch))
        try:
            await check(source, lambda: give(ITEMS + 1))
        finally:
            await source.close()


async def read_all(source: Source, cursor: str | None = None, limit: int = 2) -> tuple[list[Any], str | None]:
    items: list[Any] = []
    for _ in range(20):
        page = await source.poll(cursor, limit)
        assert len(page.items) <= limit
        items += page.items
        cursor = page.cursor
        assert cursor is None or json.loads(cursor) == json.loads(json.dumps(json.loads(cursor)))
        if not page.more:
            return items, cursor
    raise AssertionError("the source never says that it is done")


def ids(items: list[Any]) -> list[str]:
    return [item.native_id for item in items if isinstance(item, RawMention)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_sample_gives_what_is_expected(kind: str) -> None:
    module = KINDS[kind]
    assert module.EXPECTED
    assert module.read_sample() == module.EXPECTED
    assert module.read_sample() == module.read_sample()


@pytest.mark.parametrize("kind", KINDS)
def test_the_manual_page_says_what_cannot_be_seen(kind: str) -> None:
    manual = KINDS[kind].__doc__ or ""
    assert manual.strip().split("\n\n")[-1].startswith("What this source can't see")


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_is_explained_where_it_is_declared(kind: str) -> None:
    shape = registry.settings_of(kind)  # it may be declared in a file beside its kind's
    lines = inspect.getsource(shape).splitlines()
    for one in fields(shape):
        line = next(line for line in lines if line.startswith(f"    {one.name}: "))
        assert "  # " in line


@pytest.mark.parametrize("which", [*FILES, *FEEDS])
async def test_everything_is_given_once_oldest_first(which: str, tmp_path: Path) -> None:
    async def check(source: Source, more: Callable[[], None]) -> None:
        items, cursor = await read_all(source)
        texts = [item.text for item in items if isinstance(item, RawMention)]
        assert texts == [f"words {number}" for number in range(ITEMS) if number != BAD]
        assert (await read_all(source, cursor))[0] == []

    await with_source(which, tmp_path, check)


@pytest.mark.parametrize("which", [*FILES, *FEEDS])
async def test_a_broken_item_costs_itself_alone(which: str, tmp_path: Path) -> None:
    async def check(source: Source, more: Callable[[], None]) -> None:
        items, _ = await read_all(source)
        broken = [item for item in items if isinstance(item, Broken)]
        assert len(broken) == 1
        assert broken[0].where
        assert broken[0].reason
        assert len(ids(items)) == ITEMS - 1

    await with_source(which, tmp_path, check)


@pytest.mark.parametrize("which", [*FILES, *FEEDS])
async def test_the_same_cursor_gives_the_same_page(which: str, tmp_path: Path) -> None:
    async def check(source: Source, more: Callable[[], None]) -> None:
        first: Page = await source.poll(None, 2)
        again: Page = await source.poll(None, 2)
        assert first.items == again.items
        second = await source.poll(first.cursor, 2)
        assert second.items == (await source.poll(first.cursor, 2)).items
        assert second.items != first.items

    await with_source(which, tmp_path, check)


@pytest.mark.parametrize("which", [*FILES, *FEEDS])
@pytest.mark.parametrize("crashes", [(0,), (1,), (2, 3), (0, 1, 2, 3, 4)])
async def test_a_crash_between_pages_repeats_and_never_skips(
    which: str, crashes: tuple[int, ...], tmp_path: Path
) -> None:
    async def check(source: Source, more: Callable[[], None]) -> None:
        cursor, seen = None, []
        for step in range(20):
            page = await source.poll(cursor, 2)
            seen += ids(list(page.items))
            if step in crashes:  # given, but the cursor was lost: an older one is used again
                continue
            cursor = page.cursor
            if not page.more:
                break
        assert set(seen) == set(ids((await read_all(source))[0]))
        assert len(set(seen)) == ITEMS - 1

    await with_source(which, tmp_path, check)


@pytest.mark.parametrize("which", [*FILES, *FEEDS])
async def test_what_comes_later_is_given_and_is_no_backlog(which: str, tmp_path: Path) -> None:
    async def check(source: Source, more: Callable[[], None]) -> None:
        cursor, flags, is_more = None, [], True
        while is_more:
            page = await source.poll(cursor, 3)
            cursor, is_more = page.cursor, page.more
            flags += [page.is_backlog] * len(page.items)
        assert all(flags)
        assert len(flags) == ITEMS
        more()
        page = await source.poll(cursor, 5)
        assert f"words {ITEMS}" in [item.text for item in page.items if isinstance(item, RawMention)]
        assert not page.is_backlog

    await with_source(which, tmp_path, check)


@pytest.mark.parametrize("which", [*FILES, *FEEDS])
@pytest.mark.parametrize("cursor", ["", "null", "[]", "{", '{"home": 1}', '{"notes.csv": {"rows": "x"}}', "[" * 99_999])
async def test_a_damaged_cursor_counts_as_none(which: str, cursor: str, tmp_path: Path) -> None:
    async def check(source: Source, more: Callable[[], None]) -> None:
        assert len(ids((await read_all(source, cursor))[0])) == ITEMS - 1

    await with_source(which, tmp_path, check)


@pytest.mark.parametrize("which", [*FILES, *FEEDS])
async def test_check_says_in_a_sentence_that_it_can_be_read(which: str, tmp_path: Path) -> None:
    async def check(source: Source, more: Callable[[], None]) -> None:
        assert "can be read" in await source.check()

    await with_source(which, tmp_path, check)
