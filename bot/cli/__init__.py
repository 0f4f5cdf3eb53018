"""The command line. Each subcommand stands in its own file, which is loaded only when it is asked for.

So `earshot --help` needs nothing but this dict. `tests/bot/test_cli.py` keeps the words here equal to
the commands' own.
"""

import logging
import os
import traceback
from collections.abc import Iterable
from importlib import import_module
from typing import Any, cast

import click
from click.shell_completion import CompletionItem

from bot.log import plain
from bot.spelling import did_you_mean
from storage.errors import AlreadyRunning, ConfigError, EarshotError, InvalidInput

SUBCOMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("bot.cli.demo:demo", "Show Earshot with a day of an invented brand; needs no key."),
    "init": ("bot.cli.init:init", "Write .env and earshot.toml by asking a few questions."),
    "doctor": ("bot.cli.doctor:doctor", "Say what is on, what is off, and why."),
    "slack": ("bot.cli.slack:slack", "Print what Slack must know of Earshot; check that it does."),
    "discord": ("bot.cli.discord:discord", "Let Earshot into a Discord server; check that all is well there."),
    "run": ("bot.cli.run:run", "Listen, post cards and serve the page until you stop it."),
    "source": ("bot.cli.source:source", "Add, list, try, pause and remove the places that mentions come from."),
    "import": ("bot.cli.import_file:import_file", "Read a CSV, JSONL or mbox file once."),
    "export": ("bot.cli.export:export", "Write cases or mentions as CSV or Markdown."),
    "query": ("bot.cli.query:query", "Try a query before it is saved."),
    "model": ("bot.cli.model:model", "Show what Earshot has learned, move it, or make the day-one words anew."),
    "eval": ("bot.cli.eval:evaluate", "Measure how well complaints are found in texts that you labelled."),
    "db": ("bot.cli.db:db", "Look after the database: migrate, backup, check, restore."),
    "web": ("bot.cli.web:web", "Make a sign-in link for the page."),
    "docs": ("bot.cli.docs:docs", "Write the generated tables of the documentation."),
    "completion": ("bot.cli.completion:completion", "Print the completion script of your shell."),
    "version": ("bot.cli.version:version", "Print the versions of Earshot, Python and SQLite."),
}
EXIT_MISTAKE = 2  # what was typed or configured must be changed
EXIT_BUSY = 75  # EX_TEMPFAIL: another instance holds the database; later it may work
EXIT_STOPPED = 130  # Ctrl-C, as shells have it


def exit_code(error: EarshotError) -> int:
    """What the shell is told about an error."""
    if isinstance(error, ConfigError | InvalidInput):
        return EXIT_MISTAKE
    return EXIT_BUSY if isinstance(error, AlreadyRunning) else 1


class Earshot(click.Group):
    """The root command: knows its subcommands by name, and turns errors into one clear sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature, as below
        return list(SUBCOMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in SUBCOMMANDS:
            return None
        module, _, name = SUBCOMMANDS[cmd_name][0].partition(":")
        return cast(click.Command, getattr(import_module(module), name))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in SUBCOMMANDS and not args[0].startswith("-"):
            guess = did_you_mean(args[0], SUBCOMMANDS, "; `earshot --help` lists what there is.")
            raise click.UsageError(f'There is no command "{args[0]}"{guess}', ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, help) for name, (_, help) in SUBCOMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        fitting = (name for name in SUBCOMMANDS if name.startswith(incomplete))
        return [CompletionItem(name, help=SUBCOMMANDS[name][1]) for name in fitting]

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EarshotError as error:
            _show(error)
            ctx.exit(exit_code(error))
        except (KeyboardInterrupt, click.Abort):
            click.echo(err=True)
            ctx.exit(EXIT_STOPPED)


def _show(error: EarshotError) -> None:
    if os.environ.get("EARSHOT_LOG") == "debug" or logging.getLogger("bot").isEnabledFor(logging.DEBUG):
        click.echo("".join(traceback.format_exception(error)), err=True)
    say_lines(str(error).splitlines())


def say_lines(lines: Iterable[str]) -> None:
    """Print to standard error, so that what a command answers can be piped."""
    for line in lines:
        click.echo(plain(line), err=True)


@click.group(cls=Earshot, context_settings={"help_option_names": ["-h", "--help"]})
def earshot() -> None:
    """Hear what people say about your brand, and answer it from your team's chat.

    New here? Type `earshot demo`. To set it up for your own brand: `earshot init`, then `earshot run`.
    """
