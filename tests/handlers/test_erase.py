"""A person is erased: two admins, every word, and she stays away."""

import json
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from handlers import erasing
from handlers.cards import Screen
from handlers.erasing import apply_tombstones
from handlers.erasures import waiting
from handlers.rules.policy import Member
from handlers.rules.traces import traces_of
from storage.store import open_storage
from storage.types import Role
from tests.kit import MEMBERS, PRAISE, TROUBLES, Desk, raw

WORD = "zqfamoluxi"
TEXT = f"Heron lost my {WORD} suitcase in Oslo and nobody answers the telephone, I am furious"
EVE = Member("eve", "Eve", (Role.ADMIN,))


@pytest.fixture
def office(desk: Desk) -> Desk:
    """Two admins, and a customer whom people have worked for."""
    desk.change_policy(members=(*MEMBERS, EVE))
    desk.take(raw("j1", TEXT, author="Jo_Zq", author_name="Jo Zqnamo"))
    for line in ("claim 1", f"draft 1 Dear Jo, the {WORD} suitcase is found.", "note 1 Jo called"):
        assert not desk.do("ana", line).is_error
    desk.take(raw("2", TROUBLES[1]))
    desk.do("ana", "note 2 the same as @jo_zq said")
    desk.do("ana", "note 2 refunded")
    return desk


def erase(desk: Desk) -> str:
    assert desk.do("mia", "erase @jo_zq").screen is not None
    return desk.say("eve", "erase confirm 1")


def dump(desk: Desk) -> str:
    tables = [row["name"] for row in desk.store.engine.rows("select name from sqlite_master where type = 'table'")]
    return "\n".join(str([*row]) for table in tables for row in desk.store.engine.rows(f'select * from "{table}"'))


def test_what_would_go_is_told_first_and_nothing_is_done(office: Desk) -> None:
    before = office.mentions()
    screen = office.do("mia", "erase @jo_zq").screen
    assert isinstance(screen, Screen)
    assert "1 mention of hers on birds" in screen.intro
    assert "Eve has to agree within 24 hours: `erase confirm 1`" in screen.outro
    assert office.mentions() == before
    assert any("asks to erase a person" in notice and "jo_zq" not in notice for notice in office.notices())


@pytest.mark.parametrize("typed", ["1", "#1", "1 source:birds"])
def test_a_case_names_its_author_for_a_card_may_not_show_her_handle(office: Desk, typed: str) -> None:
    assert "Jo Zqnamo" in str(office.card(1))
    assert "jo_zq" not in str(office.card(1)).casefold()
    screen = office.do("mia", f"erase {typed}").screen
    assert screen is not None
    assert screen.title == "Erase @jo_zq?"
    assert office.say("eve", "erase confirm 1").startswith("Erased: 1 mention of hers on birds")
    assert "Nobody is named as the author of #1" in office.say("mia", f"erase {typed}")


def test_a_handle_of_digits_alone_needs_its_sign(office: Desk) -> None:
    office.take(raw("j2", TEXT, author="1"))
    screen = office.do("mia", "erase @1").screen
    assert screen is not None
    assert screen.title == "Erase @1?"


def test_a_name_that_nobody_has_is_told_how_to_go_by_a_case(office: Desk) -> None:
    assert "`erase 142` is whoever wrote case 142" in office.say("mia", "erase @Jo Zqnamo")


def test_a_second_admin_has_to_agree(office: Desk) -> None:
    office.do("mia", "erase @jo_zq")
    assert "You asked for it, so another admin must agree" in office.say("mia", "erase confirm 1")
    assert "`erase` is for an admin" in office.say("bo", "erase confirm 1")
    assert any(WORD in one.text for one in office.mentions())
    assert office.say("eve", "erase confirm 1").startswith("Erased: 1 mention of hers on birds")
    assert "is done already" in office.say("eve", "erase confirm 1")


@pytest.mark.parametrize(
    ("then", "told"),
    [
        ("erase confirm 1", "A person was erased: Mia asked for it, Eve agreed."),
        ("erase cancel 1", "Eve took back a request to erase a person. Nothing was erased."),
        ("", "Nobody agreed within 24 hours to erase a person. Nothing was erased."),
    ],
)
def test_the_message_that_asked_says_what_became_of_it(office: Desk, then: str, told: str) -> None:
    office.do("mia", "erase @jo_zq")
    if then:
        office.do("eve", then)
    else:
        office.later(hours=24, minutes=1)
        office.tick()
    rows = office.store.engine.rows(
        "select body from deliveries where subject = 'notice:erase:1' and action = 'update'"
    )
    [notice] = [json.loads(row["body"]) for row in rows]
    assert notice["words"] == told
    assert not notice.get("buttons")


def test_one_person_with_two_accounts_is_no_second_admin(office: Desk) -> None:
    office.change_policy(members=(*MEMBERS, Member("eve", "Eve", (Role.ADMIN,), also=("mia",))))
    office.do("mia", "erase @jo_zq")
    assert "another admin must agree" in office.say("eve", "erase confirm 1")


