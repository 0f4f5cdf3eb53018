"""Other programs for the tests that kill them: Python source, run by this interpreter, that says when it is ready."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextmanager
def program(source: str, *args: str) -> Iterator["subprocess.Popen[str]"]:
    """A running program. It is killed with -9 at the end, if it still runs."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    running = subprocess.Popen(
        [sys.executable, "-c", source, *args], stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def wait_for(running: "subprocess.Popen[str]", line: str) -> None:
    """Read what it says until it says this."""
    assert running.stdout is not None
    said = []
    for read in running.stdout:
        said.append(read.strip())
        if said[-1] == line:
            return
    raise AssertionError(f"it ended without saying {line!r}: {said}")
