import pytest

from bot.sources.feed import opml as feed_opml
from bot.sources.feed.opml import MAX_FEEDS, read_opml
from handlers.ports import BadSource


def opml(*outlines: str, head: str = "") -> bytes:
    return f'{head}<opml version="2.0"><head/><body>{"".join(outlines)}</body></opml>'.encode()


def feed(name: str) -> str:
    return f'<outline type="rss" text="{name}" xmlUrl="https://{name}.example/feed" htmlUrl="https://{name}.example"/>'


def test_every_feed_is_found_once_whatever_folder_it_is_in() -> None:
    told = opml(
        f'<outline text="Lamps">{feed("a")}<outline text="More">{feed("b")}</outline></outline>',
        feed("a").replace('"a"', '"again"'),
        '<outline text="no feed"/>',
        '<OUTLINE TITLE="Caf&#233; &amp; bar" XMLURL=" https://c.example/feed "/>',
        '<outline text="x" xmlUrl="file:///etc/passwd"/><outline text="y" xmlUrl="javascript:alert(1)"/>',
    )
    assert read_opml(told) == [
        ("a", "https://a.example/feed"),
        ("b", "https://b.example/feed"),
        ("Café & bar", "https://c.example/feed"),
    ]


def test_folders_may_be_as_deep_as_they_like() -> None:
    assert len(read_opml(opml('<outline text="f">' * 5_000 + feed("a") + "</outline>" * 5_000))) == 1


def test_the_encoding_that_is_declared_is_used() -> None:
    told = opml(feed("a").replace('text="a"', 'text="café"'), head='<?xml version="1.0" encoding="iso-8859-1"?>')
    assert read_opml(told.decode().encode("iso-8859-1"))[0][0] == "café"


def test_a_list_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_FEEDS == 10_000
    monkeypatch.setattr(feed_opml, "MAX_FEEDS", 20)
    many = [feed(f"a{number}") for number in range(20)]
    assert len(read_opml(opml(*many))) == 20
    with pytest.raises(BadSource, match="more than 20 feeds"):
        read_opml(opml(*many, feed("one-more")))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not well-formed"),
        (b"words", "not well-formed"),
        (opml(feed("a"))[:-9], "not well-formed in line 1"),
        (b"<html/>", "no list of feeds"),
        (opml(head='<!DOCTYPE opml [<!ENTITY a "b">]>'), "entities"),
        (opml(head='<!DOCTYPE opml [<!ENTITY a SYSTEM "file:///etc/passwd">]>'), "entities"),
    ],
)
def test_what_is_no_list_is_said_to_be_none(body: bytes, words: str) -> None:
    with pytest.raises(BadSource, match=words):
        read_opml(body)
