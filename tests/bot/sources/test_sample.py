"""The sample day: what the file must hold, and how the replay behaves over time and restarts."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from bot.fetch import Fetch, Tools
from bot.settings import read_policy
from bot.sources import sample
from bot.sources.sample import SampleDay, Settings
from handlers.ports import BadSource, Page
from handlers.rules.query import Subject, parse
from handlers.rules.stories import canonical, compared, is_alike
from storage.errors import ConfigError
from storage.types import RawMention

NINE = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
TEXT = resources.files("bot.sources").joinpath(sample.DAY_FILE).read_text(encoding="utf-8")
RECORDS: list[dict[str, Any]] = [json.loads(row) for row in TEXT.strip("\n").split("\n")]
LINES = sample.read_day(TEXT)
CASES = {
    "bug",
    "chatter",
    "complaint",
    "hostile",
    "language",
    "near copy",
    "news",
    "off topic",
    "polar fact",
    "praise",
    "question",
    "repost",
    "sarcasm",
    "severe",
    "spam",
    "suggestion",
    "takes off",
    "threat to leave",
}
TEXT_KEYS = {"id", "case", "place", "author", "author_name", "text", "title", "url", "lang", "repost_of"}
COUNT_KEYS = {"at", "followers", "likes", "shares", "replies"}
HOST = re.compile(r"https?://([^\s/|)\"'<>\]]+)")
BARE_HOST = re.compile(r"\b[\w-]+\.(?:com|net|org|info|io|co|uk|de|fr|eu|app|dev|me|ly|ai|shop|biz)\b", re.IGNORECASE)
RESERVED = re.compile(r"(?:^|\.)(?:example|test|invalid|example\.(?:com|net|org))$")
PHONE = re.compile(r"(?:\+|\b0)\d[\d ()-]{7,}\d")


class Clock:
    def __init__(self) -> None:
        self.time = NINE

    def __call__(self) -> datetime:
        return self.time

    def forward(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def day(clock: Clock, minutes: int = 6, head_start: int = 24) -> SampleDay:
    return SampleDay("sample", Settings(minutes, head_start), LINES, clock)


async def drain(source: SampleDay, cursor: str | None, limit: int = 50) -> tuple[list[RawMention], str | None, Page]:
    """All that is due now, page by page."""
    got: list[RawMention] = []
    while True:
        page = await source.poll(cursor, limit)
        assert len(page.items) <= limit
        got += [item for item in page.items if isinstance(item, RawMention)]
        cursor = page.cursor
        if not page.more:
            return got, cursor, page


def counts(mentions: list[RawMention]) -> list[tuple[str, int | None]]:
    return [(mention.native_id, mention.likes) for mention in mentions]


WHOLE_DAY = counts([line.mention for line in LINES])


# The file


def test_each_line_has_known_keys_of_the_right_kind() -> None:
    for record in RECORDS:
        assert set(record) <= TEXT_KEYS | COUNT_KEYS | {"stars", "private"}, record["id"]
        assert all(isinstance(record[key], str) and record[key] for key in TEXT_KEYS & set(record)), record["id"]
        assert all(isinstance(record[key], int) for key in COUNT_KEYS & set(record)), record["id"]
        assert {"at", "id", "text", "case", "place"} <= set(record)
        assert 1 <= record.get("stars", 1) <= 5
        assert record["place"] in {"social", "review", "blog", "call", "form", "mail", "news"}


def test_there_are_at_least_320_mentions_of_every_case() -> None:
    assert len({record["id"] for record in RECORDS}) >= 320
    assert {record["case"] for record in RECORDS} == CASES
    assert min(Counter(record["case"] for record in RECORDS).values()) >= 4


def test_times_ascend_within_twelve_hours() -> None:
    times = [record["at"] for record in RECORDS]
    assert times == sorted(set(times))
    assert times[0] >= 0
    assert times[-1] <= 43_200


def test_ids_count_up_in_the_order_of_their_first_line() -> None:
    first_seen = list(dict.fromkeys(record["id"] for record in RECORDS))
    assert first_seen == [f"s-{number:04d}" for number in range(1, len(first_seen) + 1)]


def test_only_the_post_that_takes_off_comes_again_and_it_only_grows() -> None:
    again = {id for id, times in Counter(record["id"] for record in RECORDS).items() if times > 1}
    assert again == {record["id"] for record in RECORDS if record["case"] == "takes off"}
    assert len(again) == 1
    lines = [record for record in RECORDS if record["id"] in again]
    assert len(lines) >= 7
    assert lines[0]["followers"] < 500
    for key in ("likes", "shares", "replies"):
        values = [line[key] for line in lines]
        assert values == sorted(set(values)), key
    assert len({line["text"] for line in lines}) == 1


def test_no_two_texts_are_alike_except_where_they_are_meant_to_be() -> None:
    texts = Counter(record["text"] for record in RECORDS if record["case"] not in ("repost", "takes off"))
    assert [text for text, times in texts.items() if times > 1] == []


def test_the_wave_is_one_complaint_told_on_within_twenty_minutes() -> None:
    reposts = [record for record in RECORDS if record["case"] == "repost"]
    copies = [record for record in RECORDS if record["case"] == "near copy"]
    (original,) = (record for record in RECORDS if record["id"] in {repost["repost_of"] for repost in reposts})
    assert len(reposts) + len(copies) >= 25
    assert {repost["text"] for repost in reposts} == {f"RT @{original['author']}: {original['text']}"}
    assert all(0 < record["at"] - original["at"] <= 1_200 for record in [*reposts, *copies])
    assert all(is_alike(compared(original["text"]), compared(copy["text"])) for copy in copies)


def test_a_story_is_linked_to_by_three_posts() -> None:
    (article,) = (r for r in RECORDS if r["place"] == "news" and r["case"] == "news" and "Pip 2" in r["title"])
    assert canonical(article["url"])
    assert sum(article["url"] in record["text"] for record in RECORDS) == 3


def test_no_real_host_and_no_telephone_number() -> None:
    for record in RECORDS:
        told = "\n".join(str(record[key]) for key in TEXT_KEYS & set(record))
        for host in HOST.findall(told):
            assert RESERVED.search(host), (record["id"], host)
        assert not BARE_HOST.findall(re.sub(r"\bexample\.(?:com|net|org)\b", "", told)), record["id"]
        assert not PHONE.search(re.sub(r"<@[&!]?\d+>", "", re.sub(HOST.pattern + r"\S*", "", told))), record["id"]


def test_private_is_what_was_said_in_private() -> None:
    for record in RECORDS:
        assert record.get("private", False) == (record["place"] in ("call", "form", "mail")), record["id"]


def test_hostile_text_is_among_it() -> None:
    hostile = "\n".join(record["text"] for record in RECORDS if record["case"] == "hostile")
    for danger in (
        "<!channel>",
        "@everyone",
        "<@U",
        "<script>",
        "](https://",
        "\u202e",
        "\u200b",
        "\x1b[",
        "=cmd|",
        "/earshot ",
        "SYSTEM MESSAGE",
        "\x00",
        "\ud83d",
    ):
        assert danger in hostile, repr(danger)
    longest = max(RECORDS, key=lambda record: len(record["text"]))
    assert 4_500 <= len(longest["text"]) <= 5_500


def test_hidden_characters_are_written_as_escapes() -> None:
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]", TEXT)


def test_many_languages_are_spoken() -> None:
    told = {record["lang"] for record in RECORDS if record["case"] == "language" and "lang" in record}
    assert told >= {"de", "fr", "es", "it", "pt", "nl", "pl", "tr", "ar", "ja", "hi", "ko"}


def test_chatter_and_praise_are_the_majority_of_the_ordinary_stream() -> None:
    kinds = Counter(record["case"] for record in RECORDS)
    loud = sum(kinds[kind] for kind in ("complaint", "question", "suggestion", "bug", "polar fact", "sarcasm"))
    assert kinds["chatter"] + kinds["praise"] > 1.2 * loud


def test_the_demo_hears_every_mention_that_is_ours() -> None:
    """The demo's queries lose only false friends, and keep some of those for people to sort out."""
    policy = read_policy(Path(str(resources.files("bot").joinpath("demo.toml"))))
    queries = [parse(expression) for brand in policy.brands for expression in brand.queries.values()]
    lost, false_friends = [], 0
    for record, line in zip(RECORDS, LINES, strict=True):
        subject = Subject.of(line.mention, "sample")
        is_heard = any(query.evaluate(subject) is not None for query in queries)
        if record["case"] == "off topic":
            false_friends += is_heard
        elif not is_heard:
            lost.append((record["id"], record["text"][:60]))
    assert lost == []
    assert 3 <= false_friends <= 6


