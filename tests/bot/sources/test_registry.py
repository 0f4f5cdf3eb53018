import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest

from bot import registry, sources
from handlers.ports import Source
from handlers.rules.policy import SourceEntry
from storage.errors import ConfigError
from tests.bot.sources.feedserver import fetching, tools


def test_every_source_file_is_a_kind_and_shared_files_are_none() -> None:
    folder = Path(sources.__file__).parent
    found = [path for path in folder.rglob("*.py") if "\nKIND = " in path.read_text()]
    written = {path.parent.stem if path.stem == "__init__" else path.stem for path in found}
    assert set(registry.kinds()) == written
    for kind, module in registry.kinds().items():
        assert kind == module.KIND
        made = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, Source)]
        assert len({*made} - {Source}) == 1, f"{kind} builds no Source"


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (SourceEntry("one", "fede"), 'sources.one.kind: "fede" is no kind of source; did you mean "feed"?'),
        (SourceEntry("one", "zzz"), 'sources.one.kind: "zzz" is no kind of source; known: x, bluesky, '),
        (SourceEntry("one", "feed", settings={"url": "x", "ulr": "x"}), 'one.ulr: unknown key; did you mean "url"?'),
        (SourceEntry("one", "feed"), "sources.one.url: missing."),
        (SourceEntry("one", "feed", settings={"url": 5}), "sources.one.url: "),
        (SourceEntry("one", "file", settings={"folder": "x", "map": "text"}), "sources.one.map: "),
        (SourceEntry("one", "file", settings={"folder": "x", "map": {"txet": "a"}}), 'did you mean "text"?'),
        (SourceEntry("one", "file", settings={"folder": "x", "format": "xls"}), "sources.one.format: "),
        (SourceEntry("one", "webhook", settings={"secret_env": "HUSH"}), "HUSH is not set in .env"),
    ],
)
async def test_a_mistake_is_a_line_with_place_and_remedy(entry: SourceEntry, words: str) -> None:
    async with fetching() as fetch:
        with pytest.raises(ConfigError) as caught:
            registry.build(entry, tools(fetch))
    assert words in str(caught.value)


async def test_durations_are_written_as_people_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True)
    class Settings:
        pause: timedelta = timedelta(seconds=1)  # how long

    module = ModuleType("pausing")
    module.__dict__.update(KIND="pausing", Settings=Settings, build=lambda name, settings, tools: settings)
    monkeypatch.setitem(sources.KINDS, "pausing", "Pauses.")
    monkeypatch.setitem(sys.modules, "bot.sources.pausing", module)
    async with fetching() as fetch:
        built: object = registry.build(SourceEntry("one", "pausing", settings={"pause": "15m"}), tools(fetch))
        assert built == Settings(timedelta(minutes=15))
        with pytest.raises(ConfigError, match=r'sources\.one\.pause: "soon" is no length of time'):
            registry.build(SourceEntry("one", "pausing", settings={"pause": "soon"}), tools(fetch))


def test_settings_of_an_unknown_kind_are_a_mistake() -> None:
    with pytest.raises(ConfigError, match="did you mean"):
        registry.settings_of("webhok")
