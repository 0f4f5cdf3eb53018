"""What was typed and not submitted is found again by its owner, and by nobody else."""

from datetime import timedelta

from storage.store import Store
from tests.kit import NOW


def test_the_last_text_is_kept_for_each_member_form_and_case(store: Store) -> None:
    store.kept.keep("ana", "draft", 1, {"text": "We are"}, NOW)
    store.kept.keep("ana", "draft", 1, {"text": "We are sorry."}, NOW)
    store.kept.keep("bo", "draft", 1, {"text": "Bo's"}, NOW)
    store.kept.keep("ana", "draft", 2, {"text": "another case"}, NOW)
    store.kept.keep("ana", "note", 0, {"text": "no case", "about": "7"}, NOW)
    assert store.kept.get("ana", "draft", 1) == {"text": "We are sorry."}
    assert store.kept.get("bo", "draft", 1) == {"text": "Bo's"}
    assert store.kept.get("ana", "note", 0) == {"text": "no case", "about": "7"}
    assert store.kept.get("ana", "note", 1) == {}


def test_what_is_forgotten_is_gone_and_nothing_else(store: Store) -> None:
    store.kept.keep("ana", "draft", 1, {"text": "one"}, NOW)
    store.kept.keep("ana", "draft", 2, {"text": "two"}, NOW)
    store.kept.forget("ana", "draft", 1)
    store.kept.forget("ana", "draft", 99)
    assert store.kept.get("ana", "draft", 1) == {}
    assert store.kept.get("ana", "draft", 2) == {"text": "two"}


def test_old_ones_are_dropped_by_when_they_were_last_typed(store: Store) -> None:
    store.kept.keep("ana", "draft", 1, {"text": "old"}, NOW)
    store.kept.keep("ana", "draft", 2, {"text": "old"}, NOW)
    store.kept.keep("ana", "draft", 2, {"text": "typed again"}, NOW + timedelta(days=2))
    assert store.kept.forget_before(NOW + timedelta(days=1)) == 1
    assert store.kept.get("ana", "draft", 1) == {}
    assert store.kept.get("ana", "draft", 2) == {"text": "typed again"}


def test_odd_text_comes_back_as_it_was(store: Store) -> None:
    odd = {"text": "zwei\nZeilen \u202e 🙈 \"'; drop table kept; --"}
    store.kept.keep("ana", "draft", 1, odd, NOW)
    assert store.kept.get("ana", "draft", 1) == odd
