"""`earshot export cases|mentions`."""

import contextlib
from datetime import timedelta
from pathlib import Path

import click

from bot.cli import start
from handlers import export as tables
from handlers.context import Context, think
from storage.store import open_storage


@click.command()
@click.argument("what", type=click.Choice(["cases", "mentions"]))
@click.option("--days", type=click.IntRange(1, 36500), default=30, show_default=True, help="How far back.")
@click.option("--format", "form", type=click.Choice(["csv", "md"]), default="csv", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A file; else it is printed.")
@click.option("--config", type=click.Path(path_type=Path), help="Another file than EARSHOT_CONFIG.")
def export(what: str, days: int, form: str, out: Path | None, config: Path | None) -> None:
    """Write cases or mentions as CSV or Markdown.

    Cells that a spreadsheet would take for formulas are written as text.
    """
    environment = start.environment()
    policy = start.policy(config or environment.config)
    now = start.now()
    with contextlib.closing(open_storage(environment.database, read_only=True)) as store:
        ctx = Context(store, think(policy), now)
        lines = (tables.cases if what == "cases" else tables.mentions)(ctx, now - timedelta(days=days))
        written = tables.as_csv(lines) if form == "csv" else tables.as_markdown(lines)
        if out is None:
            for line in written:
                click.echo(line, nl=False)
            return
        out.touch(mode=0o600)  # customers' words: for the one who asked alone
        with out.open("w", encoding="utf-8", newline="") as stream:
            stream.writelines(written)
        click.echo(f"Written to {out}.", err=True)
