"""Runs one goal in this process: `python -m tests.prove.one NAME SEED quick|full FOLDER RESULT`."""

import asyncio
import inspect
import os
import sys
import traceback
from pathlib import Path

from tests.prove.goal import goal_named, run_of
from tests.prove.trial import Result, Trial, stopwatch


def main(name: str, seed: str, scale: str, folder: str, target: str) -> None:
    os.umask(0o077)
    goal, elapsed, error = goal_named(name), stopwatch(), ""
    trial = Trial(int(seed), scale == "quick", Path(folder))
    try:
        outcome = run_of(name)(trial)
        if inspect.isawaitable(outcome):
            asyncio.run(_waited(outcome))
    except Exception:
        error = traceback.format_exc()
        print(error, flush=True)
    result = Result(
        goal.name, goal.key, goal.title, trial.seed, trial.is_quick, elapsed(), tuple(trial.counts),
        tuple(trial.left_out), trial.has_held and not error, error,
    )  # fmt: skip
    Path(target).write_text(result.to_json())


async def _waited(outcome: object) -> None:
    assert inspect.isawaitable(outcome)
    await outcome


if __name__ == "__main__":
    main(*sys.argv[1:])
