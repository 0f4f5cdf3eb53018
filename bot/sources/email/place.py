"""How far a mail folder is read: the cursor of a mailbox."""

import json
from dataclasses import asdict, dataclass, replace

from pydantic import TypeAdapter


@dataclass(frozen=True)
class Place:
    """Up to and with mail `uid`, and of the next one, if it is `begun`, its first `given` items.

    `validity` says in which life of the folder the numbers count; `old` is the last mail from before we began.
    """

    of: str  # whose folder on which server
    validity: int = 0
    uid: int = 0
    old: int = 0
    begun: int = 0
    given: int = 0

    def after(self, uid: int) -> "Place":
        """Once a mail was given whole."""
        return replace(self, uid=uid, begun=0, given=0)

    def within(self, uid: int, given: int) -> "Place":
        """Once so many items of a mail were given."""
        return replace(self, begun=uid, given=given)

    @property
    def is_old(self) -> bool:
        """Whether what was read up to here was there before we began."""
        return 0 < max(self.uid, self.begun) <= self.old

    def written(self) -> str:
        return json.dumps(asdict(self))


_PLACE = TypeAdapter(Place)


def read_place(cursor: str | None, of: str) -> Place | None:
    """The place that a cursor tells; None for a damaged one and for one of another folder, which loses nothing."""
    try:
        place = _PLACE.validate_python(json.loads(cursor)) if cursor else None
    except (ValueError, RecursionError):
        return None
    numbers = (place.validity, place.uid, place.old, place.begun, place.given) if place else ()
    return place if place and place.of == of and all(0 <= one < 2**63 for one in numbers) else None
