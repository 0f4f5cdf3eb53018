"""The main job, told through the page as its own script would: from what a customer said to a resolved case."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

from bot.app import utc_now
from storage.store import open_storage
from tests.bot.running import Running, add_calls, running, variables
from tests.kit import PRAISE, TROUBLES

REPLY = "We are sorry, Jo. Your suitcase is on its way to you."
CARDS = "select count(*) from local_messages where parent is null and channel = '#alerts'"


def call(number: int, text: str, **fields: object) -> dict[str, object]:
    return {
        "id": f"call-{number}",
        "text": text,
        "author": f"jo{number}",
        "url": f"https://birds.example/post/{number}",
        "date": utc_now().isoformat(),
    } | fields


def buttons(page: str) -> list[dict[str, str]]:
    """The attributes of every button."""
    found: list[dict[str, str]] = []

    class Buttons(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag == "button":
                found.append(
                    {name: value or "" for name, value in attrs} | {"data-verb": dict(attrs).get("data-verb") or ""}
                )

    Buttons().feed(page)
    return found


async def begin(opened: Running) -> None:
    """The program has looked into its empty folder; what comes now is news."""
    await opened.becomes("select count(*) from sources where status = 'ok'")


async def test_from_a_mention_to_a_resolved_case_and_all_of_it_is_there_after_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        await begin(opened)
        add_calls(tmp_path, "one.jsonl", call(1, TROUBLES[0]), call(2, TROUBLES[1]), call(3, PRAISE))
        await opened.becomes(CARDS, 2)
        ana, bo = await opened.person("ana"), await opened.person("bo")
        assert TROUBLES[0] in await bo.messages()

        # One takes it, the other is told who has it.
        assert not (await ana.press("claim", 1))["is_error"]
        second = await bo.press("claim", 1)
        assert second["is_error"]
        assert "Ana claimed #1" in second["words"]

        # A reply needs another person.
        asked = await ana.press("draft", 1)
        assert "<dialog" in asked["form"]
        empty = await ana.submit("draft", 1, text="  ")
        assert empty["is_error"]
        assert "A draft needs words." in empty["form"]
        assert not (await ana.submit("draft", 1, text=REPLY))["is_error"]
        await opened.becomes("select count(*) from local_messages where parent is not null")
        thread = await opened.value("select id from local_messages where key like 'card:%' and channel = '#alerts'")
        assert REPLY in await bo.messages(thread=str(thread))
        early = await ana.press("send", 1)
        assert early["is_error"]
        assert "is not approved" in early["words"]
        own = await ana.press("approve", 1)
        assert own["is_error"]
        assert "is for an approver or a manager" in own["words"]
        assert not (await bo.press("approve", 1))["is_error"]

        # The text to copy, the link to open, and the note that it stands there.
        ready = await ana.press("send", 1)
        assert REPLY in ready["answer"]
        assert "https://birds.example/post/1" in ready["answer"]
        wrong = await ana.submit("sent", 1, url="javascript:alert(1)")
        assert wrong["is_error"]
        assert "not a link" in wrong["form"]
        assert not (await ana.submit("sent", 1, url="https://birds.example/reply/9"))["is_error"]
        assert not (await ana.submit("resolve", 1, reason="fixed", note="refunded"))["is_error"]
        assert (await ana.press("claim", 1))["is_error"]
        await opened.becomes("select count(*) from local_messages where body like '%\"is_small\":true%'")
        card = re.search(r'<article class="card [^"]*small".*?</article>', await bo.messages(), re.DOTALL)
        assert card is not None
        assert "resolved: fixed" in card[0]
        assert "blockquote" not in card[0]

        # The rest of the day.
        assert TROUBLES[1] in (await bo.say("/earshot queue"))["answer"]
        assert TROUBLES[0] not in (await bo.say("/earshot queue"))["answer"]
        assert PRAISE in (await bo.say("/earshot search lovely crew"))["answer"]
        assert not (await bo.say("irrelevant 2"))["is_error"]
        add_calls(tmp_path, "two.jsonl", call(12, TROUBLES[1]), call(13, "RT @jo2: " + TROUBLES[1]))
        await opened.becomes("select count(*) from mentions where native_id in ('call-12', 'call-13')", 2)
        assert await opened.value("select count(*) from cases") == 2

        events = await opened.rows("select case_id, version, kind from case_events order by case_id, version")
        assert [kind for case, _, kind in events if case == 1] == [
            "opened", "claimed", "drafted", "approved", "handed over to send", "answered", "resolved",
        ]  # fmt: skip
        before = await state_of(opened)

    async with running(tmp_path, has_file=False) as again:
        assert await state_of(again) == before
        mia = await again.person("mia")
        answer = (await mia.say("show 1"))["answer"]
        assert "resolved" in answer
        assert REPLY in answer


async def state_of(opened: Running) -> list[list[tuple[object, ...]]]:
    tables = ("mentions", "cases", "case_events", "drafts", "mutes")
    bodies = await opened.rows("select channel, key, parent, body from local_messages order by id")
    return [*[await opened.rows(f"select * from {table} order by 1, 2") for table in tables], bodies]


async def test_four_eyes_is_about_the_person_not_the_role(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        await begin(opened)
        add_calls(tmp_path, "one.jsonl", call(1, TROUBLES[0]))
        await opened.becomes(CARDS)
        bo, mia = await opened.person("bo"), await opened.person("mia")
        await bo.say(f"draft 1 {REPLY}")
        own = await bo.say("approve 1")
        assert own["is_error"]
        assert "somebody else must approve" in own["words"]
        assert not (await mia.say("approve 1"))["is_error"]
        await bo.say("draft 1 Something else.")
        assert (await bo.say("send 1"))["is_error"], "an edit voids the approval"


async def test_a_muted_author_opens_no_case_until_the_mute_is_removed(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        await begin(opened)
        bo = await opened.person("bo")
        preview = await bo.say("mute add author:jo1 2h")
        assert "jo1" not in (await bo.say("mute list"))["answer"], "a preview mutes nothing"
        button = next(one for one in buttons(preview["answer"]) if one["data-verb"] == "mute")
        added = await bo.press("mute", None, **json.loads(button["data-values"]))
        assert not added["is_error"], added["words"]
        assert "jo1" in (await bo.say("mute list"))["answer"]
        add_calls(tmp_path, "one.jsonl", call(1, TROUBLES[0]), call(2, TROUBLES[1]))
        await opened.becomes(CARDS)
        assert await opened.rows("select m.author from cases c join mentions m on m.id = c.mention_id") == [("jo2",)]
        assert await opened.value("select hidden from mutes") == 1
        assert not (await bo.say("mute remove 1"))["is_error"]
        add_calls(tmp_path, "two.jsonl", call(3, TROUBLES[2]) | {"author": "jo1"})
        await opened.becomes(CARDS, 2)


async def test_a_click_sent_twice_has_one_effect(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        await begin(opened)
        add_calls(tmp_path, "one.jsonl", call(1, TROUBLES[0]))
        await opened.becomes(CARDS)
        ana = await opened.person("ana")
        for _ in range(2):
            answer = await ana.send("/act", verb="note", case=1, values={"text": "called back"}, key="the-same-click")
        assert answer["words"] == "That was done already."
        assert await opened.value("select count(*) from case_events where kind = 'noted'") == 1


def test_the_file_of_the_story_can_be_opened_without_the_program(tmp_path: Path) -> None:
    path = Path(variables(tmp_path)["EARSHOT_DATA"]) / "earshot.db"
    store = open_storage(path)
    try:
        assert store.engine.check() == []
    finally:
        store.close()
