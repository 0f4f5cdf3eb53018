"""X's filtered stream: our rules are kept there, its posts come as they are written, each of them billed."""

import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime

from bot.sources.x.client import Refused, TooManyConnections, XClient, for_reading
from bot.sources.x.items import Post, read_post
from bot.sources.x.money import Meter, Tab
from bot.sources.x.wire import read_object
from handlers.ports import BadQuery, Broken, Budget, Transient

log = logging.getLogger(__name__)

QUIET = 50.0  # seconds; X says every 20 that it is alive
_TAG = "earshot:"


async def sync_rules(client: XClient, wanted: Sequence[str]) -> None:
    """Leave those that are there already, delete our others, add what is missing. Other programs' rules are theirs.

    Raises BadQuery when X does not take one.
    """
    try:
        there = (await client.rules()).get("data")
        ours = [one for one in there if isinstance(one, dict)] if isinstance(there, list) else []
        ours = [one for one in ours if str(one.get("tag", "")).startswith(_TAG)]
        kept = {str(one.get("value")) for one in ours} & set(wanted)
        gone = [str(one.get("id")) for one in ours if str(one.get("value")) not in kept]
        if gone:
            await client.delete_rules(gone)
        missing = [(value, f"{_TAG}{number}") for number, value in enumerate(wanted) if value not in kept]
        if missing:
            _refuse_refused((await client.add_rules(missing)).get("errors"))
    except Refused as error:
        raise for_reading(error, "the rules of the stream") from None


async def follow(
    client: XClient,
    meter: Meter,
    budget: Budget,
    price: int,
    account: str,
    now: Callable[[], datetime],
    quiet_for: float = QUIET,
) -> AsyncGenerator[Post | Broken, None]:
    """Posts as they come, paid for before they are given on. Raises SourceError when it breaks off or is silent."""
    tab = Tab(meter, budget, price, now)
    try:
        await tab.open()
        async with AsyncExitStack() as stack:
            lines = await _opened(client, quiet_for, stack)
            stack.push_async_callback(lines.aclose)
            async for line in lines:
                if not line:
                    continue
                told = read_object(line)
                if told is None:
                    yield Broken("the stream", "It is not JSON.", line[:200].decode("utf-8", "replace"))
                elif "data" in told:
                    found = read_post(told["data"], account)
                    await tab.post(str(found.id) if isinstance(found, Post) else line.decode("utf-8", "replace"))
                    yield found
                elif "errors" in told:
                    raise Transient("X ends its stream; it will be opened again.")
            raise Transient("X's stream has ended; it will be opened again.")
    finally:
        await tab.close()


async def _opened(client: XClient, quiet_for: float, stack: AsyncExitStack) -> AsyncGenerator[bytes, None]:
    """X counts a connection that died for a while; then all of the app's are ended, once."""
    try:
        return await stack.enter_async_context(client.streaming(quiet_for))
    except Refused as error:
        raise for_reading(error) from None
    except TooManyConnections:
        log.warning("X says that another stream is open; all streams of this app are ended once")
    await client.end_connections()
    return await stack.enter_async_context(client.streaming(quiet_for))


def _refuse_refused(errors: object) -> None:
    for one in errors if isinstance(errors, list) else []:
        if isinstance(one, dict) and "duplicate" not in str(one.get("title", "")).lower():
            details = one.get("details")
            words = details[0] if isinstance(details, list) and details else one.get("title", "")
            raise BadQuery(f"X does not take a rule of the stream: {str(words)[:200]}", "Write the query plainer.")
