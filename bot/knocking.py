"""How often strangers may knock: at the feedback form, and at a webhook with a signature that does not fit.

What is signed is always let in: many senders may come through one proxy, and nobody of them may lock the others out.
"""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

_MOST = 10_000  # addresses that are remembered; whoever knocked longest ago is forgotten first


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many at once, and afterwards one more every `seconds`."""

    at_once: int
    seconds: float


BY_ADDRESS = Allowance(30, 2.0)
BY_DOOR = Allowance(300, 0.5)


def knocker(peer: str, forwarded: str) -> str:
    """Who knocks, for counting alone: `peer` is who is connected, `forwarded` what X-Forwarded-For says.

    A proxy stands before a public page, and all the world comes from its address; so what a peer in our own network
    wrote last into that header counts. Whoever forges it there is still held by the allowance of the door. An IPv6
    network of 64 bits is one household, which may choose among its addresses as it likes.
    """
    near = _address(peer)
    far = None if near is None or near.is_global else _address(forwarded.rpartition(",")[2])
    address = far or near
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address or peer)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Of `203.0.113.7`, `203.0.113.7:443`, `2001:db8::7` or `[2001:db8::7]:443`."""
    name = text.strip()
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


class Knocking:
    """`now` is the clock."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._full_at: OrderedDict[tuple[str, str], float] = OrderedDict()  # when the whole allowance is there again

    def must_wait(self, door: str, address: str) -> int:
        """Count a knock; how many seconds to wait before it is heard, 0 when it is. What is refused does not count."""
        asked = (((door, address), BY_ADDRESS), ((door, ""), BY_DOOR))
        moment = self._now().timestamp()
        waits = [self._wait(key, allowance, moment) for key, allowance in asked]
        if any(waits):
            return int(max(waits)) + 1
        for key, allowance in asked:
            self._full_at[key] = max(self._full_at.get(key, 0.0), moment) + allowance.seconds
            self._full_at.move_to_end(key)
        while len(self._full_at) > _MOST:
            self._full_at.popitem(last=False)
        return 0

    def _wait(self, key: tuple[str, str], allowance: Allowance, moment: float) -> float:
        """The clock may have been set back: then nobody waits longer than for one whole allowance."""
        whole = allowance.at_once * allowance.seconds
        full_at = self._full_at.get(key, 0.0)
        if full_at > moment + whole:
            full_at = self._full_at[key] = moment + whole
        return max(full_at + allowance.seconds - moment - whole, 0.0)
