"""`earshot completion bash|zsh|fish`."""

import click
from click.shell_completion import get_completion_class

_LINES = {
    "bash": 'Put this into ~/.bashrc:  eval "$(earshot completion bash)"',
    "zsh": 'Put this into ~/.zshrc:  eval "$(earshot completion zsh)"',
    "fish": "Put this into ~/.config/fish/config.fish:  earshot completion fish | source",
}


@click.command(epilog="\b\n" + "\n".join(_LINES.values()))
@click.argument("shell", type=click.Choice(list(_LINES)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of your shell."""
    script = get_completion_class(shell)
    if script is None:  # pragma: no cover - click knows all three
        raise click.UsageError(f"There is no completion for {shell}.")
    click.echo(script(ctx.find_root().command, {}, "earshot", "_EARSHOT_COMPLETE").source())
