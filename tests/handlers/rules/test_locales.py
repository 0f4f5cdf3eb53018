"""Numbers and dates as languages write them."""

from datetime import UTC, date, datetime

import pytest

from handlers.rules.locales import ENGLISH, read_locale
from storage.errors import InvalidInput

SUNDAY = date(2015, 2, 22)
SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("code", "number", "percent", "day", "month"),
    [
        ("en-GB", "12,345", "48%", "Sun 22 Feb", "Feb 2015"),
        ("en", "12,345", "48%", "Sun, Feb 22", "Feb 2015"),
        ("de", "12.345", f"48{SPACE}%", "So., 22. Feb.", "Feb. 2015"),
        ("fr_FR", f"12{SPACE}345", f"48{SPACE}%", "dim. 22 févr.", "févr. 2015"),
        ("hi", "12,345", "48%", "रवि, 22 फ़र॰", "फ़र॰ 2015"),
    ],
)
def test_each_language_has_its_own_patterns(code: str, number: str, percent: str, day: str, month: str) -> None:
    locale = read_locale(code)
    assert locale.number(12_345) == number
    assert locale.percent(0.484) == percent
    assert locale.day(SUNDAY) == day
    assert locale.month(SUNDAY) == month


def test_a_mean_keeps_a_decimal_while_it_is_small() -> None:
    assert [ENGLISH.number(value) for value in (2.54, 3.0, 12.5, 1_234.4)] == ["2.5", "3", "12", "1,234"]
    assert read_locale("de").number(2.5) == "2,5"


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        (112, 100, "+12%"),
        (97, 100, "-3%"),
        (100, 100.1, "±0%"),
        (0, 3, "-100%"),
        (29, 3, "+867%"),
        (42, 3, "×14"),
        (3, 0, "–"),
        (0, 0, "–"),
        (None, 3, "–"),
        (3, None, "–"),
    ],
)
def test_a_change_is_told_as_a_percentage_or_a_multiple(now: int | None, before: int | None, told: str) -> None:
    assert ENGLISH.change(now, before) == told


def test_days_that_belong_together_are_told_once() -> None:
    assert ENGLISH.span(date(2015, 2, 16), SUNDAY) == "16–22 Feb"
    assert ENGLISH.span(SUNDAY, SUNDAY) == "22 Feb"
    assert ENGLISH.span(date(2014, 12, 29), date(2015, 1, 4)) == f"29 Dec 2014{SPACE}–{SPACE}4 Jan 2015"
    assert read_locale("de").span(date(2015, 2, 16), SUNDAY, with_year=True) == "16.–22. Feb. 2015"


def test_times_and_lengths() -> None:
    moment = datetime(2015, 2, 22, 17, 30, tzinfo=UTC)
    assert ENGLISH.time(moment) == "17:30"
    assert read_locale("en-US").time(moment) == f"5:30{SPACE}PM"
    assert [ENGLISH.length(value) for value in (7_800, 12, None)] == ["2 h 10 min", "under 1 min", "–"]


@pytest.mark.parametrize("code", ["ar", "fa", "he", "fr", "sv", "ru", "zh-Hant"])
def test_nothing_hidden_and_no_space_that_fonts_lack(code: str) -> None:
    locale = read_locale(code)
    told = locale.number(1_234_567) + locale.percent(-0.25) + locale.day(SUNDAY) + locale.change(3, 4)
    assert not set(told) & set("\u202f\u2009\u061c\u200e\u200f")


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("german", "Did you mean de?"),
        ("Deutsch", "Did you mean de?"),
        ("français", "Did you mean fr?"),
        ("pt-BX", "Did you mean pt-BR?"),
        ("xx", "Write a language as de, fr or pt-BR."),
        ("", "Write a language as de, fr or pt-BR."),
        ("../../etc/passwd", "Write a language as de, fr or pt-BR."),
        ("d" * 5_000, "Write a language as de, fr or pt-BR."),
    ],
)
def test_an_unknown_language_is_refused_with_a_guess(typed: str, hint: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_locale(typed)
    assert hint in str(refused.value)
    assert len(str(refused.value)) < 200
