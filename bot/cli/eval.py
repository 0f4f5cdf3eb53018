"""`earshot eval FILE`: how well complaints are found in texts that somebody has labelled."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from bot.evaluation import examples, labelled, simulation, table
from bot.evaluation.baselines import systems
from bot.evaluation.metrics import DRAWS
from bot.evaluation.team import SEEDS, SHARE, WRONG
from storage.errors import InvalidInput

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OF_FILE = ("text", "label", "means", "show", "draws", "out")  # options that `--team` has no use for


@click.command("eval")
@click.argument("file", type=_FILE, required=False)
@click.option("--team", metavar="FILE", type=_FILE, help="Simulate a team that learns from this CSV instead.")
@click.option("--text", metavar="COLUMN", default="text", show_default=True, help="The column with the words.")
@click.option("--label", metavar="COLUMN", default="label", show_default=True, help="The column with the labels.")
@click.option(
    "--means",
    metavar="LABEL=MEANING",
    multiple=True,
    help="What a label means: negative, neutral, positive; repeat it.",
)
@click.option("--show", metavar="N", type=click.IntRange(0, 1000), default=0, help="Show N texts of each telling kind.")
@click.option(
    "--draws", type=click.IntRange(0, 100_000), default=DRAWS, show_default=True, help="For the intervals; 0: none."
)
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Write the numbers here as well.")
@click.option("--negatives", type=click.FloatRange(0.01, 0.99), help="With --team: thin complaints out to this share.")
@click.option("--reasons", metavar='"A,B"', default="", help="With --team: only these reasons are wanted.")
@click.option("--change", metavar='"A,B->C,D"', help="With --team: what is wanted before half time, and after.")
@click.option("--seeds", type=click.IntRange(1, 100), default=SEEDS, show_default=True, help="With --team: runs.")
@click.option("--share", type=click.FloatRange(0.01, 1), default=SHARE, show_default=True, help="With --team: alerted.")
@click.option("--wrong", type=click.FloatRange(0, 0.5), default=WRONG, show_default=True, help="With --team: clicks.")
def evaluate(
    file: Path | None, team: Path | None, text: str, label: str, means: tuple[str, ...], show: int, draws: int,
    out: Path | None, **team_options: Any,
) -> None:  # fmt: skip
    """Measure how well complaints are found in texts that you labelled.

    Earshot stands beside VADER, TextBlob and AFINN. FILE is CSV or JSON Lines with a text and a label in each row.
    Usual labels are understood: negative, complaint, angry, neutral, positive, stars from 1 to 5. Nothing is stored,
    and nothing leaves this machine.
    """
    if team is not None:
        if file is not None:
            raise InvalidInput(
                f"--team {team.name} is a file of its own, so {file.name} would not be read.",
                "Give one of the two: `earshot eval FILE` or `earshot eval --team FILE`.",
            )
        _refuse(_OF_FILE, "does nothing with --team", "Leave it out.")
        simulate(team, **team_options)
        return
    _refuse(team_options, "is for a simulated team", "Name its file with --team, or leave it out.")
    if file is None:
        raise InvalidInput("Which file? `earshot eval FILE` reads a CSV with the columns text and label.")
    if out is not None and not out.parent.is_dir():
        raise InvalidInput(f"There is no folder {out.parent} to write {out.name} into.")
    read = labelled.read(file, text, label, read_means(means))
    click.echo("\n".join([f"{len(read.texts):,} texts of {read.name}", *labelled.in_words(read)]))
    measured = table.measure(read, systems(), draws, lambda words: click.echo(f"… {words}", err=True))
    for line in ("", *table.lines(measured)):
        click.echo(line)
    for line in ("", *examples.lines(read, show)) if show else ():
        click.echo(line)
    if out is not None:
        out.write_text(json.dumps({"file": read.name, **table.as_plain(measured)}, indent=2) + "\n", "utf-8")


def simulate(
    file: Path, negatives: float | None, reasons: str, change: str | None, seeds: int, share: float, wrong: float
) -> None:
    """Print what learning from a team is worth that decides as the labels of `file` say."""
    wanted, both = simulation.read_reasons(reasons), simulation.read_change(change) if change else None
    if wanted and both:
        raise InvalidInput("Give --reasons or --change, not both.")
    setting = simulation.Setting(negatives, wanted, both, seeds, share, wrong)
    for line in simulation.report(file, setting, lambda words: click.echo(f"… {words}", err=True)):
        click.echo(line)


def _refuse(names: Collection[str], why: str, hint: str) -> None:
    """Raises InvalidInput where one of these options was typed: to pass over it would be to answer another question."""
    context = click.get_current_context()
    for option in context.command.params:
        if option.name in names and context.get_parameter_source(option.name) is ParameterSource.COMMANDLINE:
            raise InvalidInput(f"{option.opts[0]} {why}.", hint)


def read_means(pairs: tuple[str, ...]) -> dict[str, str]:
    """LABEL=MEANING, one each. Raises InvalidInput for what is no such pair."""
    means = {}
    for pair in pairs:
        label, equals, meaning = pair.rpartition("=")
        if not equals or not label.strip():
            raise InvalidInput(f'"{pair}" does not say what a label means.', "Write LABEL=negative, for instance.")
        means[label] = meaning
    return means
