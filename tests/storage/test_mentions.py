"""Search says what the table says, whatever was added, edited, put into a case or deleted."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings
from hypothesis import strategies as st

from handlers.ports import Tombstone
from storage.store import open_storage
from tests.kit import PRAISE, TROUBLES, Desk, raw

WORDS = [*TROUBLES, PRAISE, "A plover and a heron walk into a bar", "Plover breakfast was fine", ""]
NAMES = "abc"
ITEMS = st.tuples(st.sampled_from(NAMES), st.sampled_from(WORDS), st.sampled_from([None, 0, 9, 5_000]))
STEPS = st.lists(
    st.one_of(
        st.lists(ITEMS, max_size=4).map(lambda items: ("page", items)),
        st.sampled_from(NAMES).map(lambda name: ("gone", name)),
        st.integers(1, 200).map(lambda minutes: ("later", minutes)),
    ),
    max_size=8,
)


def found_in_the_table(desk: Desk, word: str) -> list[int]:
    return [one.id for one in desk.mentions() if word in f"{one.title} {one.text}".casefold()]


@settings(max_examples=40, deadline=None)
@given(STEPS)
@example([("page", [("a", TROUBLES[0], None)]), ("gone", "a")])
@example([("page", [("a", TROUBLES[0], None)]), ("page", [("a", PRAISE, None)])])
@example([("page", [("a", PRAISE, 0)]), ("later", 60), ("page", [("a", PRAISE, 5_000)])])
@example([("page", [("a", PRAISE, 0)]), ("page", [("a", TROUBLES[0], 0)]), ("page", [("a", PRAISE, 0)])])
def test_search_equals_the_table_after_any_history(template: Path, steps: list[tuple[str, object]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "earshot.db"
        path.write_bytes(template.read_bytes())
        store = open_storage(path)
        store.engine.run("pragma synchronous = off")
        desk = Desk(store)
        for kind, told in steps:
            if kind == "page" and isinstance(told, list):
                desk.take(*(raw(name, text, likes=likes) for name, text, likes in told))
            elif kind == "gone":
                desk.take(Tombstone(str(told), "deleted"))
            else:
                desk.later(minutes=float(str(told)))
        store.engine.run("insert into mentions_text (mentions_text, rank) values ('integrity-check', 1)")
        for word in ("heron", "plover", "suitcase", "lovely"):
            hits = [one.id for one in store.mentions.search([word], 100)]
            assert sorted(hits) == found_in_the_table(desk, word)
        store.close()


def test_search_takes_any_words_literally(desk: Desk) -> None:
    desk.take(raw("1", 'Heron says "hello* OR NOT world" near: me'))
    for words in (['"hello*'], ["OR"], ["near:"], ["NOT", "world"], ['"', "me"], ["(heron"], ["heron)"], ["{x} AND"]):
        assert isinstance(desk.store.mentions.search(words, 10), list)
    assert len(desk.store.mentions.search(["OR", "world"], 10)) == 1
    assert desk.store.mentions.search(["hell"], 10) == []


def test_the_newest_come_first_and_older_ones_are_a_page_away(desk: Desk) -> None:
    desk.take(*(raw(str(number), f"heron note {number}") for number in range(25)))
    first = desk.store.mentions.search(["heron"], 10)
    second = desk.store.mentions.search(["heron"], 10, before=first[-1].id)
    assert [one.native_id for one in first + second] == [str(number) for number in range(24, 4, -1)]