# The replay


def test_the_sample_line_gives_the_expected_mention() -> None:
    assert sample.read_sample() == sample.EXPECTED


def test_all_that_a_line_tells_is_given_on() -> None:
    for record, line in zip(RECORDS, LINES, strict=True):
        told = {key: value for key, value in record.items() if key not in ("at", "id", "case", "place")}
        assert {key: getattr(line.mention, key) for key in told} == told
        assert line.mention.extra == {"place": record["place"]}


async def test_the_head_start_is_there_at_once_and_is_not_of_the_future() -> None:
    clock = Clock()
    got, _, page = await drain(day(clock), None)
    assert len(got) == 24
    assert all(mention.published_at is not None and mention.published_at <= NINE for mention in got)
    assert page.not_before is not None
    assert page.not_before > NINE


async def test_the_next_line_comes_when_not_before_says_and_not_earlier() -> None:
    clock = Clock()
    source = day(clock)
    _, cursor, page = await drain(source, None)
    assert page.not_before is not None
    clock.time = page.not_before - timedelta(microseconds=1)
    assert (await drain(source, cursor))[0] == []
    clock.time = page.not_before
    (mention,), _, _ = await drain(source, cursor)
    assert mention.native_id == LINES[24].mention.native_id
    assert mention.published_at == clock.time


