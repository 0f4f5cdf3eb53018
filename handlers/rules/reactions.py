"""What a reaction on a card does, where a team has switched that on. Taking it off undoes what its owner did by it."""

from collections.abc import Mapping

_CLAIM, _RESOLVE, _MUTE = "eyes", "white_check_mark", "mute"
_NAMES = {"👀": _CLAIM, "✅": _RESOLVE, "🔇": _MUTE}  # some chats give the sign itself
_OWN = {"own": "yes"}  # only what she did herself

_ADDED: dict[str, tuple[str, Mapping[str, str]]] = {
    _CLAIM: ("claim", {}),
    _RESOLVE: ("resolve", {"reason": "done"}),
    _MUTE: ("mute", {"words": "add author", "sure": "yes"}),
}
_REMOVED: dict[str, tuple[str, Mapping[str, str]]] = {
    _CLAIM: ("release", _OWN),
    _RESOLVE: ("reopen", _OWN),
    _MUTE: ("mute", {"words": "remove author", **_OWN}),
}


def act_of(emoji: str, *, is_added: bool) -> tuple[str, Mapping[str, str]] | None:
    """The verb and its values for a reaction, by name or as the sign itself; None for one that means nothing.

    The number of the card's case is put beside the values as `case`, as for a button.
    """
    found = (_ADDED if is_added else _REMOVED).get(_NAMES.get(emoji, emoji))
    return (found[0], dict(found[1])) if found else None
