"""The paths of Discord's API that the fake serves, and what each is called."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Route:
    name: str
    method: str
    path: re.Pattern[str]


def _routes(table: str) -> list[Route]:
    found = []
    for line in table.strip().splitlines():
        name, method, path = line.split()
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path.replace("[", "(?:").replace("]", ")?"))
        found.append(Route(name, method, re.compile(pattern)))
    return found


ROUTES = _routes("""
    me GET /users/@me
    guilds GET /users/@me/guilds
    dm POST /users/@me/channels
    user GET /users/{user}
    application GET [/oauth2]/applications/@me
    gateway GET /gateway[/bot]
    member GET /guilds/{guild}/members/(?!search){user}
    guild GET /guilds/{guild}(?P<rest>|/roles|/channels|/threads/active|/members/search|/members)
    channel GET /channels/{channel}
    change_channel PATCH /channels/{channel}
    typing POST /channels/{channel}/typing
    thread_member PUT /channels/{channel}/thread-members/{user}
    history GET /channels/{channel}/messages
    post POST /channels/{channel}/messages
    get GET /channels/{channel}/messages/{message}
    edit PATCH /channels/{channel}/messages/{message}
    delete DELETE /channels/{channel}/messages/{message}
    thread POST /channels/{channel}/messages/{message}/threads
    react PUT /channels/{channel}/messages/{message}/reactions/{emoji}/@me
    unreact DELETE /channels/{channel}/messages/{message}/reactions/{emoji}/@me
    commands GET /applications/{application}[/guilds/(?P<guild>\\d+)]/commands
    set_commands PUT /applications/{application}[/guilds/(?P<guild>\\d+)]/commands
    put_command POST /applications/{application}[/guilds/(?P<guild>\\d+)]/commands
    delete_command DELETE /applications/{application}[/guilds/(?P<guild>\\d+)]/commands/{command}
    callback POST /interactions/{id}/{token}/callback
    follow_up POST /webhooks/{application}/{token}
    get_answer GET /webhooks/{application}/{token}/messages/{message}
    edit_answer PATCH /webhooks/{application}/{token}/messages/{message}
    delete_answer DELETE /webhooks/{application}/{token}/messages/{message}
""")


def route(method: str, path: str) -> tuple[str, dict[str, str]] | None:
    """The name of what is called, and the parts of the path."""
    for one in ROUTES:
        if one.method == method and (found := one.path.fullmatch(path)):
            return one.name, {name: value or "" for name, value in found.groupdict().items()}
    return None
