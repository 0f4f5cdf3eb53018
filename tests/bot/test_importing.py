"""An archive is stored and searchable; it opens cases only for who asks for them."""

from pathlib import Path

import pytest

from bot.importing import import_file
from bot.settings import read_environment
from storage.store import open_storage
from tests.kit import NOW, POLICY, TROUBLES


@pytest.mark.parametrize(("with_cases", "cases"), [(False, 0), (True, 2)])
def test_rows_without_a_date_are_an_archive_too(tmp_path: Path, with_cases: bool, cases: int) -> None:
    (tmp_path / "old.csv").write_text("id,text\n" + "".join(f'{place},"{TROUBLES[place]}"\n' for place in range(2)))
    environment = read_environment(tmp_path / ".env", {"EARSHOT_DATA": str(tmp_path)})
    told = import_file(
        environment, POLICY, tmp_path / "old.csv", source="archive", brand="", field_map={}, with_cases=with_cases,
        progress=lambda read, total: None, now=lambda: NOW,
    )  # fmt: skip
    assert (told.stored, told.cases) == (2, cases)
    store = open_storage(environment.database, read_only=True)
    assert len(store.mentions.search(["heron"], 9)) == 2
    store.close()
