"""`earshot model show|export|import|rebuild|reset`: what the team's own decisions have taught."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from bot.cli import start
from handlers import lesson_files, lessons, us
from handlers.context import Context, think
from handlers.rules.learning import Learner
from handlers.rules.lifting import named
from storage.errors import AlreadyRunning, Conflict, InvalidInput, StorageError
from storage.lessons import OFF
from storage.store import lock, open_storage

_WORDS = 20  # on either side
_BY = "operator"
_STOP = "Stop it first."
_OR_IN_THE_CHAT = "Stop it first; in the chat `learning` has a button for it too."
_WITHOUT_US = ' What "not us" taught is not in it: that is of your names alone.'
_MODES = {
    "off": "stopped: it learns nothing",
    "shadow": "it learns, and changes nothing",
    "on": "it learns, and takes part",
}
_CONFIG = click.option("--config", type=click.Path(path_type=Path), help="Another file than EARSHOT_CONFIG.")


@contextlib.contextmanager
def _opened(config: Path | None, *, is_read: bool, hint: str = _STOP) -> Iterator[Context]:
    """Raises AlreadyRunning where something would be written while Earshot runs."""
    environment = start.environment()
    brain = think(start.policy(config or environment.config))
    with contextlib.ExitStack() as stack:
        if not is_read:
            try:
                stack.callback(lock(environment.database).release)
            except AlreadyRunning as error:
                raise AlreadyRunning(error.message, hint) from None
        store = stack.enter_context(contextlib.closing(open_storage(environment.database, read_only=is_read)))
        yield Context(store, brain, start.now())


@click.command()
@_CONFIG
def show(config: Path | None) -> None:
    """Tell what was learned, and whether it takes part."""
    with _opened(config, is_read=True) as ctx:
        learner, count = lessons.learner(ctx.store), ctx.store.lessons.count()
        click.echo(f"Learning: {_MODES[ctx.store.lessons.status().mode]}.")
        more = max(0, learner.decisions - count) if learner is not None else 0
        click.echo(f"Decisions: {count:,}{f', and {more:,} elsewhere' if more else ''}")
        takes, leaves = named(learner, _WORDS) if learner is not None else ((), ())
        for what, words in (("You take", takes), ("You set aside", leaves)):
            if words:
                click.echo(f"{what}: {', '.join(words)}")
        for at, by, act in ctx.store.lessons.switches():
            click.echo(f"{at:%Y-%m-%d %H:%M} UTC  {act} ({by})")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_CONFIG
def export(file: Path, config: Path | None) -> None:
    """Write what was learned to FILE. It holds single words of mentions.

    What "not us" taught is not in it: that is of this team's names alone.
    """
    with _opened(config, is_read=True) as ctx:
        text, names = lesson_files.written(ctx), ctx.store.us.count()
    try:
        file.touch(mode=0o600)
        file.write_text(text, "utf-8")
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}.", "Name another file.") from error
    click.echo(f"Written to {file}.{_WITHOUT_US if names else ''}")


@click.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_CONFIG
@click.option("--yes", is_flag=True, help="Do not ask.")
def import_file(file: Path, config: Path | None, yes: bool) -> None:
    """Begin with what another team has taught, in the place of what was learned here.

    It takes no part until somebody switches it on. What "not us" taught here stays.
    """
    text = _text(file)
    lesson_files.read(text)
    with _opened(config, is_read=False) as ctx:
        count = ctx.store.lessons.count()
        if count and not yes:
            click.confirm(f"What {count:,} decisions taught here will be forgotten. Go on?", abort=True)
        with ctx.store.transaction():
            learner = lesson_files.take_over(ctx, text, _BY)
    click.echo(f"Taken over: what {learner.decisions:,} decisions taught. `learning` shows it, and switches it on.")


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > 4 * lesson_files.LONGEST:
            raise InvalidInput("The file is too long.", "`earshot model export FILE` writes one.")
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput("The file is no text.", "`earshot model export FILE` writes one.") from error
    except OSError as error:
        raise StorageError(f"{file} cannot be read: {error.strerror}.", "Name another file.") from error


@click.command()
@_CONFIG
def rebuild(config: Path | None) -> None:
    """Learn everything again, also what is about you, from the diaries of the cases."""
    with _opened(config, is_read=False) as ctx:
        if ctx.store.lessons.status().mode == OFF:
            raise Conflict("Learning is stopped.", "`teach off` in the chat has it learn again.")
        before = lessons.learner(ctx.store) or Learner()
        with ctx.store.transaction():
            ctx.store.lessons.read_anew()
            ctx.store.us.read_anew()
            while lessons.learn(ctx) + us.learn(ctx):
                pass
        names = ctx.store.us.count()
        count, is_same = ctx.store.lessons.count(), (lessons.learner(ctx.store) or Learner()) == before
    if names:
        click.echo(f"What is about you was learned again from {names:,} case{'' if names == 1 else 's'}.")
    if is_same and not count:
        click.echo("There is no decision yet to learn from. One counts ten minutes after it was made.")
        return
    told = "The weights are the same." if is_same else "The weights are others now."
    click.echo(f"Learned again from {count:,} decision{'' if count == 1 else 's'}. {told}")


@click.command()
@_CONFIG
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(config: Path | None, yes: bool) -> None:
    """Forget everything that was learned, also what "not us" taught."""
    with _opened(config, is_read=False, hint=_OR_IN_THE_CHAT) as ctx:
        if not yes:
            click.confirm(f"Forget what {ctx.store.lessons.count():,} decisions taught?", abort=True)
        with ctx.store.transaction():
            ctx.store.lessons.forget(_BY, ctx.now)
            names = us.forget(ctx.store)
    click.echo(f"Forgotten{names}. From now on it learns anew.")


SUBCOMMANDS = (show, export, import_file, rebuild, reset)
