"""The error family. Every error carries its subject and says what to do; chats and the command line only print it."""


class EarshotError(Exception):
    """Something a person can act on. `str(error)` is one sentence; `hint` says what to do next and may be empty."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class InvalidInput(EarshotError):
    """What was typed or sent cannot be read. `field` names the form field or argument at fault, when there is one."""

    def __init__(self, message: str, hint: str = "", field: str = "") -> None:
        super().__init__(message, hint)
        self.field = field


class NotFound(EarshotError):
    """The case, draft, mute or channel does not exist."""


class NotAllowed(EarshotError):
    """The person's role, or four-eyes, forbids it."""


class Conflict(EarshotError):
    """Somebody was faster, or the thing is no longer in a state that allows this. Nothing was changed."""


class ConfigError(EarshotError):
    """A mistake in `.env` or `earshot.toml`; the message is one line with file, key, what is wrong, what is right."""


class StorageError(EarshotError):
    """The database cannot be used."""


class AlreadyRunning(StorageError):
    """Another instance holds the database file; the message names it."""


class NewerDatabase(StorageError):
    """The file was written by a newer Earshot; this one refuses before it writes."""


class DamagedDatabase(StorageError):
    """The file does not pass its integrity check."""
