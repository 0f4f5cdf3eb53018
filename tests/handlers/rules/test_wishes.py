"""What somebody types who wants a briefing: any order, every usual spelling, and sentences for the rest."""

from datetime import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.rules.wishes import Wish, read_fields, read_time, read_wish, read_zone
from storage.errors import InvalidInput

BRANDS = ("Heron Air", "Plover Inn")
HALF_PAST_EIGHT = time(8, 30)


@pytest.mark.parametrize(
    ("typed", "wish"),
    [
        ("daily 08:30 #a Europe/Berlin", Wish("daily", at=HALF_PAST_EIGHT, place="#a", zone="Europe/Berlin")),
        ("#x paris de 9am every monday", Wish("weekly", 0, at=time(9), place="#x", zone="Europe/Paris", language="de")),
        ("working days at 8.30 me", Wish("working days", at=HALF_PAST_EIGHT, place="me")),
        ("every working day 7:00", Wish("working days", at=time(7))),
        ("weekdays 7:00", Wish("working days", at=time(7))),
        ("on the last day of the month 8 am", Wish("monthly", day=31, at=time(8))),
        ("monthly on 31 17:00 brand:plover-inn", Wish("monthly", day=31, at=time(17), brand="Plover Inn")),
        ("every day 8:30pm here", Wish("daily", at=time(20, 30), place="here")),
        ("Weekly FRIDAY slack:#boss pt-BR", Wish("weekly", 4, place="slack:#boss", language="pt_BR")),
        ("fridays 12am", Wish("weekly", 4, at=time(0))),
        ("3rd 0:30", Wish("monthly", day=3, at=time(0, 30))),
        ("day 3 8:30", Wish("monthly", day=3, at=HALF_PAST_EIGHT)),
        ("quarterly 15 UTC", Wish("quarterly", day=15, zone="UTC")),
        ("yearly @bo Lord_Howe lang:de", Wish("annual", place="@bo", zone="Australia/Lord_Howe", language="de")),
        ("zone: kathmandu brand: heron-air", Wish("daily", zone="Asia/Kathmandu", brand="Heron Air")),
        ("", Wish("daily")),
    ],
)  # fmt: skip
def test_words_in_any_order(typed: str, wish: Wish) -> None:
    assert read_wish(typed, BRANDS) == wish
    if not any(two in typed for two in (" am", "day ", " day", "zone:", "on ")):
        assert read_wish(" ".join(reversed(typed.split())), BRANDS) == wish


HOW = "For example: `briefing add daily 08:30 #leadership Europe/Berlin`."


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("dayly", f'I do not know what "dayly" means. Did you mean daily? {HOW}'),
        ("wekly", f'I do not know what "wekly" means. Did you mean weekly? {HOW}'),
        ("xyzzyplugh", f'I do not know what "xyzzyplugh" means. {HOW}'),
        ("Europe/Belrin", 'There is no time zone "Europe/Belrin". Did you mean Europe/Berlin?'),
        ("zone:Qwertz", 'There is no time zone "Qwertz". Time zones look like Europe/Berlin.'),
        ("lang:german", 'There is no language "german". Did you mean de?'),
        ("brand:plovr", 'There is no brand "plovr". Did you mean Plover Inn?'),
        ("brand:zzz", 'There is no brand "zzz". Known: Heron Air, Plover Inn.'),
        ("25:00", '"25:00" is not a time of day. Write it as 08:30.'),
        ("13pm", '"13pm" is not a time of day. Write it as 08:30.'),
        ("on:32", '"32" is not a day. Write a weekday, or a day of the month from 1 to 31; 31 is its last.'),
        ("daily weekly", f'"weekly" is one too many. Each thing is said once. {HOW}'),
        ("monday friday", f'"friday" is one too many. Each thing is said once. {HOW}'),
        ("#a #b", f'"#b" is one too many. Each thing is said once. {HOW}'),
        ("daily on 3", f"A day of the month is for monthly, quarterly or annual, not for daily. {HOW}"),
        ("monthly monday", f"A weekday is for a weekly briefing, not for monthly. {HOW}"),
    ],
)
def test_what_cannot_be_read_is_told_with_the_way_out(typed: str, words: str) -> None:
    with pytest.raises(InvalidInput) as error:
        read_wish(typed, BRANDS)
    assert str(error.value) == words


def test_the_form_is_read_field_by_field() -> None:
    told = {
        "every": "weekly",
        "on": "Friday",
        "at": "8:30",
        "place": "#a",
        "zone": "Berlin",
        "language": "fr",
        "brand": "",
    }
    assert read_fields(told, BRANDS) == Wish("weekly", 4, None, HALF_PAST_EIGHT, "#a", "Europe/Berlin", "fr")
    assert read_fields({**told, "every": "monthly", "on": "the last day"}, BRANDS).on == 31
    assert read_fields({"every": "weekly"}, BRANDS).on == 0
    assert read_fields({"every": "annual"}, BRANDS).on == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("every", "hourly"),
        ("on", "the 77th"),
        ("at", "noonish"),
        ("zone", "Nowhere"),
        ("language", "xx"),
        ("brand", "z"),
    ],
)
def test_an_error_names_its_field(field: str, value: str) -> None:
    with pytest.raises(InvalidInput) as error:
        read_fields({"every": "weekly", field: value}, BRANDS)
    assert error.value.field == field


def test_zones_by_city_only_where_one_has_it() -> None:
    assert read_zone("new york") == "America/New_York"
    assert read_zone("asia/kathmandu") == "Asia/Kathmandu"
    assert read_time(" 8 AM ") == time(8)


@given(st.text(max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_words_are_read_or_refused_in_a_sentence(typed: str) -> None:
    told = ""
    try:
        read_wish(typed, BRANDS)
    except InvalidInput as error:
        told = str(error)
    assert told[-1:] in (".", "?", "")
