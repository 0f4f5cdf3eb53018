"""How many posts of a whole network one core examines, with 1, 100 and 10,000 keywords.

    python bench/keywords.py [--posts 200000] [--texts FILE ...]

Messages in the shape of Bluesky's stream (about 650 bytes), three of 1,000 name the brand, whatever the number of
keywords: the others are invented names and phrases that nobody wrote. Ours is the program's own way from the message to
the mention: decode, build, ask every query. Beside it, over fewer posts: `json.loads` and one regular expression with
word bounds for each keyword. Processor time; each number of keywords takes its turns in one run, the best of three is
told.
"""

import argparse
import json
import random
import re
import time
from collections.abc import Sequence
from pathlib import Path

from bot.sources.bluesky.posts import Examiner, Remembered
from handlers.ports import Broken
from handlers.rules.matching import Matcher
from handlers.rules.terms import Subject
from storage.types import RawMention
from tests.prove import crowd

SIZES = (1, 100, 10_000)
BRAND = "aurelia"
RATE = 0.003
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def messages(count: int, files: list[Path]) -> list[str]:
    chance = random.Random(5)
    rows = [text for _, text in crowd.read(files) if BRAND not in text.lower()]
    found = []
    for number in range(count):
        text = chance.choice(rows)[:280]
        if chance.random() < RATE:
            text = f"{text[:200]} {BRAND} {text[200:240]}"
        did = "did:plc:" + "".join(chance.choices(LETTERS, k=24))
        key = "3m" + "".join(chance.choices(LETTERS, k=11))
        record = {"$type": "app.bsky.feed.post", "createdAt": "2026-11-22T08:15:30.123Z", "langs": ["en"], "text": text}
        if number % 3 == 0:
            place = {
                "cid": "bafyrei" + "".join(chance.choices(LETTERS, k=52)),
                "uri": f"at://{did}/app.bsky.feed.post/{key}",
            }
            record["reply"] = {"root": place, "parent": place}
        payload = {
            "$type": "network.bsky.jetstream.subscribeEvents#commit", "seq": number + 1, "did": did,
            "operation": "create", "collection": "app.bsky.feed.post", "rkey": key, "rev": key,
            "cid": "bafyrei" + "".join(chance.choices(LETTERS, k=52)), "time": "2026-11-22T08:15:31.456789Z",
            "witnessedAt": "2026-11-22T08:15:31.456789Z", "record": record,
        }  # fmt: skip
        found.append(json.dumps({"$type": "message", "payload": payload}, ensure_ascii=False))
    return found


def keywords(count: int) -> list[str]:
    """The brand, and names and phrases that are in no text."""
    chance = random.Random(7)
    syllables = [f"{one}{two}" for one in "bdfgklmnprstvz" for two in ("a", "e", "i", "o", "u", "ax", "or")]
    found = {BRAND}
    while len(found) < count:
        name = "".join(chance.choices(syllables, k=3)) + "q"
        found.add(f"{name} {chance.choice(('lamp', 'air', 'bank', 'support'))}" if chance.random() < 0.3 else name)
    return sorted(found)


def ours(told: Sequence[str], words: Sequence[str]) -> tuple[float, int]:
    queries = [(("bench", word), f'"{word}"' if " " in word else word) for word in words]
    matcher = Matcher(queries)

    def concerns(raw: RawMention) -> bool:
        return bool(matcher.match(Subject.of(raw, "bench")))

    examiner = Examiner("did:plc:us", concerns, Remembered(), {})
    used = time.process_time()
    found = [item for message in told for item in examiner.examine(message)]
    assert not any(isinstance(item, Broken) for item in found)
    return time.process_time() - used, len(found)


def plainly(told: Sequence[str], words: Sequence[str]) -> tuple[float, int]:
    patterns = [re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE) for word in words]
    used, found = time.process_time(), 0
    for message in told:
        text = json.loads(message)["payload"]["record"]["text"]
        found += any(pattern.search(text) for pattern in patterns)
    return time.process_time() - used, found


def main() -> None:
    read = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    read.add_argument("--posts", type=int, default=200_000)
    read.add_argument("--texts", type=Path, nargs="*", default=[])
    wanted = read.parse_args()
    told = messages(wanted.posts, wanted.texts)
    print(f"{len(told):,} messages of {sum(map(len, told)) / len(told):.0f} characters")
    best: dict[int, float] = {}
    found: dict[int, int] = {}
    for _ in range(3):
        for size in SIZES:
            seconds, found[size] = ours(told, keywords(size))
            best[size] = min(seconds, best.get(size, seconds))
    for size in SIZES:
        few = told[: max(20, min(len(told), 400_000 // size))]
        slow, _ = plainly(few, keywords(size))
        each, plain = best[size] / len(told) * 1e6, slow / len(few) * 1e6
        print(
            f"{size:>6} keywords: {len(told) / best[size]:>9,.0f} posts/s a core, {each:6.2f} us each,"
            f" {best[size] / best[1]:.2f} x one keyword, {found[size]} found; regular expressions {plain:,.1f} us,"
            f" {plain / each:.1f} x"
        )


if __name__ == "__main__":
    main()
