"""A second opinion on mentions of which the day-one words are not sure: from a server, or an encoder on this machine.

Off by default. It is built from the environment; what is not set up costs nothing, not even an import.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from bot.bridge import Bridge
from bot.fetch import Fetch
from bot.opinion_settings import ENCODER, OpinionKeys
from bot.opinions.asking import SecondOpinion
from bot.opinions.encoder import FILE, Embeds, Encoder, Head
from bot.opinions.endpoint import Endpoint
from handlers.ports import Opinions
from storage.errors import ConfigError

if TYPE_CHECKING:
    from bot.training.words import Labelled


def build_opinions(keys: OpinionKeys, fetch: Fetch, bridge: Bridge, now: Callable[[], datetime]) -> Opinions | None:
    """Who gives the second opinion; None when nobody does. Raises ConfigError for an encoder that is not there."""
    if keys.encoder:
        encoder = load_encoder(keys.encoder, bridge)
        return SecondOpinion(encoder, bridge, now, daily=0, may_see_private=True)
    if keys.url:
        endpoint = Endpoint(keys, fetch)
        return SecondOpinion(endpoint, bridge, now, daily=keys.daily, may_see_private=keys.sends_private)
    return None


def load_encoder(where: str, bridge: Bridge | None) -> Encoder:
    """The encoder; its model is read when it is asked first. Raises ConfigError when something of it is missing."""
    model: Embeds = _with_extra("bot.opinions.minilm").open_model(where)
    try:
        head = Head(files("bot.opinions").joinpath(FILE).read_text("utf-8"))
    except (OSError, ValueError):
        raise ConfigError(
            f"{ENCODER}: its weights are missing.", "`earshot model train --encoder` makes them."
        ) from None
    return Encoder(model, head, bridge)


def train_shipped(labelled: "Sequence[Labelled]", told: Callable[[str], None]) -> str:
    """The lines of the encoder's weights. Raises ConfigError when its packages are not installed."""
    written: str = _with_extra("bot.training.encoder").train_shipped(labelled, told)
    return written


def _with_extra(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        missing = f"{ENCODER}: the encoder needs a package that is not installed ({error.name})."
        raise ConfigError(missing, "pip install 'earshot[encoder]', or leave the setting out.") from None
