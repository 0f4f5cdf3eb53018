"""A copy of the project in which one guard is taken out, and the test that is named for that guard.

Each test runs in a process forked from one that has loaded the libraries and nothing of ours, so that a guard costs a
second or two. A test that passes without its guard is blind; a guard whose words are not in its file is one that nobody
keeps any more.
"""

import contextlib
import importlib
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = ("bot", "handlers", "storage", "tests", "bench", "docs", ".env.example", "pyproject.toml", "Makefile")
LIBRARIES = (
    "aiohttp.web", "discord", "slack_bolt.async_app", "slack_sdk.web.async_client", "pydantic", "jinja2",
    "apscheduler.schedulers.asyncio", "sqlite_utils", "tweepy", "feedparser", "lark", "PIL.Image", "pytest", "regex",
    "babel.dates", "prometheus_client", "atproto",
)  # fmt: skip
PASSED, FAILED = 0, 1  # pytest's own; anything else is a test that was not found or could not begin


@dataclass(frozen=True, slots=True)
class Guard:
    """What holds a promise: `old` in `file`, and `new`, which leaves it out; `test` is the one that must turn red."""

    name: str
    file: str
    old: str
    new: str
    test: str


def copy_to(folder: Path) -> Path:
    """A copy of the project, without what is made from it."""
    for part in PARTS:
        if (ROOT / part).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", ".hypothesis", "*.png")
            shutil.copytree(ROOT / part, folder / part, ignore=ignored)
        elif (ROOT / part).exists():
            shutil.copy(ROOT / part, folder / part)
    return folder


def load() -> None:
    """The libraries, once; what is not installed is left out."""
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def without(guard: Guard, copy: Path) -> str:
    """ "" when the test turns red without its guard, else what is wrong."""
    file = copy / guard.file
    whole = file.read_text(encoding="utf-8")
    if whole.count(guard.old) != 1:
        return f"{guard.name}: its words are {whole.count(guard.old)} times in {guard.file}, not once"
    _write(file, whole.replace(guard.old, guard.new))
    try:
        outcome = tested(copy, [guard.test])
    finally:
        _write(file, whole)
    if outcome == FAILED:
        return ""
    return f"{guard.name}: {guard.test} " + ("passes without it" if outcome == PASSED else "could not be run")


def _write(file: Path, text: str) -> None:
    """Also forget what was compiled of it: a file of the same second and length would be taken for the same."""
    file.write_text(text, encoding="utf-8")
    for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
        compiled.unlink()


def tested(copy: Path, tests: Sequence[str]) -> int:
    """What pytest answers for these tests of the copy, run in a process of their own."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        answer = 99
        try:
            answer = _pytest(copy, tests)
        finally:
            os._exit(answer)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _pytest(copy: Path, tests: Sequence[str]) -> int:
    os.chdir(copy)
    # What was imported of ours came from the project itself; from here on it comes from the copy.
    for name in [name for name in sys.modules if name.partition(".")[0] in ("bot", "handlers", "storage", "tests")]:
        del sys.modules[name]
    sys.path[:] = [str(copy), *(place for place in sys.path if place not in ("", str(ROOT)))]
    pytest = importlib.import_module("pytest")
    options = [
        "-x",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-W",
        "ignore:Module already imported",
        "--long",
        f"--rootdir={copy}",
    ]
    return int(pytest.main([*options, f"--basetemp={copy.parent / 'pytest'}", *tests]))