async def test_the_day_lasts_as_long_as_the_setting_says() -> None:
    clock = Clock()
    source = day(clock, minutes=6)
    _, cursor, _ = await drain(source, None)
    clock.forward(359.9)
    most, cursor, _ = await drain(source, cursor)
    assert len(most) == len(LINES) - 25
    clock.forward(0.1)
    assert len((await drain(source, cursor))[0]) == 1


async def test_a_page_holds_no_more_than_asked_for_and_says_that_there_is_more() -> None:
    page = await day(Clock()).poll(None, 10)
    assert len(page.items) == 10
    assert page.more
    assert page.not_before is None


async def test_newer_counts_keep_the_time_at_which_the_post_was_written() -> None:
    got, _, _ = await drain(day(Clock(), minutes=0), None)
    times = Counter(mention.native_id for mention in got)
    (again,) = (id for id, often in times.items() if often > 1)
    lines = [mention for mention in got if mention.native_id == again]
    assert len({mention.published_at for mention in lines}) == 1
    likes = [mention.likes or 0 for mention in lines]
    assert likes[0] < likes[-1]


async def test_newer_counts_come_later_and_keep_their_time_in_a_slow_replay_too() -> None:
    clock = Clock()
    source = day(clock)
    _, cursor, _ = await drain(source, None)
    clock.forward(360)
    got, _, _ = await drain(source, cursor)
    ids = Counter(mention.native_id for mention in got)
    (again,) = (id for id, often in ids.items() if often > 1)
    assert len({mention.published_at for mention in got if mention.native_id == again}) == 1


async def test_when_the_day_is_over_it_stays_silent() -> None:
    clock = Clock()
    source = day(clock)
    _, cursor, _ = await drain(source, None)
    clock.forward(360)
    _, cursor, _ = await drain(source, cursor)
    for _ in range(3):
        clock.forward(86_400)
        page = await source.poll(cursor, 50)
        assert page.items == ()
        assert page.cursor == cursor
        assert not page.more
        assert page.not_before is not None
        assert page.not_before > clock.time


