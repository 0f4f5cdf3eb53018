from datetime import timedelta

import pytest

from bot.chats.local.session import Sessions, sign_in_link
from storage.errors import ConfigError, NotAllowed
from tests.bot.chats.local.site import SECRET, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions(SECRET, clock)


def _token(path: str) -> str:
    return path.partition("?t=")[2]


def test_a_session_comes_back_with_the_same_act_token(sessions: Sessions) -> None:
    cookie, session = sessions.start("ana")
    assert sessions.read(cookie) == session
    assert sessions.start("ana")[1].token != session.token


def test_every_changed_character_is_noticed(sessions: Sessions) -> None:
    cookie, _ = sessions.start("ana")
    for place in range(len(cookie)):
        changed = cookie[:place] + ("a" if cookie[place] != "a" else "b") + cookie[place + 1 :]
        assert sessions.read(changed) is None, place


@pytest.mark.parametrize("cookie", ["", ".", "x", "é.é", "\udcff.1", "a" * 100_000, "W10.W10"])
def test_nonsense_is_nobody(sessions: Sessions, cookie: str) -> None:
    assert sessions.read(cookie) is None


def test_sessions_end(sessions: Sessions, clock: Clock) -> None:
    cookie, _ = sessions.start("ana")
    clock.pass_by(timedelta(days=29))
    assert sessions.read(cookie)
    clock.pass_by(timedelta(days=2))
    assert sessions.read(cookie) is None


def test_another_secret_knows_nobody(sessions: Sessions, clock: Clock) -> None:
    cookie, _ = sessions.start("ana")
    assert Sessions("another secret", clock).read(cookie) is None
    assert Sessions("", clock).read(cookie) is None


def test_a_link_works_once(sessions: Sessions, clock: Clock) -> None:
    token = _token(sign_in_link(SECRET, "bo", clock()))
    assert sessions.link_member(token) == "bo"
    assert sessions.use_link(token) == "bo"
    with pytest.raises(NotAllowed):
        sessions.use_link(token)
    assert sessions.use_link(_token(sign_in_link(SECRET, "bo", clock()))) == "bo"


def test_a_link_is_old_after_15_minutes(sessions: Sessions, clock: Clock) -> None:
    token = _token(sign_in_link(SECRET, "bo", clock()))
    clock.pass_by(timedelta(minutes=15))
    with pytest.raises(NotAllowed):
        sessions.use_link(token)


def test_a_token_serves_one_purpose(sessions: Sessions, clock: Clock) -> None:
    link = _token(sign_in_link(SECRET, "bo", clock()))
    cookie, _ = sessions.start("bo")
    assert sessions.read(link) is None
    with pytest.raises(NotAllowed):
        sessions.use_link(cookie)
    assert not sessions.is_form_token("bo", cookie)


def test_a_form_token_belongs_to_its_source(sessions: Sessions, clock: Clock) -> None:
    token = sessions.form_token("feedback-form")
    assert sessions.is_form_token("feedback-form", token)
    assert not sessions.is_form_token("another", token)
    clock.pass_by(timedelta(hours=25))
    assert not sessions.is_form_token("feedback-form", token)


def test_no_link_without_a_secret(clock: Clock) -> None:
    with pytest.raises(ConfigError, match="EARSHOT_WEB_SECRET"):
        sign_in_link("", "bo", clock())
