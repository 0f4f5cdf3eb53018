"""A connection that hears nothing is noticed, mended or told in the other chat, and costs nothing.

The whole program with a strict Slack and a strict Discord, its waits a tenth of the usual. Connections fall silent, are
reset, closed, refused, never greeted, forgotten, or answer each ping while nothing comes through; the network, the API
and the session go away; all of it while a customer writes. Seconds are told as they would be at the usual speed. A
silent one is noticed when the fake sees it hung up; each is mended when a click on the card of what came meanwhile
works, once.
"""

import asyncio
from collections import Counter

from tests.prove.deafness import FAULTS as WAYS
from tests.prove.deafness import (
    HEALED,
    LOCAL,
    NOTICED,
    SCALE,
    Ears,
    Fault,
    hasten,
    hastened_alarms,
    slack_deaf,
    ticking,
)
from tests.prove.trial import Trial
from tests.two_chats import posted_in_slack, slack_key, working

GOAL = "G18"
FAULTS = (28, 29, 31)
MINUTES = (4, 14)
ONE_BY_ONE = "[storms]\nfalse_alarms = 0\nmost_cards = 100000\n"  # a card for each case, however fast they come
EVERY = 10  # one outage in so many lasts until it is told


async def run(trial: Trial) -> None:
    count = trial.of(3, 50)
    with hastened_alarms():
        async with working(trial.folder, change=(LOCAL, ONE_BY_ONE)) as (team, opened):
            opened.app.deliverer.most_posts = 100_000  # to a channel in a minute
            ears, done = Ears(team, opened), Counter[str]()
            await hasten(ears)
            ticks = asyncio.create_task(ticking(opened))
            try:
                for number in range(count):
                    await _round(ears, trial, number, done)
                for number in range(trial.of(1, 10)):
                    await _deaf_though_it_answers(ears, 2 * (count + number) + 1, trial)
                await team.quiet()
            finally:
                ticks.cancel()
            print(done, ears.took)
            _judge(trial, ears, count)


async def _round(ears: Ears, trial: Trial, number: int, done: Counter[str]) -> None:
    """Once in each chat: together, or one after the other when one is to tell of the other."""
    lasts = number % EVERY == EVERY - 1 or (trial.is_quick and number == 2)
    faults = [_drawn(trial, chat, number, lasts=lasts) for chat in ("slack", "discord")]
    if lasts:
        for place, fault in enumerate(faults, 1):
            await ears.until(lambda: not ears.outages())  # one that is not over yet would not be told again
            await _one(ears, fault, 2 * number + place, trial)
            await ears.until(lambda: ears.returns(fault.chat) == ears.alarms(fault.chat))  # noqa: B023
    else:
        await asyncio.gather(*(_one(ears, fault, 2 * number + place, trial) for place, fault in enumerate(faults, 1)))
    done.update(f"{fault.chat}: {fault.name}" for fault in faults)


def _drawn(trial: Trial, chat: str, number: int, *, lasts: bool) -> Fault:
    """Each way in turn in a full run; then any, and as often one that is silent."""
    own = [one for one in WAYS if one.chat == chat and one.lasts == lasts]
    if trial.is_quick:
        return trial.chance.choice(own)
    place = number // EVERY if lasts else number - number // EVERY
    silent = [one for one in own if "silent" in one.name]
    return own[place] if place < len(own) else trial.chance.choice(trial.chance.choice((own, silent or own)))


