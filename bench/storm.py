"""100,000 mentions in one hour: is each accounted for, how many posts does a channel get, how long does an alert wait.

    python bench/storm.py [--count 100000] [--urgent 2] [--copies 300] [--texts FILE ...]

Everything is real but the chat and the clock: mentions are weighed and taken in as pages of a second each, the jobs of
the clock run at their pace, the outbox is delivered to a chat that takes a message a second in each channel and answers
at once. A brand that usually has 200 mentions an hour meets the storm; a quiet brand beside it has 30 in that hour. Of
1,000 mentions --copies repeat one of forty posts and --urgent are what the rules call urgent (texts that they call so
are thinned to that); the others are texts of their own. Somebody claims a case every 20 seconds. After the hour the
clock goes on for a quarter of an hour, until all has left.
Beside it: what a card for each mention, or for each case, would take at a message a second.
"""

import argparse
import asyncio
import random
import resource
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from bot.deliver import MOST_POSTS
from handlers.dispatch import load_commands
from storage.store import Store
from storage.types import Window, to_text
from tests.prove import crowd
from tests.prove.storming import (
    MINUTE,
    START,
    Hour,
    account,
    alert_waits,
    at_share,
    most_in_a_minute,
    stream,
    urgent_waits,
)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--urgent", type=int, default=2, help="of 1,000 mentions")
    parser.add_argument("--copies", type=int, default=300, help="of 1,000 mentions")
    parser.add_argument("--texts", type=Path, nargs="*", default=[])
    told = parser.parse_args()
    load_commands()
    chance = random.Random(3)
    items = stream(crowd.read(told.texts), told.count, told.urgent, told.copies, chance)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with tempfile.TemporaryDirectory() as folder:
        started, used = time.perf_counter(), time.process_time()
        hour = Hour(Path(folder) / "storm.db", items, chance)
        await hour.run()
        seconds, used = time.perf_counter() - started, time.process_time() - used
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        await hour.bridge.read(lambda store: report(store, hour))
        await hour.bridge.close()
    print(f"  {seconds:.0f} s of wall clock ({used:.0f} s of processor) for the virtual hour and a quarter;"
          f" longest page {hour.slowest * 1e3:.0f} ms")  # fmt: skip
    print(f"  peak RSS {peak:.0f} MB, of which {before:.0f} MB are the mentions that are fed and the program at rest")
    print("beside it, at a message a second")
    print(f"  a card for each mention: {len(items) / 3600:.1f} h; for each case: {hour.sums.cases / 3600:.1f} h,"
          f" and an urgent one waits behind them for half of that on average")  # fmt: skip


def quantiles(ordered: Sequence[float]) -> str:
    told = (
        f"p50 {at_share(ordered, 0.5):.1f} s, p99 {at_share(ordered, 0.99):.1f} s, longest {at_share(ordered, 1):.1f} s"
    )
    return f"{told} ({len(ordered):,})" if ordered else "none"


def report(store: Store, hour: Hour) -> None:
    sums, chat = hour.sums, hour.chat
    low = store.engine.value("select count(*) from mentions where case_id is null")
    print(
        f"  {sums.read:,} mentions: {low:,} low without a case, {sums.joined:,} joined one, {sums.cases:,} opened one"
    )
    wrong = account(store, sums.read)
    print(
        "  accounted for: " + ("; ".join(wrong) if wrong else "all of them, each case by a card or a line in a digest")
    )
    kinds = Counter(key.partition(":")[0] for _, _, key in chat.posts)
    print(f"  {len(chat.posts):,} posts ({', '.join(f'{n} {kind}' for kind, n in kinds.most_common())})")
    for channel in sorted({channel for _, channel, _ in chat.posts}):
        most = most_in_a_minute(moment for moment, where, _ in chat.posts if where == channel)
        print(f"  at most {most} posts in any minute to {channel} (limit {MOST_POSTS})")
    minutes = Counter(int((moment - START) / MINUTE) for moment in chat.edits)
    print(f"  redraws: {len(chat.edits):,}, {statistics.median(minutes.values()):.0f} a minute, at most"
          f" {most_in_a_minute(chat.edits)} in one")  # fmt: skip
    print(f"  urgent, from asked for to posted   {quantiles(urgent_waits(store, chat))}")
    print(f"  any alert, from opened to seen     {quantiles(alert_waits(store, chat))}")
    for storm in store.storms.between(Window(START - timedelta(days=1), START + timedelta(days=1))):
        found = to_text(storm.last_at)[11:16]
        print(f"  storm around {storm.brand}: from {to_text(storm.started_at)[11:16]} on, {storm.count:,} mentions,"
              f" last seen {found}")  # fmt: skip


if __name__ == "__main__":
    asyncio.run(main())
