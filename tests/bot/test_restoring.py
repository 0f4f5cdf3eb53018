"""A backup is put back: nothing of the time that was lost is done twice, and people are told what is gone."""

import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

from bot.backup_settings import EVERY, KEEP, BackupPlan, read_backups
from bot.backups import Backups
from bot.cli import earshot
from bot.restoring import put_back, told
from handlers import replies
from handlers.cardkeys import ask_for_card
from handlers.ports import ByApi
from handlers.recovery import recover
from handlers.rules.policy import Route
from storage import migrations
from storage.backups import newest, write_backup, write_regular
from storage.errors import DamagedDatabase, InvalidInput
from storage.store import Store, lock, open_sound, open_storage
from storage.types import DraftState, Lane
from tests.bot.fakes import FakeChat, Station, card_of, station
from tests.kit import NOW, TROUBLES, Desk, pages_of_used, raw
from tests.storage.releases import RELEASES, make_release, schema

LATER = NOW + timedelta(hours=3)


def copied(store: Store, to: Path) -> Path:
    write_backup(store.engine, to, NOW)
    return to


def far(opened: Station) -> FakeChat:
    chat = opened.chats["far"]
    assert isinstance(chat, FakeChat)
    return chat


async def test_a_mention_that_is_read_again_takes_over_the_card_that_stands_there(
    db_path: Path, tmp_path: Path
) -> None:
    async with station(db_path) as opened:
        await opened.bridge.read(lambda store: copied(store, tmp_path / "backup.db"))
        await opened.open_case(TROUBLES[1])
        await opened.open_case(TROUBLES[0])
        await opened.deliver()
        posted = list(far(opened).messages)
    assert [one.key for one in posted] == [card_of(1), card_of(2)]
    put_back(tmp_path / "backup.db", db_path, LATER)
    async with station(db_path) as again:
        far(again).messages = posted
        again.clock.pass_by(hours=3)
        again._count = 1  # the second is read first this time: it gets another number than it had
        number = await again.open_case(TROUBLES[0])
        await again.deliver_for(5)
        assert [one.key for one in far(again).messages] == [card_of(1), card_of(2)], "no card is doubled"
        assert number == 3, "no number of the lost time is used again"
        assert far(again).messages[1].words == "#3 open", "the old card shows what is true now"
        fresh = await again.open_case(TROUBLES[2])
        await again.deliver_for(5)
        assert far(again).messages[-1].words == f"#{fresh} open", "what is new is posted"


async def test_what_was_still_to_be_posted_is_looked_for_first(db_path: Path, tmp_path: Path) -> None:
    async with station(db_path) as opened:
        await opened.open_case(TROUBLES[0])
        await opened.bridge.read(lambda store: copied(store, tmp_path / "backup.db"))
        await opened.deliver()
        await opened.say("ana", "claim 1")
        await opened.deliver_for(5)
        posted = list(far(opened).messages)
        assert posted[0].words == "#1 claimed by Ana"
    put_back(tmp_path / "backup.db", db_path, LATER)
    async with station(db_path) as again:
        far(again).messages = posted
        again.clock.pass_by(hours=3)
        await again.deliver_for(5)
        assert [one.words for one in far(again).messages] == ["#1 open"], "one card, and what it shows is true"


def test_a_reply_that_was_approved_is_looked_for_before_it_goes_out(desk: Desk, tmp_path: Path) -> None:
    desk.ways = lambda _: ByApi("@heronair")
    desk.open_case("1", TROUBLES[0])
    desk.open_case("2", TROUBLES[1])
    for number in (1, 2):
        desk.say("ana", f"draft {number} We are sorry.")
        desk.say("bo", f"approve {number}")
    desk.say("ana", "send 2")
    again = Desk(open_storage(copied(desk.store, tmp_path / "backup.db")), now=LATER, ways=desk.ways)
    recovered = recover(again.store, LATER)
    assert recovered is not None
    assert (recovered.replies, recovered.approved) == (1, 1)
    again.later(minutes=1)
    again.say("ana", "send 1")
    waiting = {draft.case_id: draft for draft in again.store.drafts.due(again.now)}
    assert set(waiting) == {1, 2}
    assert all(draft.attempted_at == NOW for draft in waiting.values()), "looked for since the backup, not posted"
    again.store.close()


def test_a_copy_that_somebody_else_put_in_place_recovers_too_and_only_once(desk: Desk, tmp_path: Path) -> None:
    desk.open_case("1", TROUBLES[0])
    place = tmp_path / "elsewhere" / "earshot.db"
    place.parent.mkdir()
    shutil.copy(copied(desk.store, tmp_path / "backup.db"), place)
    store = open_storage(place)
    recovered = recover(store, LATER)
    assert recovered is not None
    assert recovered.messages == 1
    assert recovered.first_case == 2_000, "without the lost file a thousand numbers are left out"
    assert recover(store, LATER) is None
    assert store.cases.next_id() == 2_000
    store.close()


def test_a_restore_deletes_nothing_and_says_what_is_gone(desk: Desk, db_path: Path, tmp_path: Path) -> None:
    backup = copied(desk.store, tmp_path / "backup.db")
    desk.take(raw("1"))
    desk.store.close()
    done = put_back(backup, db_path, LATER)
    second = put_back(backup, db_path, LATER)
    assert done.aside is not None
    assert second.aside not in (None, done.aside)
    with closing(sqlite3.connect(done.aside)) as before:
        assert before.execute("select count(*) from mentions").fetchone() == (1,)
    words = "\n".join(told(done, db_path))
    assert "the backup of 2026-11-23 10:00 UTC, with 0 mentions" in words
    assert str(done.aside) in words
    assert {one.stat().st_mode & 0o777 for one in (db_path, backup, done.aside)} == {0o600}


