"""The program from its start to its end: the web server, the App, and the signals that it heeds."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from aiohttp import web

from bot.app import App, utc_now
from bot.settings import Environment, check_chats, check_sign_in
from bot.web import build_web, check_bind
from handlers.rules.policy import Policy
from storage.errors import ConfigError

_SWITCH = 0.002  # seconds after which a busy thread lets another run: the event loop must not wait for a scoring thread


async def serve(
    environment: Environment,
    policy: Policy,
    *,
    mode: Literal["demo", "run"],
    config_path: Path | None,
    say: Callable[[str], None],
) -> None:
    """Run until SIGINT or SIGTERM; SIGHUP reads earshot.toml again. Raises EarshotError when it cannot start."""
    check_sign_in(environment)
    check_chats(environment, policy)
    secret = environment.web_secret.reveal()
    check_bind(environment.host, mode == "run" and bool(secret))
    sys.setswitchinterval(_SWITCH)
    app = App(environment, policy, config_path=config_path)
    try:
        site = build_web(
            app,
            mode="demo" if mode == "demo" else "signed-in",
            secret=secret,
            bell=app.bell,
            registry=app.registry,
            now=utc_now,
            public_host=environment.public_host,
            slack=app.slack.handle_http if app.slack is not None else None,
        )
        runner = web.AppRunner(site, access_log=None, handle_signals=False, shutdown_timeout=2.0)
        await runner.setup()
        try:
            port = await _listen(runner, environment)
            await app.start()
            stop = _heed_signals(app, say)  # before anybody is told that it is up
            say(_welcome(environment, mode, port))
            app.systemd.tell("READY=1")
            await stop.wait()
            app.systemd.tell("STOPPING=1")
            say("Stopping; nothing is lost.")
        finally:
            await runner.cleanup()
    finally:
        await app.stop()  # also when it could not start: the file is given back


async def _listen(runner: web.AppRunner, environment: Environment) -> int:
    try:
        await web.TCPSite(runner, environment.host, environment.port).start()
    except OSError as error:
        # asyncio's own words repeat the address
        why = (os.strerror(error.errno) if error.errno else str(error)).lower()
        raise ConfigError(
            f"EARSHOT_PORT: {environment.host}:{environment.port} cannot be used ({why}).",
            "Another program may have it; name another in EARSHOT_PORT.",
        ) from error
    return int(runner.addresses[0][1])


def _welcome(environment: Environment, mode: str, port: int) -> str:
    host = f"[{environment.host}]" if ":" in environment.host else environment.host
    if mode == "demo":
        return f"Open http://{host}:{port}  (Ctrl-C stops it; what you do is kept in {environment.data})"
    return f"Earshot is up at http://{host}:{port}; `earshot web link MEMBER` signs somebody in."


def _heed_signals(app: App, say: Callable[[str], None]) -> asyncio.Event:
    """SIGHUP reads the settings again; SIGINT and SIGTERM set the event."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def reload() -> None:
        reply = app.reload_in_words()
        say(reply.words)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload)
    return stop
