import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.sessions import Sessions
from handlers.ports import BadSource, RateLimited, SignInFailed, SourceError, Transient
from tests.bluesky.bench import Bench, bench, read_all
from tests.bluesky.fake import PASSWORD
from tests.bot.sources.feedserver import NOW
from tests.bot.sources.rigs import Fault

LOGIN, REFRESH = "com.atproto.server.createSession", "com.atproto.server.refreshSession"
LIST = "app.bsky.notification.listNotifications"


@pytest.fixture
async def at() -> AsyncIterator[Bench]:
    async with bench() as opened:
        yield opened


async def test_a_program_that_starts_every_few_minutes_signs_in_once(at: Bench, tmp_path: Path) -> None:
    at.sessions = Sessions(tmp_path / "sessions")
    for start in range(48):  # in six hours
        if start % 16 == 15:
            at.server.expire("access")  # two hours are over
        await at.start().check()
        await at.sources.pop().close()
    assert at.server.requests[LOGIN] == 1
    assert at.server.requests[REFRESH] == 3


async def test_an_expired_token_is_refreshed_and_the_new_one_is_kept(at: Bench) -> None:
    source = at.start()
    await source.check()
    at.server.expire("access")
    await source.check()
    await at.start().check()
    assert (at.server.requests[LOGIN], at.server.requests[REFRESH]) == (1, 1)


async def test_a_session_that_cannot_be_refreshed_is_begun_anew(at: Bench) -> None:
    source = at.start()
    await source.check()
    at.server.expire("access", "refresh")
    await source.check()
    assert at.server.requests[LOGIN] == 2


async def test_many_calls_at_once_refresh_once(at: Bench) -> None:
    source = at.start()
    await source.check()
    at.server.expire("access")
    await asyncio.gather(*(source.check() for _ in range(8)))
    assert (at.server.requests[LOGIN], at.server.requests[REFRESH]) == (1, 1)


async def test_a_wrong_password_is_told_at_once_and_not_tried_again_and_again(at: Bench) -> None:
    at.password = "wrong"
    source = at.start()
    for _ in range(5):
        with pytest.raises(SignInFailed, match=r"app password of @lamps\.test") as raised:
            await source.check()
    assert at.server.requests[LOGIN] == 1
    assert "wrong" not in str(raised.value)
    at.now += timedelta(minutes=11)
    with pytest.raises(SignInFailed):
        await source.check()
    assert at.server.requests[LOGIN] == 2


async def test_trouble_of_the_server_is_no_reason_to_sign_in_again(at: Bench) -> None:
    source = at.start()
    await source.check()
    at.server.expire("access")
    at.server.down = {REFRESH}
    with pytest.raises(Transient):
        await source.check()
    at.server.down = set()
    await source.check()
    assert at.server.requests[LOGIN] == 1


async def test_the_limit_of_sign_ins_is_told_with_its_end(at: Bench) -> None:
    at.server.logins_left = 0
    with pytest.raises(RateLimited) as raised:
        await at.start().check()
    assert raised.value.until > NOW


@pytest.mark.parametrize(
    "kept", ["{", "[]", "[" * 9_999, '{"server": 1}', '{"server": "https://other.example", "identifier": "x"}']
)
async def test_a_damaged_session_counts_as_none(at: Bench, kept: str) -> None:
    at.sessions.put("bluesky", kept)
    await at.start().check()
    assert at.server.requests[LOGIN] == 1


async def test_a_session_of_another_account_is_not_used(at: Bench) -> None:
    await at.start().check()
    at.server.join("did:plc:other", "other.test", PASSWORD)
    assert "@other.test" in await at.start(handle="other.test").check()
    assert at.server.requests[LOGIN] == 2


async def test_a_session_that_cannot_be_kept_costs_nothing_now(
    at: Bench, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "taken").write_text("")
    at.sessions = Sessions(tmp_path / "taken")
    with caplog.at_level(logging.WARNING):
        await at.start().check()
    assert "cannot be kept" in caplog.text


@pytest.mark.parametrize("fault", Fault)
async def test_no_error_tells_a_secret_or_a_query_string(at: Bench, fault: Fault) -> None:
    source = at.start()
    await source.check()
    kept = at.sessions.get("bluesky")
    at.server.fault = fault
    with pytest.raises(SourceError) as raised:
        await source.poll(None, 10, "notifications")
    told = f"{raised.value} {raised.value!r} {raised.value.__cause__!r} {raised.value.__context__!r}"
    assert PASSWORD not in told
    assert not any(token in told for token in kept.split('"') if "access-" in token or "refresh-" in token)
    assert "reasons=" not in told
    assert "127.0.0.1" in str(raised.value)


async def test_a_server_that_is_none_is_told(at: Bench) -> None:
    at.server.fault = Fault.NONSENSE
    with pytest.raises(BadSource, match="does not answer as a Bluesky server"):
        await at.start().check()
    with pytest.raises(BadSource):
        await at.start(server=f"{at.server.url}/elsewhere").check()
    with pytest.raises(Transient, match="cannot be reached"):
        await at.start(server="http://127.0.0.1:1").check()


async def test_the_source_reads_on_after_the_session_is_renewed_between_two_pages(at: Bench) -> None:
    for number in range(5):
        at.server.mention("did:plc:ana", f"Aurelia {number}")
    source = at.start()
    page = await source.poll(None, 2, "notifications")
    at.server.expire("access")
    items, _ = await read_all(source, page.cursor, limit=2)
    assert len(page.items) + len(items) == 5
