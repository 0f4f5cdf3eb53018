from base64 import urlsafe_b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sources.links import address_of, is_search, unwrapped, without_campaign


def news_link(address: str, path: str = "rss/articles") -> str:
    told = address.encode()
    length = bytes([len(told)]) if len(told) < 128 else bytes([len(told) & 0x7F | 0x80, len(told) >> 7])
    name = urlsafe_b64encode(b"\x08\x13\x22" + length + told + b"\xd2\x01\x00").decode().rstrip("=")
    return f"https://news.google.com/{path}/{name}?oc=5"


LONG = "https://paper.example/a-long-way-down/" + "and-on-" * 30


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("https://www.google.com/url?rct=j&sa=t&url=https://a.example/b%3Fc%3D1&ct=ga", "https://a.example/b?c=1"),
        ("https://www.google.co.uk/url?q=https://a.example/b&sa=U", "https://a.example/b"),
        (news_link("https://paper.example/lamps"), "https://paper.example/lamps"),
        (news_link("https://paper.example/lamps", "articles"), "https://paper.example/lamps"),
        (news_link(LONG), LONG),
    ],
)
def test_a_link_of_a_search_leads_to_the_article(link: str, address: str) -> None:
    assert unwrapped(link) == address


@pytest.mark.parametrize(
    "link",
    [
        "https://www.google.com/url?sa=t",
        "https://google.evil.example/url?url=https://a.example",
        "https://www.google.com/search?q=https://a.example",
        news_link("AU_yqLMabcdefghijklmnop"),
        news_link("javascript:alert(1)"),
        "https://news.google.com/rss/articles/CBMi" + "A" * 60,
        "https://news.google.com/rss/articles/CBMi" + "é" * 60,
        "https://news.google.com/topics/abc",
        "http://[::1",
        "https://a.example/b",
    ],
)
def test_any_other_link_stays_as_it_is(link: str) -> None:
    assert unwrapped(link) == link


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("https://a.example/b?utm_source=x&id=7&utm_medium=y#part", "https://a.example/b?id=7#part"),
        ("https://a.example/b?utm_source=x", "https://a.example/b"),
        ("https://a.example/b?fbclid=1&q=a%20b+c&empty=&x", "https://a.example/b?q=a%20b+c&empty=&x"),
        ("https://a.example/b?my_utm_source=x", "https://a.example/b?my_utm_source=x"),
        ("https://a.example/?a=1?utm_source=2", "https://a.example/?a=1?utm_source=2"),
        ("https://a.example/b#?utm_source=x", "https://a.example/b#?utm_source=x"),
        ("https://a.example/b?", "https://a.example/b?"),
    ],
)
def test_what_only_counts_who_sent_the_reader_is_left_out(url: str, bare: str) -> None:
    assert without_campaign(url) == bare


def test_nobody_is_led_to_what_is_no_web_address() -> None:
    assert address_of("https://www.google.com/url?url=javascript:alert(1)") == ""


def test_a_search_is_told_from_a_blog() -> None:
    assert is_search("https://www.google.com/alerts/feeds/123/456")
    assert is_search("https://news.google.com/rss/search?q=lamp")
    assert is_search("https://blog.example/feed?s=lamp")
    assert not is_search("https://blog.example/feed?page=1&tags=a")
    assert not is_search("http://[")


@settings(max_examples=100, deadline=None)
@given(
    st.text(max_size=60), st.sampled_from(["", "https://news.google.com/rss/articles/", "https://google.com/url?url="])
)
def test_no_link_raises(text: str, head: str) -> None:
    assert isinstance(address_of(head + text), str)
    assert isinstance(is_search(head + text), bool)
