"""Who may do what: the whole table of roles, verbs, states and chats, and nobody approves her own words.

The table is written by hand (`tests/prove/role_table.py`). Each cell is a case of its own that is brought into its
state, and then somebody asks on our page, in Slack or in Discord, also when the case has moved on since she looked.
What truly happened is read from the diary and the tables. Then every pair of accounts, unlinked, linked and unlinked
again, writes and approves.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from handlers.dispatch import COMMANDS, dispatch, given, read_line
from handlers.requests import Request
from tests.kit import POLICY
from tests.prove.case_life import ACCOUNTS, Seen, machine
from tests.prove.case_truth import Broken
from tests.prove.chatting import Chats, chatting
from tests.prove.contending import troubles
from tests.prove.goals.stateful import stores
from tests.prove.role_table import ALL, CASE_VERBS, MEMBERS, NOBODY, OTHER_VERBS, PEOPLE, STATES
from tests.prove.trial import Trial

GOAL = "G13"
FAULTS = (24, 33, 87)
MINUTES = (5, 15)
CHATS = ("local", "slack", "discord")
REFUSALS = ("You have no role here", "You are a guest", "is for ", "for up to 24 hours", "is up to a manager")
CAN_HOLD = {*ALL}  # a case, or words of her own: nobody else gets so far


@dataclass(frozen=True)
class Cell:
    """`state` is what she looks at; `is_late`: somebody was there between her look and her act."""

    who: str
    line: str
    state: str
    chat: str
    is_late: bool

    @property
    def state_now(self) -> str:
        return self.state if not self.is_late else "open" if self.state == "resolved" else "resolved"

    @property
    def is_allowed(self) -> bool:
        return self.who in CASE_VERBS[self.line][1].get(self.state_now, frozenset())


async def run(trial: Trial) -> None:
    cells = list(_cells())
    chosen = cells if not trial.is_quick else trial.chance.sample(cells, 300)
    policy = replace(POLICY, members=MEMBERS, routes=(), escalate_to="local:#leads", alarms_to="")
    async with chatting(trial.folder, policy, (NOBODY,)) as chats:
        await _judge_cells(trial, chats, chosen, len(cells))
        await _judge_others(trial, chats)
    _judge_pairs(trial)


def _cells() -> Iterator[Cell]:
    for who, line, state, chat, is_late in itertools.product(PEOPLE, CASE_VERBS, STATES, CHATS, (False, True)):
        if who in CAN_HOLD or state not in ("hers", "hers, approved", "her own draft"):
            yield Cell(who, line, state, chat, is_late)


# About cases


async def _judge_cells(trial: Trial, chats: Chats, cells: list[Cell], whole: int) -> None:
    wrong, silent, done = [], 0, 0
    texts = iter(troubles(len(cells), trial.chance))
    for cell in cells:
        number = await _made(chats, cell, next(texts))
        before = await _rows(chats, number)
        words = await _ask(chats, cell.who, cell.line.format(n=number), cell.chat)
        after = await _rows(chats, number)
        silent += not words.strip()
        new = [(row["actor"], row["kind"]) for row in after[0][len(before[0]) :]]
        wanted = [(cell.who, CASE_VERBS[cell.line][0])] if cell.is_allowed else []
        done += cell.is_allowed
        # A draft for an open case claims it first, as the document of the verb says.
        told = [one for one in new if one[1] != "claimed"] if cell.line.startswith("draft") and wanted else new
        if told != wanted or (not wanted and before != after):
            wrong.append(f"{cell}: {new}, wanted {wanted}; {words[:200]!r}")
    print("\n".join(wrong[:20]))
    trial.tell(f"cells of the table of {whole:,}", len(cells))
    trial.at_least("of them allowed", done, len(cells) // 10)
    trial.at_least("of them refused", len(cells) - done, len(cells) // 10)
    trial.none("cells that came out otherwise", len(wrong))
    trial.none("asked and not answered in words", silent)


async def _made(chats: Chats, cell: Cell, text: str) -> int:
    """A new case in the state that she looks at, or in which it is since."""
    number = await chats.station.open_case(text)
    late = (("vera", "resolve {n} no action"),) if cell.state != "resolved" else (("oto", "reopen {n}"),)
    for who, line in (*STATES[cell.state], *(late if cell.is_late else ())):
        reply = await chats.station.say(cell.who if who == "me" else who, line.format(n=number, me=cell.who))
        assert not reply.is_error, f"{cell}: {reply.words}"
    return number


async def _rows(chats: Chats, number: int) -> tuple[list[dict[str, object]], ...]:
    """Its diary, itself, its drafts."""
    found = []
    for sql in (
        "select * from case_events where case_id = ? order by seq",
        "select * from cases where id = ?",
        "select * from drafts where case_id = ?",
    ):
        rows = await chats.station.bridge.read(lambda store, sql=sql: store.engine.rows(sql, (number,)))
        found.append([dict(row) for row in rows])
    return tuple(found)


async def _ask(chats: Chats, who: str, line: str, chat: str) -> str:
    """A typed line; all that she is told."""
    verb, rest = read_line(line)
    if chat == "slack":
        answer = await chats.slack_line(who, line)
        await chats.quiet()
        return answer.said
    if chat == "discord":
        answer = await chats.discord_line(who, verb, given(COMMANDS[verb], rest)[0])
        return answer.said
    request = Request(chats.desk.known.member(who), verb, rest)
    reply = await chats.station.bridge.write(lambda store: dispatch(chats.station.context(store), request))
    told = reply.words or str(reply.screen or reply.form or "")
    return f"⚠️ {told}" if reply.is_error else told


# About all else


async def _judge_others(trial: Trial, chats: Chats) -> None:
    wrong, asked = [], 0
    for who, line, chat in itertools.product(PEOPLE, OTHER_VERBS, CHATS):
        asked += 1
        words = await _ask(chats, who, line, chat)
        is_refused = words.startswith("⚠️") and any(one in words for one in REFUSALS)
        if is_refused == (who in OTHER_VERBS[line]):
            wrong.append(f"{who} {line!r} in {chat}: {words[:160]!r}")
    print("\n".join(wrong[:20]))
    trial.tell("other questions", asked)
    trial.none("of them answered to whom they should not be, or refused to whom they should", len(wrong))


# Four eyes


def _judge_pairs(trial: Trial) -> None:
    """One writes, the other approves: as they are, while two accounts are linked, and after that link has ended."""
    seen, new_store = Seen(), stores(trial.folder)
    linked = [None, *((one, other) for one, other in itertools.product(ACCOUNTS, ACCOUNTS) if one[0] != other[0])]
    ways = [(pair, over) for pair in linked for over in ((False, True) if pair else (False,))]
    tried = approved = own = 0
    for pair, is_over in ways if not trial.is_quick else trial.chance.sample(ways, 4):
        life = machine(seen, new_store)()
        life.the_first_cases()
        life.can_post = False
        if pair is not None:
            life.asks_for_a_code(pair[0])
            life.links(pair[1])
            if is_over:
                life.unlinks(pair[1])
        for author, approver in itertools.product(ACCOUNTS, ACCOUNTS):
            tried += 1
            life.ask(author, "draft 1 We are sorry.")
            try:
                approved += not life.ask(approver, "approve 1").is_error
            except Broken as error:
                print(error)
                own += 1
                break
        life.desk.store.close()
    trial.tell("pairs of accounts of which one wrote and one approved", tried)
    trial.at_least("of them two people, and allowed", approved, len(ways) if not trial.is_quick else 4)
    trial.none("of them perhaps one person, and allowed", own)
