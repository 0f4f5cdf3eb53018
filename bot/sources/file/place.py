"""How far the files of a folder are read, by their names, and its writing as a cursor."""

import json
from collections.abc import Collection, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

_MISSING = 1_000  # files that are not there any more and yet remembered


def read_place(cursor: str | None) -> dict[str, Any]:
    """The cursor; a damaged one counts as none, which repeats and loses nothing."""
    try:
        told = json.loads(cursor or "{}")
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def remembered(told: Mapping[str, Any], files: Collection[str]) -> dict[str, Any]:
    """What is known of the files. A folder that is empty of a sudden is forgotten by nobody: its share may be away."""
    missing = [name for name in told if name not in files]
    forgotten = set(missing[:-_MISSING]) if files else set()
    return {name: entry for name, entry in told.items() if name not in forgotten}


def entry_of(path: Path, told: object) -> dict[str, Any]:
    """How far a file is read, given what it was when it was last read and what it is now."""
    stat = path.stat()
    rows, is_old = 0, isinstance(told, dict) and told.get("old") is True  # there before we began to listen
    match told:
        case {"size": int(size), "mtime": int(mtime), "rows": int(read), "done": bool(is_done), "print": str(seen)}:
            if (size, mtime) == (stat.st_size, stat.st_mtime_ns):
                return {"size": size, "mtime": mtime, "rows": read, "done": is_done, "print": seen, "old": is_old}
            is_old = is_old and not is_done
            if size < stat.st_size and seen == _print(path, size):
                rows = max(read - 1, 0)  # the last row may have been half there, so it is read again
    fingerprint = _print(path, stat.st_size)
    now = {"size": stat.st_size, "mtime": stat.st_mtime_ns, "print": fingerprint}
    return {**now, "rows": rows, "done": False, "old": is_old}


def _print(path: Path, size: int) -> str:
    """What the first and last bytes of the first `size` are: the same while a file is only added to."""
    with path.open("rb") as stream:
        start = stream.read(min(size, 4_096))
        stream.seek(max(0, size - 4_096))
        return sha256(start + stream.read(min(size, 4_096))).hexdigest()[:16]
