"""A hundred thousand mentions in an hour: each accounted for, the worst at once, no channel flooded.

The program in a virtual hour (`tests/prove/storming.py`) with a storm around one brand: copies, texts of their own, two
of 1,000 urgent. What is less than urgent comes together every ten minutes while it lasts, by design. Posts and
redraws are those that the chat has seen; what was stored is counted in the database. Waits are of the virtual clock;
memory is the process's peak beside what is fed to it.
"""

import resource
from collections import Counter

from bot.deliver import MOST_POSTS
from handlers.dispatch import load_commands
from handlers.rules.spikes import GATHERED
from storage.store import Store
from tests.prove import crowd
from tests.prove.storming import Hour, account, alert_waits, at_share, most_in_a_minute, stream, urgent_waits
from tests.prove.trial import Trial, stopwatch

GOAL = "G5"
FAULTS = (77, 78, 79)
MINUTES = (4, 10)
REDRAWS = 50  # a minute: what Slack's tier 3 allows at least (https://docs.slack.dev/apis/web-api/rate-limits)


async def run(trial: Trial) -> None:
    load_commands()
    items = stream(crowd.read([]), trial.of(5_000, 100_000), 2, 300, trial.chance)
    before, elapsed = _peak(), stopwatch()
    hour = Hour(trial.folder / "storm.db", items, trial.chance)
    await hour.run()
    trial.tell("mentions in a virtual hour", len(items))
    await hour.bridge.read(lambda store: _judge(trial, store, hour))
    await hour.bridge.close()
    trial.at_most("MB of memory more at the peak", _peak() - before, 200)
    trial.tell("s of wall clock", elapsed())


def _judge(trial: Trial, store: Store, hour: Hour) -> None:
    chat = hour.chat
    trial.exactly("stored", store.engine.value("select count(*) from mentions"), len(hour.items))
    wrong = account(store, len(hour.items))
    print("\n".join(wrong))
    trial.none("sums that do not add up", len(wrong))
    trial.none("posts doubled", sum(count - 1 for count in Counter(post[1:] for post in chat.posts).values()))
    trial.tell("posts", len(chat.posts))
    channels = {channel for _, channel, _ in chat.posts}
    most = max(most_in_a_minute(when for when, where, _ in chat.posts if where == channel) for channel in channels)
    trial.at_most("posts in any minute to one channel", most, MOST_POSTS)
    trial.at_most("redraws in any minute", most_in_a_minute(chat.edits), REDRAWS)
    trial.at_most("s until 99 of 100 urgent ones stood there", at_share(urgent_waits(store, chat), 0.99), 5)
    most = 60 + GATHERED.total_seconds()
    trial.at_most("s until 99 of 100 of any priority stood there", at_share(alert_waits(store, chat), 0.99), most)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
