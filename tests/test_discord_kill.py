"""What people and chats meet when the program is killed with -9 at a moment of importance.

Kills at random moments are `make prove`: tests/prove/goals/kill_*.py.
"""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import utc_now
from storage.store import open_storage
from storage.types import to_text
from tests.kit import TROUBLES
from tests.prove.killing import programs
from tests.prove.ledger import Ledger
from tests.two_chats import becomes, outside, start, two_chats


@pytest.mark.long
async def test_a_form_that_was_open_over_the_kill_still_lands(tmp_path: Path) -> None:
    async with two_chats(tmp_path) as team, programs(tmp_path, *outside(team)) as program:
        await start(team, program)
        in_slack, in_discord = await team.case(1, TROUBLES[0])
        ana = team.in_discord("ana")
        team.discord.ack_within = 0.3
        await (await ana.click(in_discord, "Draft reply")).arrives()
        await program.kill()
        assert (await ana.submit({"Reply": "We are sorry, Jo."})).error == "Something went wrong. Try again."
        assert ana.modal is not None, "Discord keeps it open, with what she wrote"
        team.discord.ack_within = 3.0
        await start(team, program)
        assert not (await ana.submit()).error
        for draft in (await team.slack_reply(in_slack, "sorry"), await team.discord_reply(in_discord, "sorry")):
            assert "proposed by Ana" in draft.words
        await (await ana.click(in_discord, "Resolve")).arrives()
        await program.kill()
        await start(team, program)
        await ana.submit({"Why": "Spam"})
        for card in (in_slack, in_discord):
            await becomes(card, "resolved: spam")
        await team.quiet()
        team.check()


@pytest.mark.long
async def test_what_was_posted_before_a_long_rest_is_found_again_and_not_repeated(tmp_path: Path) -> None:
    async with two_chats(tmp_path) as team, programs(tmp_path, *outside(team)) as program:
        await start(team, program)
        answer = team.discord.faults.slow("post", 30.0)
        team.happens(1, TROUBLES[0])
        await answer.entered.wait()
        card = await team.discord_card(TROUBLES[0])
        await program.kill()
        team.discord.pass_time(20 * 60)  # no nonce is remembered for so long
        store = open_storage(Ledger(tmp_path).path)
        before = to_text(utc_now() - timedelta(minutes=20))
        store.engine.run(
            "update deliveries set attempted_at = ? where state = 'sending' and chat = 'discord'", (before,)
        )
        store.close()
        await start(team, program)
        await team.quiet()
        assert team.discord.cards("#alerts") == [card]
        team.check()
