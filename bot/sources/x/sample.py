"""Two of X's answers, and the mentions in them."""

import json
from datetime import datetime

from bot.sources.x.authors import NOBODY
from bot.sources.x.items import read_author, read_post
from handlers.ports import Broken
from storage.types import RawMention

SAMPLE = b"""{"posts": {"data": [
  {"id": "1990000000000000002", "text": "@heronair lost my bag &amp; my patience https://t.co/abc", "author_id": "77",
   "created_at": "2026-11-20T09:00:00.000Z", "lang": "en", "edit_history_tweet_ids": ["1990000000000000001",
   "1990000000000000002"], "public_metrics": {"like_count": 4, "retweet_count": 2, "quote_count": 1, "reply_count": 3},
   "entities": {"mentions": [{"username": "HeronAir", "id": "5"}],
                "urls": [{"url": "https://t.co/abc", "expanded_url": "https://nina.example/bag"}]}},
  {"id": "1989999999999999999", "text": "", "author_id": "78"},
  {"id": "1989999999999999998", "text": "Heron Air, terima kasih", "author_id": "78", "lang": "in",
   "created_at": "2026-11-20T08:00:00.000Z", "edit_history_tweet_ids": ["1989999999999999998"]}],
  "meta": {"newest_id": "1990000000000000002", "oldest_id": "1989999999999999998", "result_count": 3}},
 "users": {"data": [
  {"id": "77", "username": "nina", "name": "Nina", "public_metrics": {"followers_count": 1200}}]}}
"""
EXPECTED = [
    RawMention(
        native_id="1989999999999999998",
        text="Heron Air, terima kasih",
        url="https://x.com/i/status/1989999999999999998",
        published_at=datetime.fromisoformat("2026-11-20T08:00:00+00:00"),
        lang="id",
        reply_ref='{"id": "1989999999999999998", "asked": ""}',
    ),
    Broken(
        "post 1989999999999999999",
        "There are no words in it.",
        '{"id": "1989999999999999999", "text": "", "author_id": "78"}',
    ),
    RawMention(
        native_id="1990000000000000001",
        text="@heronair lost my bag & my patience https://nina.example/bag",
        url="https://x.com/nina/status/1990000000000000002",
        author="nina",
        author_name="Nina",
        followers=1200,
        published_at=datetime.fromisoformat("2026-11-20T09:00:00+00:00"),
        lang="en",
        likes=4,
        shares=3,
        replies=3,
        reply_ref='{"id": "1990000000000000002", "asked": "mention"}',
    ),
]


def read_sample() -> list[RawMention | Broken]:
    """What SAMPLE gives."""
    told = json.loads(SAMPLE)
    authors = dict(filter(None, map(read_author, told["users"]["data"])))
    found = [read_post(one, "heronair") for one in reversed(told["posts"]["data"])]
    return [one if isinstance(one, Broken) else one.by(authors.get(one.author_id, NOBODY)) for one in found]
