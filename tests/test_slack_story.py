"""The main job in Slack and on the page at once, with the whole program behind both and a strict fake Slack."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import utc_now
from tests.bot.fakes import until
from tests.bot.running import CONFIG, Running, add_calls, running
from tests.kit import PRAISE, TROUBLES
from tests.slack.fake import FakeSlack, fake_slack
from tests.slack.person import Person
from tests.slack.world import Message

REPLY = "We are sorry, Jo. Your suitcase is on its way to you."
ROUTE = '[[routes]]\nchannel = "slack:#alerts"\n'
LINK = "https://birds.example/reply/1"


@dataclass
class Team:
    slack: FakeSlack
    opened: Running

    def person(self, name: str) -> Person:
        return self.slack.person(name)

    async def case(self, number: int, text: str) -> Message:
        """A customer says something; its card in Slack."""
        told = {"id": f"call-{number}", "text": text, "author": "jo", "date": utc_now().isoformat()}
        add_calls(self.opened.home, f"{number}.jsonl", told | {"url": f"https://birds.example/post/{number}"})
        return await self.shows(lambda: next((one for one in self.cards() if text in one.words), None))

    def cards(self) -> list[Message]:
        return [one for one in self.slack.cards("#alerts") if not one.thread_ts]

    async def shows(self, look: Callable[[], Message | None]) -> Message:
        async def seen() -> Message | None:
            return look()

        found = await until(seen)
        assert isinstance(found, Message)
        return found

    async def becomes(self, message: Message, words: str) -> None:
        await self.shows(lambda: message if words in message.words else None)

    async def reply_with(self, card: Message, words: str) -> Message:
        """What stands in the card's thread."""
        return await self.shows(lambda: next((one for one in self.slack.replies(card) if words in one.words), None))


@asynccontextmanager
async def team(home: Path, more: str = "", *, is_by_http: bool = False) -> AsyncIterator[Team]:
    async with fake_slack() as slack:
        ids = {name: slack.add_user(name).id for name in ("ana", "bo", "mia")}
        slack.add_channel("alerts", members=list(ids))
        config = CONFIG + ROUTE
        for name, user in ids.items():
            config = config.replace(f'name = "{name}"', f'name = "{name}"\nslack = "{user}"')
        keys = {"EARSHOT_SLACK_BOT_TOKEN": slack.bot_token, "EARSHOT_SLACK_API_URL": slack.api_url}
        if is_by_http:
            keys["EARSHOT_SLACK_SIGNING_SECRET"] = slack.signing_secret
        else:
            keys["EARSHOT_SLACK_APP_TOKEN"] = slack.app_token
        async with running(home, config=config + more, more=keys) as opened:
            if is_by_http:
                slack.post_to(f"{opened.url}/slack/events")
            assert opened.app.slack is not None
            app = opened.app

            async def is_ready() -> bool:
                return bool(app.slack and app.slack.health()[0])

            await until(is_ready)
            await opened.becomes("select count(*) from sources where status = 'ok'")
            yield Team(slack, opened)
        slack.check()


async def test_from_a_mention_to_a_resolved_case_in_slack(tmp_path: Path) -> None:
    async with team(tmp_path) as here:
        card = await here.case(1, TROUBLES[0])
        ana, bo = here.person("ana"), here.person("bo")

        assert not (await ana.click(card, "Claim")).error
        await here.becomes(card, "claimed by Ana")
        await here.shows(lambda: card if set(card.reactions) == {"eyes"} else None)

        await (await ana.click(card, "Draft reply")).arrives()
        await ana.submit({"Reply": REPLY})
        draft = await here.reply_with(card, REPLY)
        assert "Ana" in draft.words
        await bo.click(draft, "Approve")
        await here.becomes(draft, "approved by Bo")
        await (await ana.click(draft, "Mark as sent")).arrives()
        await ana.submit({"Link to your reply": LINK})
        await here.becomes(card, "answered by Ana")
        await here.becomes(draft, "sent by Ana")

        await (await ana.click(card, "Resolve")).arrives()
        await ana.submit({"Why": "Fixed: put right"})
        await here.becomes(card, "resolved: fixed")
        assert card.buttons == ["Reopen", "Show"]
        await here.shows(lambda: card if set(card.reactions) == {"white_check_mark"} else None)
        assert len(here.cards()) == 1
        kinds = [
            kind for (kind,) in await here.opened.rows("select kind from case_events where case_id = 1 order by seq")
        ]
        assert kinds[1:] == ["claimed", "drafted", "approved", "answered", "resolved"]


