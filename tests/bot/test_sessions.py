"""What a source keeps beside its cursor is a secret of its own file."""

import stat
from pathlib import Path

from bot.sessions import Sessions


def test_each_source_has_its_own_which_nobody_else_may_read(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    kept = Sessions(folder)
    assert kept.get("sky") == ""
    kept.put("sky", "first")
    kept.put("sky", "second ✓")
    kept.put("../sky", "other")
    again = Sessions(folder)
    assert (again.get("sky"), again.get("../sky")) == ("second ✓", "other")
    files = list(folder.iterdir())
    assert len(files) == 2
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not any("sky" in file.name for file in files)


def test_it_can_be_forgotten(tmp_path: Path) -> None:
    for kept in (Sessions(tmp_path / "sessions"), Sessions.nowhere()):
        kept.put("sky", "")
        kept.put("sky", "first")
        assert kept.get("sky") == "first"
        kept.put("sky", "")
        assert kept.get("sky") == ""


def test_what_is_damaged_counts_as_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    kept = Sessions(folder)
    kept.put("sky", "first")
    next(folder.iterdir()).write_bytes(b"\xff\xfe")
    assert kept.get("sky") == ""


def test_one_that_could_not_be_written_whole_leaves_the_last(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    kept = Sessions(folder)
    kept.put("sky", "first")
    file = next(folder.iterdir())
    file.with_suffix(".new").write_text("hal")
    assert kept.get("sky") == "first"
    kept.put("sky", "second")
    assert kept.get("sky") == "second"
    assert list(folder.iterdir()) == [file]
