"""The second opinion's part of the environment: a server or the encoder, and the mistakes people make with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from bot.secret import Secret

URL, MODEL, KEY = "EARSHOT_OPINION_URL", "EARSHOT_OPINION_MODEL", "EARSHOT_OPINION_KEY"
DAILY, PRIVATE, ENCODER = "EARSHOT_OPINION_DAILY", "EARSHOT_OPINION_PRIVATE", "EARSHOT_ENCODER"
USUAL_DAILY = 500
PACKAGED = "yes"
_YES, _NO = ("yes", "true", "on", "1"), ("", "no", "false", "off", "0")
_LOCAL_ENDINGS = (".local", ".internal", ".lan", ".localhost")


@dataclass(frozen=True, slots=True)
class OpinionKeys:
    """Whom a second opinion is asked of: a server (`url`, `model`), the encoder on this machine, or nobody."""

    url: str = ""  # where /chat/completions is found, without a slash at its end
    model: str = ""
    key: Secret = field(default_factory=Secret)
    daily: int = USUAL_DAILY  # requests on a day (UTC)
    sends_private: bool = False
    encoder: str = ""  # "yes" for the packaged one, or a folder; "" for none

    @property
    def is_own(self) -> bool:
        """Whether the server stands in a network of our own, by its address or name."""
        return _is_own(urlsplit(self.url).hostname or "")

    @property
    def stays_here(self) -> bool:
        """Whether the server is on this machine, so that no words leave it."""
        host = urlsplit(self.url).hostname or ""
        return host == "localhost" or (_is_number(host) and ip_address(host).is_loopback)


def read_opinions(values: Mapping[str, str], mistakes: list[str]) -> dict[str, Any]:
    """The field of `Environment` that concerns the second opinion, from variables by name. Mistakes are added, a line
    each; an incomplete set is one.
    """
    url, model, key, encoder = (values[name].strip() for name in (URL, MODEL, KEY, ENCODER))
    mistakes += _wrong_set(url, model, key, _switched(encoder))
    daily = _daily(values[DAILY], mistakes)
    private = values[PRIVATE].strip().lower()
    if private not in (*_YES, *_NO):
        mistakes.append(f'{PRIVATE}: "{private[:20]}" is neither yes nor no; write yes, or leave it out.')
    if not key.isascii() or not key.isprintable() or " " in key:
        mistakes.append(f"{KEY}: it has characters that no key has; copy it again.")
    base = _base(url, mistakes)
    keys = OpinionKeys(base, model, Secret(key), daily, private in _YES, _switched(encoder))
    return {"opinion": keys}


def _switched(encoder: str) -> str:
    lower = encoder.lower()
    return PACKAGED if lower in _YES else "" if lower in _NO else encoder


def _wrong_set(url: str, model: str, key: str, encoder: str) -> list[str]:
    if url and encoder:
        return [f"{ENCODER}: there can be one second opinion, and {URL} names another; leave one of them out."]
    if url and not model:
        return [f"{MODEL}: missing beside {URL}; name the model as that server calls it."]
    if not url and (model or key):
        return [f"{URL}: missing beside {MODEL if model else KEY}; write the server's address, up to /v1."]
    return []


def _daily(told: str, mistakes: list[str]) -> int:
    text = told.strip() or str(USUAL_DAILY)
    if text.isascii() and text.isdigit() and len(text) <= 7:
        return int(text)
    mistakes.append(f'{DAILY}: "{text[:20]}" is no number of requests; write one like {USUAL_DAILY}.')
    return 0


def _base(url: str, mistakes: list[str]) -> str:
    """The address without its last step. Over the open internet, words of customers travel encrypted or not at all."""
    if not url:
        return ""
    try:
        parts, port = urlsplit(url), urlsplit(url).port
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), None
    is_plain = not (parts.username or parts.password or parts.query or parts.fragment)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or not is_plain:
        mistakes.append(f"{URL}: no address of a server; write one like https://host/v1, without a key in it.")
        return ""
    if not _is_own(host) and (parts.scheme != "https" or port not in (None, 443)):
        mistakes.append(f"{URL}: outside your own network it must be https:// on the usual port, as words go there.")
        return ""
    return url.rstrip("/").removesuffix("/chat/completions").rstrip("/")


def _is_own(host: str) -> bool:
    if _is_number(host):
        return not ip_address(host).is_global
    return "." not in host or host.endswith(_LOCAL_ENDINGS)


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
