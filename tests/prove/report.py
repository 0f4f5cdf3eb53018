"""What a run prints, and its table in docs/proof.md."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.prove.trial import Result

BEGIN, END = "<!-- the last full runs -->", "<!-- end of the last full runs -->"


def line(result: Result) -> str:
    """One goal: whether it held, its seed, counts and seconds."""
    verdict = "held  " if result.has_held else "FAILED"
    told = short(result) or result.error.strip().rpartition("\n")[2]
    left_out = "".join(f"; not run: {one}" for one in result.left_out)
    return f"{verdict} {result.goal:4} {result.name:18} {result.seconds:6.1f} s  seed {result.seed}  {told}{left_out}"


def short(result: Result) -> str:
    """Its counts, with all that must not happen and did not in one."""
    clean = [one.what for one in result.counts if one.wanted == "0" and one.has_held]
    rest = [one.words for one in result.counts if one.wanted != "0" or not one.has_held]
    return ", ".join(rest) + (f"; 0 of each: {', '.join(clean)}" if clean else "")


def repeated(result: Result) -> str:
    """How to see it again."""
    command = "prove-quick" if result.is_quick else "prove"
    return f'Again: make {command} ARGS="--only {result.name} --seed {result.seed}"'


def summary(results: Sequence[Result], seconds: float) -> str:
    failed = [one for one in results if not one.has_held]
    told = [f"{len(results) - len(failed)} of {len(results)} held in {seconds / 60:.1f} minutes."]
    told += [f"FAILED {one.goal} {one.name}: {repeated(one)}" for one in failed]
    return "\n".join(told)


def record(page: Path, results: Sequence[Result]) -> None:
    """Put what came of these goals in the place of what stood there; the rows of others stay as they are."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    table, _, after = rest.partition(END)
    rows = {row.split(" | ")[0]: row for row in table.splitlines() if row.startswith("| G")}
    rows |= {row.split(" | ")[0]: row for row in map(_row, results)}
    in_order = sorted(rows, key=lambda key: (int(re.findall(r"\d+", key)[0]), key))
    table = "\n".join([_HEAD, *(rows[key] for key in in_order)])
    page.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}", encoding="utf-8")


_HEAD = "| goal | proves | counted | not run | seed | seconds | on | |\n|---|---|---|---|---|---|---|---|"


def _row(one: Result) -> str:
    size = " (quick)" if one.is_quick else ""
    cells = (
        f"{one.goal} `{one.name}`{size}", one.title, short(one) or one.error.strip().rpartition("\n")[2],
        "; ".join(one.left_out), str(one.seed), f"{one.seconds:.0f}", f"{datetime.now(UTC):%Y-%m-%d}",
        "held" if one.has_held else "**failed**",
    )  # fmt: skip
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