def test_a_request_ends_after_a_day_and_forgets_whom_it_named(office: Desk) -> None:
    office.do("mia", "erase @jo_zq")
    office.later(hours=24, minutes=1)
    assert "Request 1 has ended" in office.say("eve", "erase confirm 1")
    office.tick()
    assert office.store.engine.value("select author from erasures") == ""


def test_every_word_goes_and_the_numbers_stay(office: Desk) -> None:
    count = len(office.mentions())
    erase(office)
    told = dump(office).casefold()
    assert [one for one in (WORD, "jo_zq", "zqnamo", "birds.example/post/j1", "jo called") if one in told] == []
    assert len(office.mentions()) == count
    found = office.do("ana", f"search {WORD}").screen
    assert found is not None
    assert found.rows == ()
    quote = office.card(1).quote
    assert quote is not None
    assert quote.words == "Erased on request."
    assert office.draft_card(1).state == "erased on request"
    assert office.draft_card(1).buttons == ()


def test_the_lines_of_the_diary_stay_and_other_notes_too(office: Desk) -> None:
    kinds = office.kinds(1)
    erase(office)
    assert office.kinds(1) == kinds
    assert [one.detail.get("text") for one in office.events(2)][1:] == ["erased on request", "refunded"]


def test_a_diary_cannot_be_changed_otherwise(office: Desk) -> None:
    erase(office)
    with pytest.raises(sqlite3.IntegrityError, match="never changed"):
        office.store.engine.run("update case_events set detail = '{}'")
    with (
        pytest.raises(sqlite3.IntegrityError, match="never changed"),
        office.store.transaction(),
        office.store.erasures.open_diaries(),
    ):
        office.store.engine.run("update case_events set actor = 'mia'")


def test_she_is_not_stored_again_until_an_admin_lifts_it(office: Desk) -> None:
    erase(office)
    again = (raw("j1", TEXT, author="somebody else"), raw("j9", TROUBLES[2], author="jo_zq"))
    assert office.take(*again, raw("3", PRAISE)).stored == 1
    assert "stored again" in office.say("eve", "erase lift @jo_zq")
    assert office.take(*again).stored == 1, "what was erased stays erased"


def test_a_copy_by_somebody_else_goes_too_and_hers_is_the_only_one_that_is_nobodys(office: Desk) -> None:
    office.take(raw("4", f"RT @jo_zq: {TEXT}", author="fan"), raw("5", TROUBLES[3], author="jo_zimmer"))
    erase(office)
    told = {one.native_id: (one.text, one.author) for one in office.mentions()}
    assert told["4"] == ("", "fan")
    assert told["5"][0] == TROUBLES[3]


def test_a_file_from_before_is_erased_again(office: Desk, tmp_path: Path) -> None:
    older = tmp_path / "older.db"
    office.store.engine.backup(older)
    erase(office)
    path = office.store.engine.path
    for end in (".erased", ".erased-key"):
        (tmp_path / f"older.db{end}").write_bytes(path.with_name(path.name + end).read_bytes())
    store = open_storage(older)
    assert apply_tombstones(store, office.now) == 1
    assert apply_tombstones(store, office.now) == 0
    store.close()
    assert WORD.encode() not in older.read_bytes()


def test_a_reply_on_its_way_is_waited_for(office: Desk) -> None:
    office.store.engine.run("update drafts set state = 'sending'")
    assert "A reply to her, or about her, is on its way (#1)" in erase(office)
    assert any(WORD in one.text for one in office.mentions())


def test_a_reply_elsewhere_that_quotes_her_is_waited_for_too(office: Desk) -> None:
    office.do("ana", "claim 2")
    office.do("ana", "draft 2 As @jo_zq said, we are sorry.")
    office.store.engine.run("update drafts set state = 'sending' where case_id = 2")
    assert "is on its way (#2)" in erase(office)


def test_a_handle_may_be_typed_in_wide_letters_and_any_case(office: Desk) -> None:
    assert office.do("mia", "erase \uff20\uff2a\uff4f_Zq").screen is not None
    assert office.say("eve", "erase confirm 1").startswith("Erased: 1 mention of hers")
    assert "stored again" in office.say("eve", "erase lift \uff2a\uff4f_zq")


def test_a_source_that_does_not_exist_is_said(office: Desk) -> None:
    assert "There is no source nowhere." in office.say("mia", "erase @jo_zq source:nowhere")


def test_whoever_asked_is_given_no_button_to_agree(office: Desk) -> None:
    office.do("mia", "erase @jo_zq")
    labels = {}
    for who in ("mia", "eve"):
        screen = office.do(who, "erase show 1").screen
        assert screen is not None
        labels[who] = [one.label for one in screen.buttons]
    assert labels == {"mia": ["Do not erase"], "eve": ["Erase for good", "Do not erase"]}


