"""A value that nobody may see by accident."""

import hmac
from typing import NoReturn


class Secret:
    """Text that shows as *** wherever it is printed, logged or put into an error. `reveal` is the only way to it."""

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one call that needs it."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __len__(self) -> int:
        return len(self._text)

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    __hash__ = None  # type: ignore[assignment]  # a key of a dict or set is too easily printed or compared in open time

    def __reduce__(self) -> NoReturn:
        raise TypeError("A secret cannot be pickled.")