async def _one(ears: Ears, fault: Fault, number: int, trial: Trial) -> None:
    """It fails, a customer writes, it is mended or told; the click on her card works."""
    text = _complaint(trial)
    print(f"{number}: {fault.chat} {fault.name}", flush=True)
    alarms = ears.alarms(fault.chat)
    await fault.begin(ears)
    ears.team.happens(number, text)
    if ears.holds_silent(fault.chat):
        ears.took["noticed"].append(await ears.until(lambda: not ears.holds_silent(fault.chat)))
        print(f"{number}: noticed after {ears.took['noticed'][-1]:.1f} s", flush=True)
    if fault.lasts:
        ears.took["told"].append(await ears.until(lambda: ears.alarms(fault.chat) > alarms))
    elif fault.mend is not None:
        await asyncio.sleep(30 / SCALE)
    if fault.mend is not None:
        await fault.mend(ears)
    ears.took["healed"].append(await ears.until(lambda: ears.hears(fault.chat)))
    await _click(ears, fault.chat, text)


async def _deaf_though_it_answers(ears: Ears, number: int, trial: Trial) -> None:
    """All of Slack's connections: our own reaction on a card, for a claim in Discord, does not come back."""
    text = _complaint(trial)
    ears.team.happens(number, text)
    card, there = await ears.team.slack_card(text), await ears.team.discord_card(text)
    await slack_deaf(ears)
    await ears.team.in_discord("bo").click(there, "Claim")
    ears.took["noticed"].append(await ears.until(lambda: not ears.holds_silent("slack")))
    ears.took["healed"].append(await ears.until(lambda: ears.hears("slack")))
    await ears.until(lambda: "claimed by Bo" in card.words)
    after = _complaint(trial)
    ears.team.happens(number + 1, after)
    await _click(ears, "slack", after)


def _complaint(trial: Trial) -> str:
    words = ("".join(trial.chance.choices("abcdefghijklmnopqrstuvwxyz", k=7)) for _ in range(9))
    return f"Heron lost my bag, I am furious: {' '.join(words)}"


async def _click(ears: Ears, chat: str, text: str) -> None:
    """On the card of what came meanwhile; the first one that people see no error for must have its effect, once."""
    team = ears.team
    card = await (team.slack_card(text) if chat == "slack" else team.discord_card(text))
    for _ in range(5):
        if chat == "slack":
            clicked = await team.in_slack("bo").click(card, "Claim")  # type: ignore[arg-type]
        else:
            clicked = await team.in_discord("bo").click(card, "Claim")  # type: ignore[arg-type]
        if not clicked.error:
            break
        ears.took.setdefault("clicks that people saw fail", []).append(1)
    await ears.until(lambda: "claimed by Bo" in card.words)


def _judge(trial: Trial, ears: Ears, count: int) -> None:
    team, took = ears.team, ears.took
    trial.tell("times a connection failed in each chat", count)
    trial.at_least("connections that fell silent", len(took["noticed"]), trial.of(1, 30))
    trial.at_most("s until the slowest of those was noticed", round(max(took["noticed"], default=0), 1), NOTICED)
    trial.at_least("alarms in the other chat while it lasted", len(took["told"]), 2)
    trial.at_most("s until the slowest alarm", round(max(took["told"], default=0), 1), HEALED)
    trial.at_most("s until the slowest was mended", round(max(took["healed"], default=0), 1), HEALED)
    cases = [number for (number,) in team.rows("select id from cases")]
    trial.exactly("cases", len(cases), 2 * (count + trial.of(1, 10)))
    claims = Counter(case for (case,) in team.rows("select case_id from case_events where kind = 'claimed'"))
    trial.none("cases not claimed once by the click after it", sum(claims[case] != 1 for case in cases))
    in_slack = Counter(slack_key(one) for one in posted_in_slack(team.slack))
    trial.none("messages doubled in Slack", sum(number - 1 for number in in_slack.values()))
    words = Counter(one.words for one in team.discord.cards("#alerts") if "#" in one.words)
    trial.none("cards doubled in Discord", sum(number - 1 for number in words.values()))
    open_ones = team.rows("select count(*) from deliveries where state not in ('sent', 'superseded')")[0][0]
    trial.none("messages lost or not there yet", open_ones)
    trial.tell("clicks that people saw fail", len(took.get("clicks that people saw fail", ())))
    trial.tell("times as fast as real clocks", SCALE)