def test_a_damaged_backup_is_refused_and_the_database_stays(db_path: Path, tmp_path: Path) -> None:
    before = db_path.read_bytes()
    damaged = tmp_path / "backup.db"
    content = bytearray(before)
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 100] = b"\xff" * 100
    damaged.write_bytes(content)
    with pytest.raises(DamagedDatabase, match="Nothing was changed"):
        put_back(damaged, db_path, NOW)
    with pytest.raises(InvalidInput, match="itself"):
        put_back(db_path, db_path, NOW)
    assert db_path.read_bytes() == before
    assert not list(tmp_path.glob("*aside*"))


def test_the_command_refuses_while_the_program_runs(
    db_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARSHOT_DATA", str(tmp_path))
    held = lock(db_path)
    try:
        result = CliRunner().invoke(earshot, ["db", "restore", str(db_path)])
    finally:
        held.release()
    assert result.exit_code == 75
    assert "is in use by process" in result.output


def test_of_the_regular_backups_the_newest_stay(db_path: Path) -> None:
    for hour in range(5):
        write_regular(db_path, NOW + timedelta(hours=hour), 3)
    names = sorted(one.name for one in (db_path.parent / "backups").iterdir())
    assert names == [f"earshot-20261123T{hour}0000Z.db" for hour in (12, 13, 14)]
    found = newest(db_path)
    assert found is not None
    assert found.name == names[-1]
    assert (db_path.parent / "backups").stat().st_mode & 0o777 == 0o700
    assert {one.stat().st_mode & 0o777 for one in found.parent.iterdir()} == {0o600}


def test_a_damaged_file_is_refused_at_the_start_and_the_newest_backup_named(db_path: Path) -> None:
    pages_of_the_schema = pages_of_used(db_path)
    backup = write_regular(db_path, NOW, 3)
    store = open_storage(db_path)
    Desk(store).take(*(raw(str(number), f"heron story number {number} " * 30) for number in range(99)))
    store.close()
    content = bytearray(db_path.read_bytes())
    for page in range(pages_of_the_schema, len(content) // 4096):
        content[page * 4096 : page * 4096 + 100] = b"\xff" * 100
    db_path.write_bytes(content)
    with pytest.raises(DamagedDatabase, match=r"earshot db restore .*20261123") as found:
        open_sound(db_path)
    assert str(backup) in str(found.value)
    assert db_path.read_bytes() == bytes(content)


def test_a_reply_that_cannot_be_looked_for_is_shown_to_a_person(desk: Desk, tmp_path: Path) -> None:
    desk.ways = lambda _: ByApi("@heronair")
    desk.open_case("1", TROUBLES[0])
    desk.say("ana", "draft 1 We are sorry.")
    desk.say("bo", "approve 1")
    desk.say("ana", "send 1")
    again = Desk(open_storage(copied(desk.store, tmp_path / "backup.db")), now=LATER, ways=desk.ways)
    recover(again.store, LATER)
    replies.not_there(again.ctx, again.draft_of(1))
    assert again.draft_of(1).state is DraftState.APPROVED, "not there: a person decides whether it still goes out"
    assert any("restored from a backup" in body for body in again.notices())
    again.store.close()


def test_a_sound_file_with_cases_in_a_list_is_no_damaged_one(desk: Desk, db_path: Path) -> None:
    desk.change_policy(routes=(Route("local:#alerts", digest=timedelta(hours=1)),))
    desk.take(raw("1", "The Heron desk was closed, a bit disappointing."))
    assert desk.store.engine.value("select count(*) from digest_cases"), "where SQLite 3.40 sees damage wrongly"
    desk.store.close()
    open_sound(db_path).close()


def test_a_card_of_before_the_upgrade_is_the_only_one_in_its_channel(desk: Desk) -> None:
    desk.open_case("1")
    desk.store.engine.run("update deliveries set key = 'card:1:local:#alerts' where action = 'post'")
    assert not ask_for_card(desk.ctx, 1, "local", "#alerts", Lane.URGENT)
    assert desk.keys("card:") == ["card:1:local:#alerts"]


def test_before_an_upgrade_the_file_is_copied(tmp_path: Path) -> None:
    path = tmp_path / "earshot.db"
    make_release(path, RELEASES[-1], 30, Random(1), has_all=False)
    before = schema(path)
    open_storage(path).close()
    (copy,) = (tmp_path / "backups").iterdir()
    assert copy.name == f"before-{migrations.known_steps()[len(RELEASES)]}.db"
    assert schema(copy) == before
    assert schema(path) != before


async def test_health_says_when_a_backup_failed_and_when_the_last_was_made(db_path: Path) -> None:
    backups = Backups(db_path, BackupPlan(timedelta(hours=1), 2), lambda: NOW)
    (db_path.parent / "backups").write_text("in the way")
    assert not await backups.make()
    part = backups.part()
    assert part is not None
    assert not part.is_ok
    assert "cannot be written" in part.words
    (db_path.parent / "backups").unlink()
    assert await backups.make()
    part = backups.part()
    assert part is not None
    assert part.is_ok


@pytest.mark.parametrize(
    ("every", "keep", "told"),
    [
        ("5m", "3", ""),
        ("off", "", ""),
        ("", "", ""),
        ("5s", "", "EARSHOT_BACKUP_EVERY"),
        ("1h", "0", "EARSHOT_BACKUP_KEEP"),
    ],
)
def test_how_often_backups_are_made_is_read_from_the_environment(every: str, keep: str, told: str) -> None:
    mistakes: list[str] = []
    read = read_backups({EVERY: every, KEEP: keep}, mistakes)["backups"]
    assert told in "".join(mistakes)
    assert bool(told) == bool(mistakes)
    assert (read.every is None) == (every == "off")
