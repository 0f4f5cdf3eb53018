"""Four people claim a case at once, two in each chat: one has it, and the others hear who.

Clicks come as the payloads of Slack and Discord through both real surfaces to the store, many cases at once in a seeded
order; then four processes claim on one file, which the program itself never allows; then people of full fakes click
over sockets. The winner is the one whom the diary names, and she alone was told that the case is hers. A naive claim,
which looks and then writes, stands beside the first two, so that it is known that a double claim would be seen.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from handlers.requests import Reply, Request
from storage.store import Store, open_storage
from tests.bot.chats.office_desk import Desk
from tests.kit import NOW, raw
from tests.kit import Desk as Core
from tests.prove.chatting import Answer, Chats, chatting
from tests.prove.contending import PEOPLE, TEAM, claimed_again, contend, troubles, write_naively
from tests.prove.trial import Trial
from tests.two_chats import Team, working

GOAL = "G3"
FAULTS = (21, 22)
MINUTES = (5, 15)
AT_ONCE = 25  # cases
Told = dict[tuple[int, str], list[str]]  # what each contender of a case was told, once for each chat she tried in


class NaiveDesk(Desk):
    """The program behind the chats, with a claim that looks first and writes then."""

    async def act(self, request: Request) -> Reply:
        number, who = int(request.values["case"]), request.member
        assert who is not None
        case = await self._station.bridge.read(lambda store: store.cases.get(number))
        if case is None or case.assignee:
            return Reply(f"{case.assignee if case else 'nobody'} claimed #{number}.", is_error=True)
        words = await self._station.bridge.write(lambda store: write_naively(store, number, who, NOW))
        return Reply(words)


async def run(trial: Trial) -> None:
    await _through_both_chats(trial)
    _in_four_processes(trial)
    await _over_sockets(trial)


# Through both surfaces


async def _through_both_chats(trial: Trial) -> None:
    count = trial.of(400, 10_000)
    told, store = await _clicks(trial, trial.folder / "chats", count)
    trial.tell("cases, each clicked by four people in two chats at once", count)
    _judge(trial, store, told, range(1, count + 1), "in the chats")
    store.close()
    _, naive = await _clicks(trial, trial.folder / "naive", trial.of(60, 300), is_naive=True)
    trial.at_least("double claims seen where the naive way takes its place", claimed_again(naive), 10)
    naive.close()


async def _clicks(trial: Trial, folder: Path, count: int, *, is_naive: bool = False) -> tuple[Told, Store]:
    folder.mkdir()  # noqa: ASYNC240 - nothing else goes on
    _fill(folder / "earshot.db", trial, count)
    told: Told = {}
    async with chatting(folder, TEAM, desk=NaiveDesk if is_naive else Desk) as chats:
        for start in range(1, count + 1, AT_ONCE):
            acts = [
                act for number in range(start, min(start + AT_ONCE, count + 1)) for act in _contenders(trial, number)
            ]
            trial.chance.shuffle(acts)
            answers = await asyncio.gather(*(_click(chats, *act) for act in acts))
            await chats.quiet()
            for (number, who, _), answer in zip(acts, answers, strict=True):
                told.setdefault((number, who), []).append(answer.said)
    return told, open_storage(folder / "earshot.db", read_only=True)


def _contenders(trial: Trial, number: int) -> list[tuple[int, str, str]]:
    """Two in each chat; now and then one who presses in both."""
    names = trial.chance.sample([one.name for one in PEOPLE], 4)
    if trial.chance.random() < 0.1:
        names[2] = names[0]
    return [(number, name, chat) for name, chat in zip(names, ("slack", "slack", "discord", "discord"), strict=True)]


async def _click(chats: Chats, number: int, who: str, chat: str) -> Answer:
    if chat == "slack":
        return await chats.slack_click(who, f'{{"v":"claim","c":{number}}}')
    return await chats.discord_click(who, f"ear|claim|{number}")


def _fill(path: Path, trial: Trial, count: int) -> None:
    """Cases of their own."""
    store = open_storage(path)
    store.engine.run("pragma synchronous = off")
    core, there, told = Core(store, TEAM), 0, 0
    while there < count:  # now and then one is taken for another's copy
        with store.transaction():
            texts = troubles(min(200, count - there), trial.chance)
            core.take(*(raw(str(told + place), text) for place, text in enumerate(texts)))
        told += len(texts)
        there = store.engine.value("select count(*) from cases")
    store.close()


# On one file


def _in_four_processes(trial: Trial) -> None:
    count, path = trial.of(400, 10_000), trial.folder / "one.db"
    _fill(path, trial, count)
    seed = trial.chance.getrandbits(32)
    naive, few = trial.folder / "naive.db", trial.of(200, 2_000)
    _fill(naive, trial, few)
    by_place = contend(path, range(1, count + 1), naive, range(1, few + 1), trial.folder, seed)
    told: Told = {
        (int(number), PEOPLE[place].name): [words]
        for place, one in enumerate(by_place)
        for number, words in one.items()
    }
    store = open_storage(path, read_only=True)
    _judge(trial, store, told, range(1, count + 1), "on one file")
    _judge_mix(trial, store)
    store.close()
    store = open_storage(naive, read_only=True)
    trial.at_least("double claims seen on one file the naive way", claimed_again(store), 1)
    store.close()


def _judge_mix(trial: Trial, store: Store) -> None:
    """All four truly ran at once: the cases went to each of them."""
    rows = store.engine.rows("select assignee, count(*) as n from cases group by assignee")
    trial.at_least(
        "cases at least for each of four processes", min(row["n"] for row in rows) if len(rows) == 4 else 0, 5
    )


# Over sockets


async def _over_sockets(trial: Trial) -> None:
    """The whole program, with strict fakes of both services and people who see what these show.

    A few cases for each start of the program: of more in a minute it would make one message.
    """
    each, late, silent, winners, doubled = trial.of(3, 15), 0, 0, 0, 0
    for number in range(trial.of(1, 4)):
        folder = trial.folder / f"sockets-{number}"
        folder.mkdir()
        async with working(folder) as (team, _):
            told = [one for place in range(each) for one in await _pressed(trial, team, place)]
            rows = team.rows("select case_id, actor from case_events where kind = 'claimed'")
        who_won = dict(rows)
        winners, doubled = winners + len(who_won), doubled + len(rows) - len(who_won)
        lost = [words for case, who, words in told if who != who_won[case]]
        late, silent = late + len(lost), silent + sum(not re.search(r"(Ana|Bo|Mia) claimed #\d+", one) for one in lost)
    trial.exactly("cases with one winner over sockets", winners, each * trial.of(1, 4))
    trial.none("of them claimed twice", doubled)
    trial.tell("contenders over sockets who came too late", late)
    trial.none("of these not told who was faster", silent)


async def _pressed(trial: Trial, team: Team, place: int) -> list[tuple[int, str, str]]:
    """A new case, which three people press at once, one of them in both chats: the case, who, and what she was told."""
    (text,) = troubles(1, trial.chance)
    in_slack, in_discord = await team.case(place + 1, text)
    number = int(re.findall(r"#(\d+)", in_slack.words)[0])
    first, second, both = trial.chance.sample(["ana", "bo", "mia"], 3)
    answers = await asyncio.gather(
        team.in_slack(first).click(in_slack, "Claim"),
        team.in_discord(second).click(in_discord, "Claim"),
        team.in_slack(both).click(in_slack, "Claim"),
        team.in_discord(both).click(in_discord, "Claim"),
    )
    await team.quiet()
    return [(number, who, one.words) for who, one in zip((first, second, both, both), answers, strict=True)]


# Judging


def _judge(trial: Trial, store: Store, told: Told, numbers: Sequence[int], where: str) -> None:
    """By the diary, by the case, and by what each was told; all three must agree."""
    rows = store.engine.rows("select case_id, actor from case_events where kind = 'claimed'")
    claims = Counter(row["case_id"] for row in rows)
    winners = {row["case_id"]: row["actor"] for row in rows}
    held = {row["id"]: row["assignee"] for row in store.engine.rows("select id, assignee, version from cases")}
    trial.exactly(f"cases with exactly one winner {where}", sum(1 for one in numbers if claims[one] == 1), len(numbers))
    trial.none(
        f"cases {where} that belong to another than the diary says", sum(held[n] != winners.get(n) for n in held)
    )
    wrong = [(key, words) for key, words in told.items() if not _is_told(key, words, winners[key[0]])]
    for one in wrong[:5]:
        print("told wrongly:", one, "the winner is", winners[one[0][0]])
    trial.tell(f"contenders {where} who came too late", sum(1 for number, who in told if winners[number] != who))
    trial.none(f"contenders {where} told anything but who has it", len(wrong))


def _is_told(key: tuple[int, str], words: Sequence[str], winner: str) -> bool:
    """The winner: that it is hers, once, and again that it is already. Everybody else: whose it is."""
    number, who = key
    if who != winner:
        return all(f"{winner.title()} claimed #{number}" in one for one in words)
    yours = sum(f"#{number} is yours." in one for one in words)
    return yours == 1 and all(f"#{number} is yours." in one or f"#{number} is already yours" in one for one in words)
