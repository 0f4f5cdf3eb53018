"""What tests ask for by name.

A fresh store is a copy of one that was migrated once, which is quicker than migrating each.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.store import Store, open_storage
from tests.kit import Desk


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run what is marked long too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long"):
        aside = pytest.mark.skip(reason="takes long: `make test-long` runs it")
        for item in items:
            if "long" in item.keywords:
                item.add_marker(aside)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with its schema."""
    path = tmp_path_factory.mktemp("template") / "earshot.db"
    open_storage(path).close()
    return path


@pytest.fixture
def db_path(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(template, tmp_path / "earshot.db"))


@pytest.fixture
def store(db_path: Path) -> Iterator[Store]:
    opened = open_storage(db_path)
    yield opened
    opened.close()


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)
