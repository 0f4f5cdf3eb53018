from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import click

from bot import opinions
from bot.cli import model_team
from bot.opinions import train_shipped
from bot.opinions.encoder import FILE
from bot.training import sets
from bot.training.words import train
from handlers.rules import day_one
from storage.errors import StorageError


@click.group()
def model() -> None:
    """Show what Earshot has learned, move it, or make the day-one words anew."""


for _subcommand in model_team.SUBCOMMANDS:
    model.add_command(_subcommand)


@model.command()
def card() -> None:
    """Tell what the day-one words were trained on, how good they are, and where they are weak."""
    click.echo(files("bot.training").joinpath("card.md").read_text("utf-8").strip())


@model.command(name="train")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="Another file than the shipped one.")
@click.option("--encoder", is_flag=True, help="Make the weights of the encoder instead; it needs the extra `encoder`.")
def train_words(folder: Path, to: Path | None, encoder: bool) -> None:
    """Make the day-one words from the labelled sets in FOLDER and our own sentences; takes some minutes.

    The same files give the same bytes.
    """
    if encoder:
        written = train_shipped(sets.everything(folder), click.echo)
        path = to or Path(opinions.__file__).with_name(FILE)
    else:
        written = train(sets.everything(folder), click.echo)
        path = to or Path(day_one.__file__).with_name(day_one.FILE)
    try:
        path.write_text(written, "utf-8")
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}.", "--to names another file.") from error
    click.echo(f"{path}: {len(written.splitlines()):,} lines, sha256 {sha256(written.encode()).hexdigest()[:16]}")
