"""Which accounts are one person, and the codes by which she says so."""

from datetime import timedelta
from sqlite3 import IntegrityError

import pytest

from storage.store import Store
from tests.kit import NOW


def add(store: Store, *, member: str = "", slack: str = "", discord: str = "") -> int:
    return store.links.add(
        member=member, slack=slack, discord=discord, name="bo", also=("bo.discord",), first="slack", now=NOW
    )


def test_a_link_is_found_by_each_of_its_accounts_and_never_by_nothing(store: Store) -> None:
    number = add(store, slack="U1", discord="7")
    other = add(store, member="mia", discord="8")
    (link,) = store.links.of(slack="U1")
    assert (link.id, link.also, link.made_at) == (number, ("bo.discord",), NOW)
    assert store.links.of(discord="7") == [link]
    assert [one.id for one in store.links.of(member="mia", slack="U1")] == [number, other]
    assert store.links.of() == []
    assert store.links.of(member="bo", slack="7", discord="U1") == []
    assert store.links.end(number, NOW)
    assert not store.links.end(number, NOW)
    assert store.links.of(slack="U1") == []
    assert [(one.id, one.ended_at) for one in store.links.all()] == [(number, NOW), (other, None)]
    assert add(store, slack="U1", discord="7") > other


@pytest.mark.parametrize("same", [{"slack": "U1", "discord": "9"}, {"slack": "U9", "discord": "7"}])
def test_an_account_is_in_one_link_at_most(store: Store, same: dict[str, str]) -> None:
    add(store, slack="U1", discord="7")
    with pytest.raises(IntegrityError):
        add(store, **same)


def offer(store: Store, code_hash: str, member: str = "bo") -> None:
    store.links.offer(code_hash, chat="slack", member=member, slack="U1", discord="", now=NOW)


def test_a_code_is_one_persons_who_typed_it_first(store: Store) -> None:
    offer(store, "x")
    found = store.links.find("x", NOW)
    assert found is not None
    assert store.links.taken(found.id, "", NOW) == found  # nobody's yet
    assert store.links.take(found.id, "discord:7")
    assert store.links.take(found.id, "discord:7")
    assert not store.links.take(found.id, "discord:8")
    assert store.links.taken(found.id, "discord:8", NOW) is None
    assert store.links.taken(found.id, "discord:7", NOW + timedelta(seconds=1)) is None
    assert store.links.taken(found.id, "discord:7", NOW) is not None
    assert store.links.use_up(found.id)
    assert store.links.find("x", NOW) is None


def test_a_new_code_ends_the_one_before_it(store: Store) -> None:
    offer(store, "x")
    offer(store, "y", "kim")
    offer(store, "z")
    assert [store.links.find(one, NOW) is not None for one in "xyz"] == [False, True, True]
    assert store.links.find("z", NOW + timedelta(seconds=1)) is None


def test_wrong_ones_are_counted_for_each_and_forgotten(store: Store) -> None:
    store.links.tried_wrongly("discord:7", NOW)
    store.links.tried_wrongly("discord:7", NOW + timedelta(minutes=30))
    store.links.tried_wrongly("discord:8", NOW)
    offer(store, "x")
    assert store.links.wrong_tries("discord:7", NOW - timedelta(hours=1)) == 2
    assert store.links.wrong_tries("discord:7", NOW) == 1
    assert store.links.forget_before(NOW + timedelta(minutes=1)) == 3
    assert store.links.wrong_tries("discord:7", NOW - timedelta(hours=1)) == 1
    assert store.links.find("x", NOW) is None
