"""No secret is found in a log, file, card, error, command line or page, and no customer's word in a log.

The program is a process of its own that talks to both chats' fakes, and to a server that answers every call with the
call's own headers, so that an error that repeats an answer would give the key away. Every secret that it can be given
is a string that stands nowhere else; so are the words of its customers. Both chats fail, drop and garble answers; the
page, its webhook and subcommands are used well and badly, and started with tokens that are wrong. It is done with every
library's log at its loudest, and once more as `EARSHOT_LOG=debug` makes it. All files must be its user's alone.
"""

import asyncio
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

from bot.app import utc_now
from bot.sources.webhook import sign
from tests.bot.running import HOOK_SECRET, add_calls, write_config
from tests.kit import TROUBLES
from tests.prove.canaries import canaries, files, hits, in_chats
from tests.prove.trial import Trial
from tests.two_chats import Team, config, keys, sees, two_chats

GOAL = "G22"
FAULTS = (86, 87)
MINUTES = (3, 8)
_PATIENCE = 120.0  # seconds
_MORE = '[[sources]]\nname = "{name}"\nkind = "feed"\nurl = "{url}/{name}"\nallow_private = true\nevery = "1s"\n'


@dataclass
class Story:
    """One run of the program and all that came of it, by where it was found."""

    team: Team
    secrets: dict[str, str]
    echo: str
    module: str
    commands: int
    said: dict[str, bytes]

    def environment(self, **more: str) -> dict[str, str]:
        home = self.team.home
        told = {
            "EARSHOT_DATA": str(home / "data"), "EARSHOT_CONFIG": str(home / "earshot.toml"), "EARSHOT_PORT": "0",
            "EARSHOT_LOG": "debug", "EARSHOT_OPINION_URL": f"{self.echo}/v1", "EARSHOT_OPINION_MODEL": "small",
            "PATH": os.environ["PATH"], "HOME": str(home),
        }  # fmt: skip
        return told | keys(self.team) | self.secrets | more

    async def command(self, what: str, *words: str, seconds: float = _PATIENCE, **more: str) -> bytes:
        """A subcommand, to its end or so long; whatever it says."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", self.module, *words, env=self.environment(**more), cwd=Path.cwd(),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, stdin=asyncio.subprocess.DEVNULL,
            umask=0o022,
        )  # fmt: skip
        try:
            said = asyncio.ensure_future(process.communicate())
            output, _ = await asyncio.wait_for(asyncio.shield(said), seconds)
        except TimeoutError:
            process.terminate()
            output, _ = await said
        self.said[what] = output
        return output


async def run(trial: Trial) -> None:
    people = canaries(trial.of(4, 14), trial.chance)
    words = [mark for one in people for mark in one.marks]
    tried = 0
    ways = (("EARSHOT_LOG=debug", "bot"), ("every library loud", "tests.prove.loud"))
    for name, module in ways[: trial.of(1, 2)]:
        home = trial.folder / module
        home.mkdir()
        async with two_chats(home) as team, _echo() as echo:
            story = Story(team, _secrets(trial), echo, module, trial.of(3, 9), {})
            await _live(story, [one.said(utc_now().isoformat()) for one in people])
            secrets = {*story.secrets.values(), team.slack.bot_token, team.slack.app_token, team.discord.token}
            chats = {place: told.encode() for place, told in in_chats(team).items()}
            kept = {f"data/{path.name}": content for path, content in files(home / "data")}
            everywhere = story.said | chats | kept
            found = {place: count for place, told in everywhere.items() if (count := hits(told, secrets))}
            print(found, flush=True)
            trial.none(f"secrets found ({name})", sum(found.values()))
            trial.at_least(f"customers' words in cards ({name})", hits(chats["slack"], words), len(people))
            logs = {place: told for place, told in story.said.items() if place.startswith("log")}
            trial.at_least(f"lines of log ({name})", sum(told.count(b"\n") for told in logs.values()), 20)
            if module == "bot":  # what a library would say of messages at its loudest, nobody can switch on
                spoken = {place: count for place, told in logs.items() if (count := hits(told, words))}
                print(spoken, *_telling(logs.values(), words), sep="\n", flush=True)
                trial.none("customers' words in the log", sum(spoken.values()))
            tried += len(everywhere)
            trial.none(f"files and folders that others may read ({name})", _open_to_others(home / "data"))
    trial.tell("places searched", tried)
    trial.at_least("secrets", len(secrets), 8)


def _telling(logs: Iterable[bytes], words: list[str]) -> list[str]:
    """The lines that hold them, so that a run that failed says where it was."""
    return [line.decode("utf-8", "replace") for told in logs for line in told.splitlines() if hits(line, words)]


def _secrets(trial: Trial) -> dict[str, str]:
    def new() -> str:
        return f"zz{trial.chance.getrandbits(160):040x}"

    return {
        "EARSHOT_WEB_SECRET": new(),
        "EARSHOT_SLACK_SIGNING_SECRET": new(),
        "EARSHOT_OPINION_KEY": new(),
        "DESK_SECRET": new(),
        "FEEDBACK_SECRET": new(),
    }


@asynccontextmanager
async def _echo() -> AsyncIterator[str]:
    """A server that repeats what it was sent in an error."""

    async def repeat(request: web.Request) -> web.Response:
        told = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
        return web.Response(status=401 if "v1" in request.path else 500, text=f"{request.path_qs}\n{told}")

    site = web.Application()
    site.router.add_route("*", "/{rest:.*}", repeat)
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _live(story: Story, said: list[dict[str, object]]) -> None:
    team = story.team
    text = config(team) + _MORE.format(name="birds", url=story.echo)
    write_config(team.home, text)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", story.module, "run", env=story.environment(), cwd=Path.cwd(), umask=0o022,
        stdout=asyncio.subprocess.PIPE, stderr=(team.home / "log.txt").open("wb"),
    )  # fmt: skip
    try:
        assert process.stdout is not None
        url = (await asyncio.wait_for(process.stdout.readline(), _PATIENCE)).decode().split()[4].rstrip(";")
        await _happens(story, process, url, said)
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()
    story.said["log of the run"] = (team.home / "log.txt").read_bytes()
    await _commands(story)


async def _happens(story: Story, process: asyncio.subprocess.Process, url: str, said: list[dict[str, object]]) -> None:
    team = story.team
    await sees(lambda: team.slack.hub.opened and team.discord.syncs, _PATIENCE)
    team.slack.faults.http_500_html("chat.update")
    team.slack.faults.garbage("chat.update")
    team.slack.faults.drop_after("chat.update")
    team.discord.faults.http_500_html("*")
    add_calls(team.home, "calls.jsonl", *said, {"id": "broken", "text": said[0]["text"], "date": said[0]["text"]})
    first = str(said[0]["text"])
    card = await sees(lambda: next((one for one in team.slack_cards() if first in one.words), None), _PATIENCE)
    other = await sees(
        lambda: next((one for one in team.discord.cards("#alerts") if first in one.words), None), _PATIENCE
    )
    await team.in_slack("ana").click(card, "Claim")
    await team.in_slack("ana").command(f"/earshot note 1 {said[0]['author']} called", channel="#alerts")
    for line in ("status", "settings", "settings reload", "show 1", f"who @{said[0]['author']}", "no such verb"):
        await team.in_slack("mia").command(f"/earshot {line}", channel="#alerts")
    await team.in_discord("bo").click(other, "Draft reply")
    story.said["command line"] = Path(f"/proc/{process.pid}/cmdline").read_bytes()  # noqa: ASYNC240 - no file
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        await _page(story, browser, url)
        await _hooks(story, browser, url, said[-1])
    team.slack.faults.clear()
    team.discord.faults.clear()
    team.slack.faults.drop_after("chat.postMessage")
    add_calls(team.home, "last.jsonl", {"id": "last", "text": TROUBLES[3], "date": utc_now().isoformat()})
    await sees(lambda: next((one for one in team.slack_cards() if TROUBLES[3][:30] in one.words), None), _PATIENCE)


async def _page(story: Story, browser: aiohttp.ClientSession, url: str) -> None:
    printed = (await story.command("a sign-in link", "web", "link", "mia")).decode().splitlines()
    path = next(line for line in printed if "http" in line).rpartition("http")[2].split("/", 3)[3]
    for where in (path, "", "c/alerts", "healthz", "metrics", "feedback/desk", "nowhere", "signin?token=wrong"):
        async with browser.get(f"{url}/{where}") as answer:
            story.said[f"page /{where.partition('?')[0]}"] = str(answer.headers).encode() + await answer.read()


async def _hooks(story: Story, browser: aiohttp.ClientSession, url: str, said: Mapping[str, object]) -> None:
    body = b'{"text": "Heron did it again", "id": "hook-1"}'
    at = str(int(utc_now().timestamp()))
    for number, secret in enumerate((story.secrets["DESK_SECRET"], HOOK_SECRET)):
        told = {"X-Earshot-Timestamp": at, "X-Earshot-Signature": sign(secret, at, body)}
        for content in (body, b"[" * 1000, str(said).encode()):
            async with browser.post(f"{url}/hooks/desk", data=content, headers=told) as answer:
                story.said[f"webhook {number} {len(content)}"] = await answer.read()


async def _commands(story: Story) -> None:
    """Each subcommand as it should be used, and as it should not."""
    home = story.team.home
    another, broken, elsewhere = story.secrets["FEEDBACK_SECRET"], home / "broken.toml", str(home / "other")
    broken.write_text('[[sources]]\nname = "x"\nkind = "webhook"\nsecret_env = "DESK_SECRET"\nsecret = "what"\n')
    told = [
        story.command("log of doctor", "doctor"),
        story.command("log of a bad file", "run", EARSHOT_CONFIG=str(broken)),
        story.command("log of a bad port", "run", EARSHOT_PORT="none", EARSHOT_WEB_SECRET=another),
        story.command("log of check", "db", "check"),
        story.command("log of backup", "db", "backup", str(home / "data" / "backup.db")),
        story.command("answer of export", "export", "cases"),  # people ask it for words
        story.command("log of no such command", "doktor"),
        story.command("log of another token", "run", seconds=12, EARSHOT_DATA=elsewhere, EARSHOT_DISCORD_TOKEN=another),
        story.command("log of sources", "source", "list"),
    ]
    for one in told[story.commands :]:
        one.close()
    await asyncio.gather(*told[: story.commands])


def _open_to_others(folder: Path) -> int:
    """Files that are not 0600 and folders that are not 0700."""
    found = [
        path
        for path in (folder, *folder.rglob("*"))
        if stat.S_IMODE(path.stat().st_mode) & 0o077 and not path.is_symlink()
    ]
    print(found, flush=True)
    return len(found)
