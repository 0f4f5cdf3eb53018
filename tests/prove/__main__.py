"""`make prove` and `make prove-quick`: every goal in a process of its own, one line for each, and a table at the end.

    python -m tests.prove [--quick] [--only NAME …] [--seed N] [--jobs N] [--again] [--record] [--list]

A seed given is the seed of every goal; without it each run draws new ones. `--record` writes the table into
docs/proof.md. The answer is 0 when every goal has held.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path

from tests.prove.goal import Goal, all_goals
from tests.prove.report import line, record, repeated, summary
from tests.prove.trial import Result, stopwatch

ROOT = Path(__file__).parents[2]

_running: set[int] = set()  # process groups
_is_broken_off = threading.Event()


def main() -> int:
    told = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    chosen = [goal for goal in all_goals() if not told.only or goal.name in told.only or goal.key in told.only]
    if told.list:
        print("\n".join(f"{goal.key:4} {goal.name:20} {goal.title}" for goal in chosen))
        return 0
    if not chosen:
        print(f"No goal is called {' or '.join(told.only)}; --list shows them.", file=sys.stderr)
        return 2
    elapsed, draw = stopwatch(), random.SystemRandom()
    with tempfile.TemporaryDirectory(prefix="earshot-prove-") as folder, ThreadPoolExecutor(told.jobs) as pool:
        runs = [
            pool.submit(_run, goal, draw.getrandbits(32) if told.seed is None else told.seed, told.quick, Path(folder))
            for goal in sorted(chosen, key=lambda one: -one.minutes[0 if told.quick else 1])  # the longest begin first
        ]
        results = []
        try:
            for run in as_completed(runs):
                results.append(run.result())
                if told.record:  # at once: a run that is broken off leaves what it has seen
                    record(ROOT / "docs" / "proof.md", results[-1:])
        except KeyboardInterrupt:
            _break_off(pool)
            print(f"Broken off after {len(results)} of {len(runs)}.", file=sys.stderr)
            return 130
        results.sort(key=lambda one: (int(one.goal[1:]), one.name))
        if told.again:
            results = [one if one.has_held else _again(one, chosen, Path(folder)) for one in results]
    print(summary(results, elapsed()))
    if told.record and told.again:
        record(ROOT / "docs" / "proof.md", results)
    return 0 if all(one.has_held for one in results) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make prove", description="Prove Earshot's promises.")
    parser.add_argument("--quick", action="store_true", help="a few minutes instead of all")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these alone, by name or number")
    parser.add_argument("--seed", type=int, help="repeat a run")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="how many at once")
    parser.add_argument(
        "--again", action="store_true", help="what failed beside others once more, by itself, with the same seed"
    )
    parser.add_argument("--record", action="store_true", help="write the table into docs/proof.md")
    parser.add_argument("--list", action="store_true", help="show what there is, and run nothing")
    return parser.parse_args()


def _break_off(pool: ThreadPoolExecutor) -> None:
    """Nothing more begins, and what runs is killed: each goal is a session of its own and hears no Ctrl-C."""
    _is_broken_off.set()
    pool.shutdown(wait=False, cancel_futures=True)
    for process in tuple(_running):
        with suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)


def _again(result: Result, goals: list[Goal], folder: Path) -> Result:
    print(f"FAILED BESIDE THE OTHERS, now by itself: {result.name}", flush=True)
    goal = next(one for one in goals if one.name == result.name)
    return _run(goal, result.seed, result.is_quick, folder)


def _run(goal: Goal, seed: int, is_quick: bool, folder: Path) -> Result:
    """One goal in a process group of its own, so that nothing of it outlives it."""
    own, target, elapsed = folder / goal.name, folder / f"{goal.name}.json", stopwatch()
    own.mkdir()
    target.unlink(missing_ok=True)
    said = folder / f"{goal.name}.txt"
    command = [sys.executable, "-m", "tests.prove.one", goal.name, str(seed), "quick" if is_quick else "full"]
    with said.open("wb") as output:
        process = subprocess.Popen(
            [*command, str(own), str(target)], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip
        minutes = goal.minutes[0 if is_quick else 1]
        _running.add(process.pid)
        try:
            process.wait(minutes * 60)
            error = "it ended without a result"
        except subprocess.TimeoutExpired:
            error = f"it took more than {minutes:g} minutes"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            _running.discard(process.pid)
    if target.exists():
        result = Result.from_json(target.read_text())
    else:
        result = Result(goal.name, goal.key, goal.title, seed, is_quick, elapsed(), (), (), False, error)
    if not _is_broken_off.is_set():
        print(line(result), flush=True)
        if not result.has_held:
            print(said.read_text(errors="replace")[-6000:] + "\n" + repeated(result), flush=True)
    shutil.rmtree(own, ignore_errors=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
