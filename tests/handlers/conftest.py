"""What tests of handlers ask for by name."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.store import open_storage
from tests.handlers.fortnight import TODAY, tell
from tests.kit import Desk


@pytest.fixture(scope="session")
def fortnight(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which two weeks were told, once for all tests."""
    path = Path(shutil.copy(template, tmp_path_factory.mktemp("fortnight") / "earshot.db"))
    desk = Desk(open_storage(path))
    desk.store.engine.run("pragma synchronous = off")
    tell(desk)
    desk.store.close()
    return path


@pytest.fixture
def told(fortnight: Path, tmp_path: Path) -> Iterator[Desk]:
    """A desk after those two weeks, on the Monday that follows."""
    store = open_storage(Path(shutil.copy(fortnight, tmp_path / "told.db")))
    yield Desk(store, now=TODAY)
    store.close()
