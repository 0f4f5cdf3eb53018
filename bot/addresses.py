"""Addresses that a token may be sent to: https, or this very machine."""

from urllib.parse import urlsplit

_OWN_MACHINE = ("localhost", "127.0.0.1", "::1")


def read_address(variable: str, given: str, usual: str, mistakes: list[str], end: str = "") -> str:
    """The address in a variable, or the usual one; it ends in `end`. A mistake is added as a line."""
    address = given.strip() or usual
    if not _is_safe(address):
        mistakes.append(f'{variable}: no address that tokens may be sent to; leave it out, or write "{usual}".')
        return usual
    return f"{address.rstrip('/')}{end}"


def _is_safe(address: str) -> bool:
    try:
        parts = urlsplit(address)
        is_plain = not (parts.username or parts.query or parts.fragment)
    except ValueError:
        return False
    is_private = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _OWN_MACHINE)
    return bool(parts.hostname) and is_plain and is_private
