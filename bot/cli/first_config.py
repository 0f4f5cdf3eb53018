"""The first `earshot.toml` and `.env` of a team, as text with comments. A person goes on writing there."""

import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from handlers.rules.policy import Member
from storage.errors import InvalidInput
from storage.types import Role

FORM_SECRET = "FEEDBACK_SECRET"  # noqa: S105  the name of a variable


@dataclass(frozen=True, slots=True)
class Answers:
    """What a team says when it begins. `words` are what to listen for; `feed` may be empty."""

    team: str
    brand: str
    words: tuple[str, ...]
    feed: str
    members: tuple[Member, ...]
    timezone: str
    is_in_slack: bool = False
    is_in_discord: bool = False


def read_words(line: str) -> tuple[str, ...]:
    """Words and phrases between commas. Raises InvalidInput when there is none."""
    words = tuple(word for word in (part.strip().strip("\"'") for part in line.split(",")) if word)
    if not words:
        raise InvalidInput("Name at least one word or phrase to listen for.")
    return words


def expression_for(words: Iterable[str]) -> str:
    """A query that any of the words satisfies: kettle OR "tea maker"."""
    return " OR ".join(word if word.isalnum() else f'"{word}"' for word in words)


def read_members(line: str) -> tuple[Member, ...]:
    """ana, bo=approver, mia=manager+admin: names with their roles. Raises InvalidInput with what is wrong."""
    return tuple(_member(part.strip()) for part in line.split(",") if part.strip())


def _member(told: str) -> Member:
    title, _, roles = (part.strip() for part in told.partition("="))
    known = {str(role.value): role for role in Role}
    wanted = [one.strip() for one in roles.split("+") if one.strip()] or ["agent"]
    for one in wanted:
        if one not in known:
            raise InvalidInput(f'"{one}" is none of {", ".join(known)}.')
    name = re.sub(r"[^a-z0-9_.-]", "", title.lower().replace(" ", "."))
    if not name:
        raise InvalidInput(f'"{title}" has no letter from a to z; a name is what commands call a person: ana.')
    return Member(name, title if title != name else "", tuple(known[one] for one in wanted))


def config_text(answers: Answers) -> str:
    """`earshot.toml`."""
    blocks = [_head(answers), _brand(answers), _SOURCES_HEAD, _form(answers.brand)]
    blocks += [_feed(answers.feed)] if answers.feed else [_FEED_LATER]
    blocks += [_FOLDER_LATER, _routes(answers), _SLACK_ROUTE if answers.is_in_slack else _commented(_SLACK_ROUTE)]
    blocks += [_DISCORD_ROUTE if answers.is_in_discord else _commented(_DISCORD_ROUTE), _MEMBERS]
    blocks += [*(_member_text(member) for member in answers.members), _SLACK, _DISCORD, _MORE]
    return "\n".join(blocks)


def env_text(names: Iterable[str]) -> str:
    """Lines of `.env` with a fresh secret for each name."""
    return "".join(f"{name}={secrets.token_urlsafe(32)}\n" for name in names)


def quoted(text: str) -> str:
    """Text as TOML writes it."""
    sound = " ".join(text.split()).encode("utf-8", "replace").decode()
    return json.dumps(sound, ensure_ascii=False).replace("\x7f", "")


def _head(answers: Answers) -> str:
    return f"""\
# What your team decides. After a change, `earshot doctor` says whether it is right.
# `/earshot settings reload` applies it.
# Lengths of time are written 30s, 15m, 4h, 7d, 2w. Every key stands in docs/settings.md.

team = {quoted(answers.team)}
timezone = {quoted(answers.timezone)}
four_eyes = true                 # a reply needs another person's approval
{_with_note(f"escalate_to = {quoted(_urgent(answers))}", "an escalated case is also posted there")}
"""


def _urgent(answers: Answers) -> str:
    """Where urgent and escalated cases go: into the chat that the team works in, where there is one."""
    only = answers.is_in_slack is not answers.is_in_discord
    return f"{('slack' if answers.is_in_slack else 'discord') if only else 'local'}:#urgent"


def _with_note(line: str, note: str) -> str:
    return f"{line:<32} # {note}"


def _brand(answers: Answers) -> str:
    return f"""\
# What you listen for. Try an expression before you save it: earshot query test EXPRESSION
[[brands]]
name = {quoted(answers.brand)}
own_accounts = []                # your own handles: their posts are never mentions
[brands.queries]
name = {quoted(expression_for(answers.words))}
"""


_SOURCES_HEAD = """\
# Where you listen. `earshot doctor` asks each one whether it can be read.
"""


def _form(brand: str) -> str:
    return f"""\
[[sources]]
name = "feedback"
kind = "webhook"                 # other programs post here, signed with the secret in .env
form = true                      # and people write here: /feedback/feedback on the page's address
secret_env = "{FORM_SECRET}"
brand = {quoted(brand)}
"""


def _feed(address: str) -> str:
    return f"""\
[[sources]]
name = "feed"
kind = "feed"
url = {quoted(address)}
every = "15m"
"""


_FEED_LATER = """\
# [[sources]]
# name = "news"
# kind = "feed"
# url = "https://news.example/feed.xml"
"""

_FOLDER_LATER = """\
# [[sources]]
# name = "calls"
# kind = "file"                  # every CSV, JSONL or mbox file that is put into this folder
# folder = "data/inbox"
"""


def _routes(answers: Answers) -> str:
    urgent = _urgent(answers)
    line = f"channel = {quoted(urgent)}"
    is_ours = urgent.startswith("local:")
    return f"""\
# Which cases go where.
[[routes]]
channel = "local:#alerts"
min_priority = "normal"

[[routes]]
{line if is_ours else _with_note(line, "make this channel too, or name another here and in escalate_to")}
min_priority = "urgent"
"""


_SLACK_ROUTE = """\
[[routes]]
channel = "slack:#alerts"        # invite @earshot there; `earshot slack doctor` says whether it can post
min_priority = "normal"
"""

_DISCORD_ROUTE = """\
[[routes]]
channel = "discord:#alerts"      # Earshot must see it; `earshot discord doctor` says whether it can post
min_priority = "normal"
"""

_MEMBERS = """\
# Who works here: agent, approver, manager, admin.
"""


def _member_text(member: Member) -> str:
    roles = ", ".join(quoted(role.value) for role in member.roles)
    title = f"title = {quoted(member.title)}\n" if member.title else ""
    return f"""\
[[members]]
name = {quoted(member.name)}
{title}roles = [{roles}]
# slack = "U012AB3CD"            # her id in Slack: her profile, ⋮, Copy member ID
# discord = "80351110224678912"  # her id in Discord: right-click her name, Copy User ID (Developer Mode)
"""


def _commented(block: str) -> str:
    return "".join(f"# {line}\n" for line in block.splitlines())


_SLACK = """\
# How Earshot behaves in Slack. docs/slack.md says how to set it up.
# [slack]
# groups = { support = ["agent"] }   # user groups of Slack, and the roles that they give
# reactions = true                   # 👀 on a card claims it, ✅ resolves it, 🔇 mutes its author
"""

_DISCORD = """\
# How Earshot behaves in Discord. docs/discord.md says how to set it up.
# [discord]
# server = "197038439483310086"      # needed only where Earshot is in several servers
# roles = { Support = ["agent"] }    # roles of Discord, and the roles here that they give
"""

_MORE = """\
# The promise of a first answer.
[sla]
urgent = "1h"
high = "4h"
normal = "24h"
low = "3d"
"""