async def test_nobody_approves_the_own_draft(tmp_path: Path) -> None:
    async with team(tmp_path) as here:
        card = await here.case(1, TROUBLES[0])
        bo = here.person("bo")
        await bo.command(f"/earshot draft 1 {REPLY}", channel="#alerts")
        draft = await here.reply_with(card, REPLY)
        answer = await (await bo.click(draft, "Approve")).arrives()
        assert "You wrote this draft" in answer.words
        assert answer.messages[0].thread_ts == card.ts
        await (await here.person("ana").click(draft, "Approve")).arrives()
        assert await here.opened.value("select state from drafts") == "proposed"
        await here.person("mia").click(draft, "Approve")
        await here.becomes(draft, "approved by Mia")


async def test_the_second_claim_is_told_who_has_it(tmp_path: Path) -> None:
    async with team(tmp_path) as here:
        card = await here.case(1, TROUBLES[0])
        stale = here.person("bo")
        assert "Claim" in card.buttons
        await (await here.opened.person("ana")).press("claim", 1)  # on the page
        answer = await (await stale.command("/earshot claim 1", channel="#alerts")).arrives()
        assert "Ana claimed #1" in answer.words
        assert answer.messages[0].ephemeral_to == stale.id
        await here.becomes(card, "claimed by Ana")


async def test_a_change_on_the_page_redraws_the_card_in_slack_and_the_other_way_round(tmp_path: Path) -> None:
    async with team(tmp_path) as here:
        card = await here.case(1, TROUBLES[0])
        at_page = await here.opened.person("bo")
        await at_page.press("claim", 1)
        await here.becomes(card, "claimed by Bo")
        await here.person("bo").click(card, "Release")

        async def is_open_on_the_page() -> bool:
            return "claimed by Bo" not in await at_page.messages("alerts")

        await until(is_open_on_the_page)
        await here.becomes(card, "open")


async def test_praise_is_quiet(tmp_path: Path) -> None:
    async with team(tmp_path) as here:
        add_calls(tmp_path, "praise.jsonl", {"id": "p", "text": PRAISE, "date": utc_now().isoformat()})
        await here.case(1, TROUBLES[0])
        assert [PRAISE in one.words for one in here.slack.messages("#alerts")] == [False]


@pytest.mark.long
async def test_by_signed_http_the_same_happens(tmp_path: Path) -> None:
    async with team(tmp_path, is_by_http=True) as here:
        card = await here.case(1, TROUBLES[0])
        assert not (await here.person("ana").click(card, "Claim")).error
        await here.becomes(card, "claimed by Ana")
        answer = await (await here.person("bo").command("/earshot queue mine", channel="#alerts")).arrives()
        assert "You have no case" in answer.words
        async with here.opened.client.post(
            "/slack/events", data=b"{}", headers={"Content-Type": "application/json"}
        ) as told:
            assert told.status == 401  # unsigned


@pytest.mark.long
async def test_an_archived_channel_pauses_its_route_and_an_admin_is_told(tmp_path: Path) -> None:
    async with team(tmp_path) as here:
        await here.case(1, TROUBLES[0])
        await here.slack.archive("#alerts")
        add_calls(tmp_path, "two.jsonl", {"id": "2", "text": TROUBLES[1], "author": "a", "date": utc_now().isoformat()})
        told = await here.shows(
            lambda: next((one for one in here.slack.messages(here.slack.dm_of(here.slack.user("mia")))), None)
        )
        assert "archived" in told.words
        assert "#alerts" in told.words
        status = await (await here.person("mia").command("/earshot status")).arrives()
        assert "slack:#alerts is paused" in status.words
        await here.slack.archive("#alerts", is_archived=False)
        await here.shows(lambda: next((one for one in here.cards() if TROUBLES[1] in one.words), None))


@pytest.mark.long
async def test_a_start_tries_closed_channels_at_once(tmp_path: Path) -> None:
    async with team(tmp_path) as here:
        far = here.opened.app._now() + timedelta(hours=1)
        await here.opened.app.bridge.write(
            lambda store: store.pauses.pause("slack", "#alerts", "The token was refused.", far, far)
        )
    async with team(tmp_path) as here:
        await here.case(1, TROUBLES[0])

        async def is_open() -> bool:
            return not await here.opened.value("select count(*) from pauses")

        await until(is_open)


@pytest.mark.long
async def test_a_card_that_somebody_deleted_is_not_posted_again(tmp_path: Path) -> None:
    async with team(tmp_path) as here:
        card = await here.case(1, TROUBLES[0])
        card.is_deleted = True
        await here.person("ana").command("/earshot claim 1", channel="#alerts")
        redraw = "select state from deliveries where action = 'update' and chat = 'slack'"
        await here.opened.becomes(redraw, "superseded")
        await here.case(2, TROUBLES[1])
        assert len(here.cards()) == 1
