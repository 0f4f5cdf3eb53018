"""What the doctor says of the second opinion: who gives it, whether it can be reached, and what leaves the house."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from bot.fetch import Fetch
from bot.findings import Finding, broken, look, works
from bot.opinion_settings import DAILY, MODEL, PRIVATE, URL, OpinionKeys
from bot.opinions import load_encoder
from bot.opinions.endpoint import Endpoint
from storage.errors import EarshotError

_NAME = "Second opinion"


async def examine_opinions(keys: OpinionKeys, now: Callable[[], datetime], patience: float) -> Finding:
    """One finding; no text of a customer is sent. Never raises for what it finds."""
    if not (keys.url or keys.encoder):
        return look(_NAME, f"off; {URL} and {MODEL} name a model server, EARSHOT_ENCODER=yes uses one on this machine.")
    fetch = Fetch(now)
    try:
        async with asyncio.timeout(patience):
            if keys.encoder:
                return works(_NAME, await load_encoder(keys.encoder, None).check())
            return works(_NAME, f"{await Endpoint(keys, fetch).check()} {_leaves(keys)}")
    except TimeoutError:
        return broken(_NAME, f"no answer within {patience:g} seconds. The day-one words decide alone meanwhile.")
    except EarshotError as error:
        return broken(_NAME, f"{' '.join(str(error).split())} The day-one words decide alone meanwhile.")
    except Exception as error:  # its words may hold the key
        return broken(_NAME, f"failed with {type(error).__name__}. The day-one words decide alone meanwhile.")
    finally:
        await fetch.close()


def _leaves(keys: OpinionKeys) -> str:
    private = (
        "calls, mails and forms as well" if keys.sends_private else f"never calls, mails and forms ({PRIVATE} is off)"
    )
    where = "stay on this machine" if keys.stays_here else "LEAVE THIS MACHINE"
    told = f"The words of mentions that are hard to judge {where}: {private}."
    return f"{told} At most {keys.daily:,} requests a day ({DAILY})."
