"""The program as a whole: it starts and gives everything back, is alone on its file, reads its settings again, and
takes in what is posted to it exactly once."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot import app as bot_app
from bot.app import App
from bot.policy_file import read_policy
from bot.serving import serve
from bot.sources.file import FileSource
from handlers.ports import Gone, Page, SignInFailed
from handlers.requests import Request
from handlers.rules.policy import Member
from storage.errors import AlreadyRunning, ConfigError, StorageError
from storage.store import Store, lock, open_storage
from tests.bot.fakes import until
from tests.bot.running import CONFIG, Running, add_calls, environment, running, variables, write_config
from tests.kit import TROUBLES

ROOT = Path(__file__).parents[2]
ITEM = {"id": "m-1", "text": "My Heron ticket was charged twice, I am furious", "name": "Jo"}
SECOND_QUERY = CONFIG.replace('names = "heron"', 'names = "heron"\nbirds = "egret"')
MENTIONS = "select count(*) from mentions"


def descriptors() -> set[str]:
    """What this process has open, by what it leads to; sockets and the like by kind only."""
    found = set()
    for entry in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{entry}"))
        except FileNotFoundError:
            continue
    return {path for path in found if path.startswith("/") and not path.startswith(("/dev/", "/proc/"))}


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("earshot")}


async def reload(opened: Running) -> str:
    mia = opened.app.policy().member("mia")
    reply = await opened.app.act(Request(mia, "settings", "reload", key=f"reload-{time.monotonic_ns()}"))
    return reply.words


async def test_the_sample_day_is_played_into_the_program(tmp_path: Path) -> None:
    day = f'{CONFIG}\n[[sources]]\nname = "day"\nkind = "sample"\nbrand = "Heron Air"\nminutes = 1\n'
    async with running(tmp_path, config=day) as opened:
        await opened.becomes(
            "select count(*) > 0 from mentions m join sources s on s.id = m.source_id where name = 'day'"
        )
        assert (await opened.app.health())["ok"]


# Beginning and end


async def test_it_gives_back_its_threads_tasks_and_files(tmp_path: Path) -> None:
    files, tasks = descriptors(), asyncio.all_tasks()
    for _ in range(2):
        async with running(tmp_path) as opened:
            await opened.person("ana")
            await opened.becomes("select count(*) from sources where status = 'ok'")
            assert threads()
        assert threads() == set()
        assert descriptors() <= files
        assert asyncio.all_tasks() == tasks
    lock(environment(tmp_path).database).release()


async def test_what_cannot_start_gives_everything_back(tmp_path: Path) -> None:
    config = write_config(tmp_path, CONFIG.replace("DESK_SECRET", "NOT_SET_SECRET"))
    with pytest.raises(ConfigError, match="NOT_SET_SECRET is not set"):
        await serve(environment(tmp_path), read_policy(config), mode="demo", config_path=config, say=print)
    assert threads() == set()
    lock(environment(tmp_path).database).release()


async def test_a_port_in_use_is_one_clear_sentence_and_gives_everything_back(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        told = variables(tmp_path) | {"EARSHOT_PORT": str(taken.getsockname()[1])}
        done = cli(["run", "--config", str(config)], told, tmp_path)
    assert done.returncode == 2
    assert re.fullmatch(
        r"EARSHOT_PORT: 127\.0\.0\.1:\d+ cannot be used \(address already in use\)\. Another program .*\n", done.stderr
    )


async def test_a_second_instance_is_refused_and_told_who_holds_the_file(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        done = await asyncio.to_thread(cli, ["run"], variables(tmp_path), tmp_path)
        assert done.returncode == 75
        assert f"in use by process {os.getpid()} on " in done.stderr
        assert len(done.stderr.splitlines()) == 1
        with pytest.raises(AlreadyRunning):
            App(environment(tmp_path), opened.app.policy(), config_path=None)
        assert await opened.value(MENTIONS) == 0, "the first one is not disturbed"


def cli(words: list[str], told: dict[str, str], home: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "bot", *words]
    given = {name: value for name, value in os.environ.items() if not name.startswith("EARSHOT_")}
    return subprocess.run(
        command, env=given | told | {"PYTHONPATH": str(ROOT)}, cwd=home, capture_output=True, text=True, timeout=60
    )


# Settings read again


async def test_a_good_file_applies_at_once_and_a_bad_one_changes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        await opened.becomes("select count(*) from sources where status = 'ok'")
        add_calls(tmp_path, "a.jsonl", {"id": 1, "text": "The egret line is terrible, I am furious"})
        write_config(tmp_path, SECOND_QUERY)
        assert await reload(opened) == "Read again: 1 brand, 2 sources, 2 routes, 3 members."
        add_calls(tmp_path, "b.jsonl", {"id": 2, "text": "That egret plane was dirty and awful, I hate it"})
        await opened.becomes("select count(*) from mentions where query = 'birds' and native_id = '2'")

        write_config(tmp_path, SECOND_QUERY.replace('"egret"', '"egret AND (" ').replace("team", "tema"))
        words = await reload(opened)
        assert words.startswith("Nothing was changed. earshot.toml: ")
        assert "tema" in words
        assert "birds" in words
        assert opened.app.policy().team == "Heron & Plover"
        add_calls(tmp_path, "c.jsonl", {"id": 3, "text": "Another awful egret flight, I hate it so much"})
        await opened.becomes("select count(*) from mentions where native_id = '3'")


async def test_a_source_that_was_taken_out_stops_and_a_new_one_starts(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        await opened.becomes("select count(*) from sources where name = 'calls' and status = 'ok'")
        (tmp_path / "reviews").mkdir()
        changed = CONFIG.replace('name = "calls"', 'name = "reviews"').replace("{folder}", str(tmp_path / "reviews"))
        write_config(tmp_path, changed)
        await reload(opened)
        await opened.becomes("select count(*) from sources where name = 'reviews' and status = 'ok'")
        add_calls(tmp_path, "a.jsonl", {"id": 1, "text": TROUBLES[0]})
        (tmp_path / "reviews" / "r.jsonl").write_text('{"id": 2, "text": "The Heron seats are awful, I hate them"}\n')
        await opened.becomes(MENTIONS, 1)
        assert await opened.rows("select native_id from mentions") == [("2",)]
        assert not any("calls" in task.get_name() for task in asyncio.all_tasks() if "listen" in task.get_name())


async def test_a_source_that_only_a_person_could_mend_starts_again_with_a_reload(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        source = opened.app._listening.sources["calls"]
        real = source.poll

        async def refuse(*asked: object) -> Page:
            raise SignInFailed("The key is wrong.")

        source.poll = refuse  # type: ignore[method-assign]
        await opened.becomes("select count(*) from sources where name = 'calls' and status = 'off'")
        source.poll = real  # type: ignore[method-assign]
        await reload(opened)
        await opened.becomes("select count(*) from sources where name = 'calls' and status = 'ok'")


async def test_a_part_of_a_source_that_was_given_up_is_tried_again_with_a_reload(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        listening = opened.app._listening
        source = listening.sources["calls"]
        source.plan = lambda wanted: ("", "gone")  # type: ignore[method-assign]
        source.side_by_side = 2
        is_back, is_leaving, overlapped = False, False, []

        async def refuse(cursor: str | None, limit: int, query: str = "", *rest: object) -> Page:
            nonlocal is_leaving
            overlapped.extend([True] * is_leaving)
            if query == "gone":
                if not is_back:
                    raise Gone("It is gone for good.")
                return Page((), None)
            try:
                await asyncio.Event().wait()
            finally:
                is_leaving = True
                await asyncio.sleep(0.05)  # to hang up takes a moment
                is_leaving = False
            raise AssertionError

        source.poll = refuse  # type: ignore[method-assign]
        listening._begin("calls", source)
        await opened.becomes("select count(*) from cursors where query = 'gone' and status = 'off'")
        is_back = True
        await reload(opened)
        await opened.becomes("select count(*) from cursors where query = 'gone' and status = 'ok'")
        assert not overlapped, "one listener at a time reads a source"


async def test_only_an_admin_may_have_the_settings_read_again(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        write_config(tmp_path, SECOND_QUERY)
        reply = await opened.app.act(Request(Member("ana"), "settings", "reload", key="ana-reload"))
        assert reply.is_error
        assert len(opened.app.policy().brands[0].queries) == 1


@contextmanager
def program(home: Path) -> "Iterator[tuple[subprocess.Popen[str], str]]":
    """`earshot run` as another process, and the address of its page."""
    command = [sys.executable, "-m", "bot", "run"]
    told = os.environ | variables(home) | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=told, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        found = re.search(r"http://\S+?(?=;)", process.stdout.readline())
        assert found is not None, process.communicate()
        yield process, found[0]
    finally:
        process.kill()
        process.communicate()


def test_a_signal_reads_the_settings_again_and_another_one_stops_it(tmp_path: Path) -> None:
    write_config(tmp_path)
    with program(tmp_path) as (process, _):
        assert process.stdout is not None
        write_config(tmp_path, "team == 3")
        process.send_signal(signal.SIGHUP)
        assert process.stdout.readline().startswith("Nothing was changed. earshot.toml: line 1, column 7")
        write_config(tmp_path, SECOND_QUERY)
        process.send_signal(signal.SIGHUP)
        assert process.stdout.readline() == "Read again: 1 brand, 2 sources, 2 routes, 3 members.\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "Stopping; nothing is lost.\n"
        assert process.wait(60) == 0


# What is posted to it


async def test_a_signed_delivery_is_stored_before_it_is_acknowledged(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        status, answer = await opened.hook(ITEM)
        assert (status, answer["ok"]) == (202, True)
        assert await opened.value(MENTIONS) == 1
        assert await opened.value("select count(*) from deliveries") > 0
        await opened.becomes("select count(*) from local_messages where channel = '#alerts'")


async def test_when_it_cannot_be_stored_it_is_not_acknowledged(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:

        def refuse(store: Store) -> None:
            raise StorageError("The disk is full.")

        real = opened.app.bridge.write
        opened.app.bridge.write = lambda work, **kept: real(refuse)  # type: ignore[method-assign]
        status, answer = await opened.hook(ITEM)
        opened.app.bridge.write = real  # type: ignore[method-assign]
        assert (status, answer["ok"]) == (503, False)
        assert await opened.value(MENTIONS) == 0
        assert (await opened.hook(ITEM))[0] == 202


async def test_a_replay_is_refused_and_stores_nothing_whatever_it_changes(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        moment = str(int(time.time()))
        assert (await opened.hook(ITEM, delivery="delivery-1", timestamp=moment))[0] == 202
        again = await opened.hook(ITEM, delivery="delivery-1", timestamp=moment)
        other_id = await opened.hook(ITEM, delivery="delivery-2", timestamp=moment)
        other_body = await opened.hook(ITEM | {"id": "m-2"}, delivery="delivery-1", timestamp=str(int(moment) + 1))
        assert [again[0], other_id[0], other_body[0]] == [409, 409, 409]
        assert await opened.value(MENTIONS) == 1
        assert (await opened.hook(ITEM, timestamp=str(int(moment) + 2)))[1]["words"].startswith(
            "Taken in: 0 new, 1 known"
        )


async def test_a_crash_between_storing_and_answering_is_absorbed(tmp_path: Path) -> None:
    moment = str(int(time.time()))
    async with running(tmp_path) as opened:
        assert (await opened.hook(ITEM, timestamp=moment))[0] == 202  # and the answer gets lost
    async with running(tmp_path, has_file=False) as again:
        assert (await again.hook(ITEM, timestamp=moment))[0] == 409
        assert await again.value(MENTIONS) == 1
        assert await again.value("select count(*) from cases") == 1


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"secret": "somebody else's secret"}, 401),
        ({"timestamp": str(int(time.time()) - 3600)}, 401),
        ({"source": "nowhere"}, 404),
        ({"source": "calls"}, 404),
    ],
)
async def test_what_is_not_signed_by_our_sender_stores_nothing(
    tmp_path: Path, changed: dict[str, str], status: int
) -> None:
    async with running(tmp_path) as opened:
        assert (await opened.hook(ITEM, **changed))[0] == status
        assert await opened.value("select count(*) from inbox where key like 'hook:%'") == 0
        assert await opened.value(MENTIONS) == 0


async def test_the_feedback_form_leads_to_a_card_and_the_same_page_sent_twice_to_one(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        async with opened.client.get("/feedback/desk") as page:
            token = re.search(r'name="token" value="([^"]+)"', await page.text())
        assert token is not None
        words = "The Heron desk lost my form and shouted at me, I am furious"
        fields = {"token": token[1], "text": words, "stars": "1", "name": "Jo", "email": "jo@home.example"}
        for _ in range(2):
            async with opened.client.post("/feedback/desk", data=fields, allow_redirects=False) as answer:
                assert answer.status == 303
        await opened.becomes("select count(*) from local_messages where channel = '#alerts'")
        assert await opened.value(MENTIONS) == 1
        ana = await opened.person("ana")
        card = await ana.messages()
        assert words in card
        assert "private: never quote in public" in card


# What it says about itself


async def test_metrics_are_prometheus_text_with_the_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot_app, "_MEASURE", 0.02)
    async with running(tmp_path) as opened:
        await opened.hook(ITEM)
        await opened.hook([{"id": "x", "text": "Heron again"}, {"id": "y"}])
        await opened.app.act(Request(Member("ana"), "claim", values={"case": "1"}, key="claim-key"))
        await opened.app.act(Request(Member("ana"), "thatisnoverb"))

        async def numbers() -> dict[tuple[str, ...], float]:
            async with opened.client.get("/metrics") as answer:
                assert answer.status == 200
                text = await answer.text()
            return {
                (sample.name, *sample.labels.values()): sample.value
                for family in text_string_to_metric_families(text)
                for sample in family.samples
            }

        async def is_there() -> bool:
            found = await numbers()
            return found.get(("earshot_mentions_stored", "desk")) == 2 and found["earshot_deliveries_waiting",] == 0

        await until(is_there)
        found = await numbers()
        assert found["earshot_items_quarantined", "desk"] == 1
        assert found["earshot_commands_total", "claim"] == 1
        assert found["earshot_commands_total", "unknown"] == 1
        assert ("earshot_commands_total", "thatisnoverb") not in found, "what people type makes no labels"
        assert found["earshot_source_ok", "desk"] == 1
        assert found["earshot_deliveries_dead",] == 0
        assert found["earshot_command_seconds_count",] == 2


async def test_a_failing_look_at_the_numbers_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot_app, "_MEASURE", 0.02)
    async with running(tmp_path) as opened:
        real, failures = opened.app._watch.look, []

        def look(store: Store, now: object) -> None:
            failures.append(now)
            raise OSError("disk I/O error")

        opened.app._watch.look = look  # type: ignore[method-assign]

        async def failed() -> bool:
            return len(failures) > 1

        await until(failed)
        opened.app._watch.look = real  # type: ignore[method-assign]
        assert (await opened.app.health())["ok"]


async def test_what_fell_due_while_nothing_ran_is_done_at_the_start(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        await opened.hook(ITEM)
        await opened.app.act(Request(Member("ana"), "snooze", values={"case": "1", "until": "2h"}, key="snooze-key"))
        assert await opened.value("select count(*) from cases where snoozed_until is not null") == 1
    store = open_storage(environment(tmp_path).database)
    store.engine.run("update cases set snoozed_until = '2020-01-01T00:00:00.000000Z'")
    store.close()
    async with running(tmp_path, has_file=False) as again:
        await again.becomes("select count(*) from case_events where kind = 'woke'")


async def test_a_source_is_closed_with_the_program(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        source = opened.app._listening.sources["calls"]
        assert isinstance(source, FileSource)
        closed: list[bool] = []
        real = source.close

        async def close() -> None:
            closed.append(True)
            await real()

        source.close = close  # type: ignore[method-assign]
    assert closed == [True]
