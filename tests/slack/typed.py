"""Words as the app gets them when a person types them."""

import re
from collections.abc import Iterator

from tests.slack.workspace import Workspace


def as_sent(slack: Workspace, text: str, *, with_names: bool) -> str:
    """As the app gets it: & < > are escaped, names of people and channels and links become entities."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    def entity(found: re.Match[str]) -> str:
        sign, name = found[0][0], found[0][1:]
        if sign not in "@#":
            return f"<{found[0]}>"
        if sign == "@" and name in ("here", "channel", "everyone"):
            return f"<!{name}>"
        for id_, known in _known(slack, sign):
            if known == name:
                return f"<{sign}{id_}|{name}>" if with_names or sign == "#" else f"<@{id_}>"
        return found[0]

    return re.sub(r"https?://[^\s<>]+|(?<![\w/])[@#][\w.-]*\w", entity, text)


def _known(slack: Workspace, sign: str) -> Iterator[tuple[str, str]]:
    if sign == "@":
        return iter(slack.names.items())
    return ((one.id, one.name) for one in slack.channels.values() if not one.is_im)
