"""What stands in each chat by its own record: by the key of its delivery, where, below what, and in which words."""

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import blake2b

from tests.discord.fake import FakeDiscord
from tests.prove.far_chat import FarServer
from tests.prove.ledger import Ledger, Post
from tests.slack.fake import FakeSlack
from tests.two_chats import posted_in_slack, slack_key

_MARK = re.compile(r"\bref ([0-9a-f]{10})\s*$")


@dataclass
class Standing:
    """All posts of one chat."""

    posts: dict[str, list[Post]] = field(default_factory=lambda: defaultdict(list))
    words: dict[str, str] = field(default_factory=dict)

    def add(self, key: str, post: Post, words: str) -> None:
        self.posts[key].append(post)
        self.words[key] = words


def on_the_page(ledger: Ledger) -> Standing:
    standing = Standing()
    for ref, key, parent, body in ledger.rows("select id, key, parent, body from local_messages"):
        standing.add(key, Post(str(ref), str(parent or "")), _status(body))
    return standing


def far_away(server: FarServer) -> Standing:
    standing = Standing()
    for one in server.messages:
        standing.add(one["key"], Post(one["ref"], one["parent"]), _status(one["body"]))
    return standing


def in_slack(slack: FakeSlack) -> Standing:
    standing = Standing()
    for one in posted_in_slack(slack):
        channel = one.channel
        parent = f"{channel}:{one.thread_ts}" if one.thread_ts else ""
        standing.add(slack_key(one), Post(f"{channel}:{one.ts}", parent), one.words)
    return standing


def in_discord(discord: FakeDiscord, ledger: Ledger) -> Standing:
    """A message there bears a short mark of its key; one without stands under ""."""
    standing = Standing()
    keys = {
        blake2b(key.encode(), digest_size=5).hexdigest(): key
        for (key,) in ledger.rows("select key from deliveries where action = 'post' and chat = 'discord'")
    }
    for one in (write.message for write in discord.posts if write.via == "api"):
        if not one.guild:
            continue  # an answer whose acknowledgement was cut goes to its asker directly
        marks = [found[1] for text in (*one.footers, one.content) if (found := _MARK.search(text))]
        place = discord.channels[one.channel]
        parent = f"{place.parent}:{place.id}" if place.parent else ""
        standing.add(next((keys.get(mark, mark) for mark in marks), ""), Post(one.ref, parent), one.words)
    return standing


def _status(body: str) -> str:
    drawing = json.loads(body)["drawing"]
    return str(drawing.get("status", drawing.get("state", "")))