async def test_the_same_cursor_gives_the_same_page() -> None:
    clock = Clock()
    _, cursor, _ = await drain(day(clock), None)
    clock.forward(60)
    assert await day(clock).poll(cursor, 20) == await day(clock).poll(cursor, 20)


async def test_after_a_restart_it_goes_on_from_the_cursor() -> None:
    clock = Clock()
    first, cursor, _ = await drain(day(clock), None)
    clock.forward(100)
    second, cursor, _ = await drain(day(clock), json.dumps(json.loads(cursor or "")))
    clock.forward(1_000)
    third, _, _ = await drain(day(clock), cursor)
    assert second
    assert counts([*first, *second, *third]) == WHOLE_DAY


@examples(max_examples=25, deadline=None)
@given(
    minutes=st.integers(0, 30),
    head_start=st.integers(0, 500),
    limit=st.integers(1, 90),
    steps=st.lists(st.tuples(st.floats(0, 200), st.sampled_from(["go on", "restart", "crash"])), max_size=30),
)
def test_nothing_is_lost_or_doubled_over_any_polls_and_restarts(
    minutes: int, head_start: int, limit: int, steps: list[tuple[float, str]]
) -> None:
    async def replay() -> list[RawMention]:
        clock = Clock()
        source, cursor = day(clock, minutes, head_start), None
        stored: list[RawMention] = []
        for seconds, then in steps:
            clock.forward(seconds)
            page = await source.poll(cursor, limit)
            if then != "crash":
                stored += [item for item in page.items if isinstance(item, RawMention)]
                cursor = page.cursor
            if then != "go on":
                source = day(clock, minutes, head_start)
        rest, cursor, _ = await drain(source, cursor, limit)
        clock.forward(minutes * 60 + 1)
        return [*stored, *rest, *(await drain(source, cursor, limit))[0]]

    assert counts(asyncio.run(replay())) == WHOLE_DAY


async def test_check_says_how_far_the_day_has_come() -> None:
    clock = Clock()
    source = day(clock)
    mentions = len({line.mention.native_id for line in LINES})
    assert await source.check() == f"sample day: 0 of {mentions} mentions played"
    _, cursor, _ = await drain(source, None)
    assert await source.check() == f"sample day: 24 of {mentions} mentions played"
    clock.forward(400)
    await drain(source, cursor)
    assert await source.check() == f"sample day: {mentions} of {mentions} mentions played"


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "[]",
        "{}",
        '{"started": 5, "next": 3}',
        '{"started": "2026-11-21", "next": 3}',
        '{"started": "2026-11-21T09:00:00.000000Z", "next": -3}',
        '{"started": "2026-11-21T09:00:00.000000Z", "next": null}',
    ],
)
async def test_a_cursor_of_another_source_is_refused_in_words(cursor: str) -> None:
    with pytest.raises(BadSource, match=r"earshot\.toml"):
        await day(Clock()).poll(cursor, 50)


@pytest.fixture
async def tools() -> AsyncIterator[Tools]:
    clock = Clock()
    fetch = Fetch(clock)
    yield Tools(fetch, clock, {})
    await fetch.close()


@pytest.mark.parametrize("settings", [Settings(minutes=-1), Settings(head_start=-1)])
async def test_numbers_below_0_are_refused(settings: Settings, tools: Tools) -> None:
    with pytest.raises(ConfigError, match=r"sources\.try-out\.(minutes|head_start): -1 is below 0"):
        sample.build("try-out", settings, tools)


async def test_build_takes_the_day_that_lies_beside_it(tools: Tools) -> None:
    source = sample.build("try-out", Settings(head_start=3), tools)
    assert (source.name, source.kind) == ("try-out", "sample")
    assert counts((await drain(source, None))[0]) == WHOLE_DAY[:3]
    await source.close()
