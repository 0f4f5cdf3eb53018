"""What no bot of ours should send: payloads over the limits, pings, raw text, settings left to Slack."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.slack.lint import lint_message, lint_view
from tests.slack.marks import pings_and_links
from tests.slack.world import Channel


class Watch:
    """Looks at every payload; `check()` fails the test when there was an alarm."""

    def __init__(self) -> None:
        self.alarms: list[str] = []
        self.may_ping: set[str] = set()  # ids and names that messages may ping
        self.may_link: Callable[[str], bool] | None = None  # which addresses messages may lead to, None: any
        self.wants_settings = True  # parse, link_names and unfurl_* must be given
        self.channels: dict[str, Channel] = {}

    def alarm(self, words: str) -> None:
        self.alarms.append(words)

    def check(self) -> None:
        """Raises AssertionError when something was sent that no bot of ours should send."""
        assert not self.alarms, "\n".join(self.alarms)

    def look_at(self, method: str, params: Mapping[str, Any]) -> None:
        """Alarms for a message: limits, pings, settings, text that is not escaped."""
        wrong = lint_message(params.get("blocks"), params.get("text"))
        self.alarms += [f"{method}: {one}" for one in wrong]
        told = {"parse": "client" if method == "chat.update" else "none"} | dict(params)
        if not [one for one in wrong if not one.startswith("text")]:
            self._look_for_pings(method, {name: told.get(name) for name in ("text", "blocks", "parse", "link_names")})
        if self.wants_settings and method.startswith("chat."):
            wanted: dict[str, Any] = {"parse": "none"}
            if method != "chat.update":
                wanted["link_names"] = False
            if method == "chat.postMessage":
                wanted |= {"unfurl_links": False, "unfurl_media": False}
            left = [name for name, value in wanted.items() if params.get(name) != value]
            if left:
                self.alarm(f"{method}: {', '.join(left)} must be given, else Slack parses or unfurls")

    def look_at_view(self, told: Mapping[str, Any]) -> list[str]:
        """What is wrong with a view; alarms for it and for its pings."""
        wrong = lint_view(told)
        self.alarms += [f"view {told.get('callback_id')}: {one}" for one in wrong]
        if not wrong:
            self._look_for_pings("view", {"blocks": told["blocks"]})
        return wrong

    def _look_for_pings(self, where: str, told: dict[str, Any]) -> None:
        pings, links, _ = pings_and_links(told)
        for one in sorted(links) if self.may_link is not None else ():
            if not self.may_link(one):
                self.alarm(f"{where}: it leads to {one}")
        for one in sorted(pings - self.may_ping - self.channels.keys()):
            self.alarm(f"{where}: it pings {one}")
        for text in _mrkdwn(told):
            if found := _raw(text):
                self.alarm(f"{where}: {found!r} is not escaped in {text[:80]!r}")


def _mrkdwn(thing: Any) -> Iterable[str]:
    """Every text in which Slack reads entities."""
    if isinstance(thing, Mapping):
        if thing.get("type") == "mrkdwn" or ("type" not in thing and isinstance(thing.get("text"), str)):
            yield thing["text"]
        for one in thing.values():
            yield from _mrkdwn(one)
    elif isinstance(thing, list):
        for one in thing:
            yield from _mrkdwn(one)


def _raw(text: str) -> str:
    """The first < > or & that is neither escaped nor part of a link, ping or date."""
    entity = r"<(?:https?://|mailto:|@[UW]|#C|!subteam\^S|!date\^)[^<>]*>|&(?:amp|lt|gt);"
    found = re.search(r"[<>&]", re.sub(entity, "", text))
    return found[0] if found else ""