def files_of(desk: Desk) -> tuple[Path, Path]:
    path = desk.store.engine.path
    return path.with_name(f"{path.name}.erased"), path.with_name(f"{path.name}.erased-key")


def test_a_lost_key_is_told_and_no_other_takes_its_place(office: Desk) -> None:
    erase(office)
    office.take(raw("k", TROUBLES[2], author="kay"))
    key = files_of(office)[1]
    kept = key.read_bytes()
    key.unlink()
    office.do("mia", "erase @kay")
    for line in ("erase confirm 2", "erase lift @jo_zq"):
        assert "erased-key is missing" in office.say("eve", line)
    assert not key.exists()
    key.write_bytes(kept)
    assert office.take(raw("j9", TROUBLES[3], author="jo_zq")).stored == 0
    assert office.say("eve", "erase confirm 2").startswith("Erased: 1 mention")


def test_a_line_that_was_cut_off_takes_no_other_with_it(office: Desk) -> None:
    erase(office)
    file = files_of(office)[0]
    with file.open("a") as opened:
        opened.write("author 12ab")
    office.take(raw("k", TROUBLES[2], author="kay"))
    office.do("mia", "erase @kay")
    office.say("eve", "erase confirm 2")
    office.store.engine.run("delete from tombstones")
    assert apply_tombstones(office.store, office.now) == 0
    assert office.take(raw("j9", TROUBLES[3], author="jo_zq"), raw("k9", PRAISE, author="kay")).stored == 0


def test_the_file_beside_is_written_again_when_it_was_lost(office: Desk) -> None:
    erase(office)
    file = files_of(office)[0]
    told = sorted(file.read_text().splitlines())
    file.unlink()
    apply_tombstones(office.store, office.now)
    assert sorted(file.read_text().splitlines()) == told


def test_an_erasure_that_ends_before_it_is_committed_is_finished_at_the_next_start(office: Desk) -> None:
    office.do("mia", "erase @jo_zq")
    _, found = waiting(office.ctx, 1)

    def killed() -> None:
        with office.store.transaction():
            erasing.erase(office.ctx, found)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed()
    assert any(WORD in one.text for one in office.mentions())
    assert apply_tombstones(office.store, office.now) == 1
    assert WORD not in dump(office).casefold()


def test_notices_of_more_than_a_year_ago_go_and_those_of_an_open_case_stay(office: Desk) -> None:
    def notices() -> set[str]:
        rows = office.store.engine.rows("select parent from deliveries where key like 'notice:%'")
        return {row["parent"] for row in rows}

    office.store.engine.run("update deliveries set state = 'sent', body = ''")
    cards = office.keys("card:")
    office.later(days=401)
    office.do("ana", "resolve 1 fixed")
    assert {"case:1", "case:2"} <= notices()
    assert office.store.retention.forget_notices(office.now - timedelta(days=400), 500) >= 1
    assert "case:2" in notices()
    assert "case:1" not in notices()
    assert office.keys("card:") == cards


def test_words_are_kept_as_long_as_the_source_says_and_longer_while_a_case_is_open(office: Desk) -> None:
    birds = next(one for one in office.policy.sources if one.name == "birds")
    sources = tuple(
        one if one.name != "birds" else type(birds)("birds", "feed", keep_for=timedelta(days=30))
        for one in office.policy.sources
    )
    office.change_policy(sources=sources)
    office.take(raw("3", PRAISE), source="birds")
    office.take(raw("9", PRAISE + " again"), source="reviews")
    office.later(days=31)
    office.tick()
    told = {one.native_id: one.text for one in office.mentions()}
    assert (told["3"], told["9"]) == ("", PRAISE + " again")
    assert told["j1"] == TEXT, "its case is open"
    office.do("ana", "resolve 1 fixed")
    office.tick()
    assert {one.native_id: one.text for one in office.mentions()}["j1"] == ""
    assert office.take(raw("3", PRAISE)).stored == 0, "it is still known"


def test_a_common_name_gives_nobody_away() -> None:
    hers = traces_of("maria", ["Maria"], [TEXT], ["https://birds.example/post/7"], ["7"])
    assert not hers.are_in("Maria from accounting called about case 7")
    assert hers.are_in("@Maria called")
    assert hers.are_in(f'{{"text": "she said: lost my {WORD} suitcase in Oslo and more"}}')
    assert hers.are_in("see https://birds.example/post/7")


def test_who_may_be_the_same_person_is_no_second_admin(office: Desk) -> None:
    joined = Member("ev", "Ev", (Role.ADMIN,), slack="UEV", joined="slack")
    office.change_policy(members=(*office.policy.members, joined))
    office.do("mia", "erase @jo_zq")
    assert "Nobody can tell whether Mia and you are two people" in office.say("ev", "erase confirm 1")
    assert any(WORD in one.text for one in office.mentions())
