"""A conversation as a list of turns, as call centres export it: who speaks, and what is said."""

from collections.abc import Iterable, Mapping
from typing import Any

_SPEAKERS = ("ParticipantId", "participantPurpose", "participant", "speaker", "role", "channel")
_SAID = ("Content", "content", "text", "body", "transcript")
_CUSTOMERS = ("customer", "external", "caller", "client", "user")


def spoken(turns: Iterable[Any]) -> str:
    """What the customer says, a line a turn, for an agent's regrets are no complaint; all, if nobody is one."""
    told = [(_first(turn, _SPEAKERS).lower(), _first(turn, _SAID)) for turn in turns if isinstance(turn, Mapping)]
    customers = [said for speaker, said in told if speaker in _CUSTOMERS]
    return "\n".join(said for said in customers or [said for _, said in told] if said)


def _first(turn: Mapping[str, Any], keys: Iterable[str]) -> str:
    return next((turn[key] for key in keys if isinstance(turn.get(key), str)), "")
