"""What a source must remember between two starts beside its cursor: a session, a token that was renewed.

Each is a file of its own beside the database, for this user only. It is a secret: never in a log, a card or a backup.
"""

import os
from hashlib import sha256
from pathlib import Path


class Sessions:
    """One folder, made when something is first put there."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._here: dict[str, str] = {}

    @classmethod
    def nowhere(cls) -> "Sessions":
        """One that forgets with the program: for trying a source out."""
        return cls(None)

    def get(self, source: str) -> str:
        """What was put there last; "" when there is nothing that can be read."""
        if self._folder is None:
            return self._here.get(source, "")
        try:
            return _file(self._folder, source).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return ""

    def put(self, source: str, session: str) -> None:
        """Keep it in place of the last; "" forgets it. Raises OSError."""
        if self._folder is None:
            self._here[source] = session
            return
        file = _file(self._folder, source)
        if not session:
            file.unlink(missing_ok=True)
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as opened:
            opened.write(session)
        fresh.replace(file)


def _file(folder: Path, source: str) -> Path:
    """The name says nothing; two sources never share it."""
    return folder / sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:32]
