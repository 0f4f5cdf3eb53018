"""From a stream's single items to pages: what comes within a moment is stored in one transaction."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from handlers.ports import Item, Mark, Page, Transient

LINGER = 0.02  # seconds; a page waits so long for more, which costs little beside the chat's own time
PATIENCE = 60.0  # seconds; a stream that is open for so long and gives nothing is well: there is nothing
_AHEAD = 2_000  # items that may wait; after that the stream itself does

_Found = Item | Mark
_End = BaseException | None  # what a stream ended by; None: of itself


async def pages(
    stream: AsyncIterator[_Found], query: str, most: int, patience: float = PATIENCE
) -> AsyncGenerator[Page, None]:
    """The items of a stream in pages of at most `most`, until it ends or raises; its last items come before that.

    The first page may be empty: it says that the stream is open. The stream is closed with this generator.
    """
    waiting: asyncio.Queue[_Found | _End] = asyncio.Queue(_AHEAD)
    reader = asyncio.create_task(_read(stream, waiting))
    try:
        try:
            found = await asyncio.wait_for(waiting.get(), patience)
        except TimeoutError:
            yield Page((), None, query=query)
            found = await waiting.get()
        while True:
            items: list[Item] = []
            cursor: str | None = None
            if waiting.qsize() < most and not isinstance(found, _End):
                await asyncio.sleep(LINGER)
            is_marked = False
            while not isinstance(found, _End):
                if isinstance(found, Mark):
                    cursor, is_marked = found.cursor, True
                else:
                    items.append(found)
                if len(items) >= most or waiting.empty():
                    break
                found = waiting.get_nowait()
            if items or is_marked:
                yield Page(tuple(items), cursor, query=query)
            if isinstance(found, BaseException):
                raise found
            if found is None:
                return
            found = await waiting.get()
    finally:
        reader.cancel()
        await asyncio.wait([reader])
        if not reader.cancelled():
            reader.exception()  # whatever closing it came to, its end was told already


async def _read(stream: AsyncIterator[_Found], waiting: asyncio.Queue[_Found | _End]) -> None:
    end: _End = None
    try:
        async for item in stream:
            await waiting.put(item)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        end = Transient("Its stream was broken off; it will be tried again.")
    except Exception as error:
        end = error
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()
    await waiting.put(end)
