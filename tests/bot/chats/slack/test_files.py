"""Files for one person: brought to her direct messages, and nowhere else; in words where that cannot be."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from handlers.cards import Button, Screen
from handlers.forms import Field, Form
from handlers.requests import File, Reply
from tests.bot.chats.slack.office import Office, office
from tests.bot.fakes import until
from tests.slack.fake import FakeSlack

TABLE = File("cases.csv", "text/csv", "case,status\r\n#1,öffen\r\n")
EXPORTED = Reply("1 case.", file=TABLE)


@pytest.fixture
async def team(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as opened:
        opened.desk.trouble.replies["export"] = EXPORTED
        yield opened


def handed(team: Office, name: str) -> list[tuple[str, bytes | None]]:
    """What lies in her direct messages."""
    return [(file.name, file.content) for one in team.slack.messages(f"@{name}") for file in one.files]


async def test_a_file_is_hers_alone_and_the_answer_says_where_it_is(team: Office) -> None:
    ana = team.person("ana")
    answer = await (await ana.command("/earshot export", channel="#alerts")).arrives()
    assert "1 case. cases.csv is in your direct messages with @earshot." in answer.words
    assert answer.messages[0].ephemeral_to == ana.id
    assert handed(team, "ana") == [("cases.csv", TABLE.text.encode())]
    (file,) = team.slack.files.values()
    assert file.channels == {team.slack.channel("@ana").id}
    assert not team.slack.may_see(team.person("bo").id, file.id)


async def test_asked_for_in_a_direct_message_it_comes_there(team: Office) -> None:
    await team.person("ana").dm("export")

    async def answered() -> bool:
        return any("is in your direct messages" in one.words for one in team.slack.messages("@ana"))

    await until(answered)
    assert len(handed(team, "ana")) == 1


async def test_from_a_button_of_home_a_modal_says_where_it_is(team: Office) -> None:
    team.desk.trouble.replies["home"] = Reply(screen=Screen("Home", "Here.", buttons=(Button("CSV", "export"),)))
    ana = team.person("ana")
    await ana.open_home()

    async def is_open() -> bool:
        return ana.home is not None

    await until(is_open)
    hold = team.slack.faults.hold("upload")
    await ana.click(ana.home, "CSV")
    await team.modal("ana", "Loading…")
    assert hold.gate is not None
    hold.gate.set()
    modal = await team.modal("ana", "cases.csv is in your direct messages with @earshot.")
    assert ana.modal is modal
    assert len(handed(team, "ana")) == 1


async def test_from_a_form_of_home_its_modal_says_where_it_is(team: Office) -> None:
    form = Form("Export", "export", None, (Field("what", "What", value="cases"),))
    team.desk.trouble.replies |= {
        "home": Reply(screen=Screen("Home", "Here.", buttons=(Button("Export…", "summary"),))),
        "summary": Reply(form=form),
    }
    ana = team.person("ana")
    await ana.open_home()

    async def is_open() -> bool:
        return ana.home is not None

    await until(is_open)
    await (await ana.click(ana.home, "Export…")).arrives()
    await ana.submit()
    await team.modal("ana", "1 case. cases.csv is in your direct messages with @earshot.")
    assert len(handed(team, "ana")) == 1


REFUSALS: dict[str, tuple[Callable[[FakeSlack], object], str]] = {
    "no scope": (lambda slack: slack.scopes.discard("files:write"), "lacks the scope files:write"),
    "the bytes were lost": (lambda slack: slack.faults.drop_after("upload"), "Ask again in a moment"),
    "not taken": (
        lambda slack: slack.faults.fail("files.completeUploadExternal", "file_type_not_allowed"),
        "the page in your browser",
    ),
    "the answer was lost": (
        lambda slack: slack.faults.drop_after("files.completeUploadExternal"),
        "look for cases.csv in your direct messages with @earshot, and ask again if it is not there",
    ),
    "she cannot be written to": (
        lambda slack: slack.faults.fail("conversations.open", "user_disabled"),
        "no direct message to you",
    ),
}


@pytest.mark.parametrize("why", REFUSALS)
async def test_what_cannot_be_handed_over_is_said_with_what_to_do(team: Office, why: str) -> None:
    make_trouble, words = REFUSALS[why]
    make_trouble(team.slack)
    answer = await (await team.person("ana").command("/earshot export", channel="#alerts")).arrives()
    assert "1 case." in answer.words
    assert words in answer.words
    assert len(team.slack.calls_of("files.completeUploadExternal")) <= 1
    assert len(handed(team, "ana")) == (why == "the answer was lost")


async def test_an_empty_file_is_handed_over_too(team: Office) -> None:
    team.desk.trouble.replies["export"] = Reply("Nothing.", file=File("none.md", "text/markdown", ""))
    await (await team.person("ana").command("/earshot export", channel="#alerts")).arrives()
    assert handed(team, "ana") == [("none.md", b"\n")]
