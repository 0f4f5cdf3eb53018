"""`summary` and `export`: what a manager reads, presses and takes away."""

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from handlers.cards import Button, Chart, Screen
from handlers.charting import by_source, over_time, response_times
from handlers.export import LARGEST, as_csv, as_file, as_markdown, numbers
from handlers.reports import open_button, report
from handlers.requests import File, Reply
from handlers.rules.locales import ENGLISH, read_locale
from handlers.rules.periods import read_period
from handlers.rules.policy import Brand, Member, SourceEntry
from handlers.summaries import TABLES
from storage.types import Window
from tests.kit import NOW, TROUBLES, Desk, raw


def screen_of(reply: Reply) -> Screen:
    assert not reply.is_error, reply.words
    assert reply.screen is not None
    return reply.screen


def chart_of(desk: Desk, line: str) -> Chart:
    chart = screen_of(desk.do("mia", line)).chart
    assert chart is not None
    return chart


def file_of(reply: Reply) -> File:
    assert not reply.is_error, reply.words
    assert reply.file is not None
    return reply.file


def rows_of(file: File) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.text)))


def button(screen: Screen, label: str) -> Button:
    return next(one for one in screen.buttons if one.label == label)


# Screens


def test_a_summary_is_numbers_against_the_week_before_and_the_usual(told: Desk) -> None:
    reply = told.do("mia", "summary last week")
    screen = screen_of(reply)
    assert reply.can_share
    assert screen.title == "Summary · Last week, 19–25 Oct"
    assert screen.intro == "Compared with the week before, and with the usual week (only one so far)."
    assert 5 <= len(screen.rows) <= 9
    headings = [re.sub(r"\d+(,\d+)*", "N", row.heading) for row in screen.rows]
    assert headings[:6] == [
        "Mentions: N",
        "Negative: N, N% of all",
        "Cases opened: N, alerted N",
        "Answered: N",
        "Resolved: N",
        "Open now: N, unclaimed N",
    ]
    for row in screen.rows[:5]:
        assert re.search(r"[+\-±]\d+% from \d+|×\d+ from \d+|none before", row.facts[0]), row
        assert row.facts[1].startswith("usually "), row
    assert all(row.buttons and len(row.buttons) <= 2 for row in screen.rows)
    assert len(screen.buttons) <= 5
    assert "first response: median " in " ".join(screen.rows[3].facts)
    assert "Share of voice: Heron Air " in screen.outro
    assert "Shares and replies caused: @author" in screen.outro


@pytest.mark.parametrize("by", sorted(TABLES))
def test_by_anything_is_a_table_with_a_chart(told: Desk, by: str) -> None:
    screen = screen_of(told.do("mia", f"summary last week by:{by}"))
    assert screen.title == f"Summary · Last week, 19–25 Oct · by {by}"
    assert screen.rows
    assert screen.chart is not None
    assert screen.chart.alt
    assert len(screen.buttons) <= 5
    assert all(len(row.buttons) <= 2 for row in screen.rows)
    expected = {"source": "bars", "person": "lines"}.get(by, "stacked")
    assert screen.chart.kind == expected


def test_buttons_lead_to_the_other_looks_at_the_same_period(told: Desk) -> None:
    first = screen_of(told.do("mia", "summary today brand:heron-air"))
    told.later(days=1)
    source = screen_of(told.press("mia", button(first, "By source")))
    assert source.title == "Summary · Mon 26 Oct · Heron Air · by source"
    back = screen_of(told.press("mia", button(source, "Overview")))
    assert back.title == "Summary · Mon 26 Oct · Heron Air"
    assert [row.heading for row in back.rows[:5]] == [row.heading for row in first.rows[:5]]


def test_without_anything_it_is_today(told: Desk) -> None:
    assert screen_of(told.do("mia", "summary")).title.startswith("Summary · Today, Mon 26 Oct")


def test_a_quiet_time_is_one_plain_sentence(desk: Desk) -> None:
    screen = screen_of(desk.do("mia", "summary yesterday"))
    assert screen.intro == "Nothing was mentioned and nobody did anything in this time."
    assert screen.rows == ()
    assert screen.chart is None
    assert screen_of(desk.press("mia", button(screen, "7 days"))).title == "Summary · Last 7 days"


def test_a_quiet_time_says_what_is_usual_and_what_waits(told: Desk) -> None:
    told.now += timedelta(days=7)
    screen = screen_of(told.do("mia", "summary yesterday"))
    assert re.fullmatch(
        r"Nothing was mentioned and nobody did anything in this time; the usual Sunday has [\d.]+ mentions\."
        r" \d+ cases are open: `queue`\.",
        screen.intro,
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("summary weak", "Did you mean week?"),
        ("summary by:sorce", "Did you mean by:source?"),
        ("summary week brand:heron-aire", "Did you mean Heron Air?"),
        ("summary bran:heron", "Did you mean brand:?"),
        ("summary 2027-01-01", "That lies ahead"),
        ("summary today tomorrow", "is not a period"),
        ("export mentons week", "Did you mean mentions?"),
        ("export cases weak", "Did you mean week?"),
        ("export mentions brand:plovr-inn", "Did you mean Plover Inn?"),
        ("export cases xlsx", "is not a period"),
    ],
)
def test_a_typo_is_met_with_a_guess(desk: Desk, line: str, told: str) -> None:
    reply = desk.do("mia", line)
    assert reply.is_error
    assert told in reply.words
    assert reply.words.endswith((".", "?"))


def test_a_guest_may_look_and_takes_no_customers_words_away(told: Desk) -> None:
    gil = Member("gil", "Gil", is_guest=True)
    told.change_policy(members=(*told.policy.members, gil))
    reply = told.do("gil", "summary last week")
    assert screen_of(reply).rows
    assert not reply.can_share
    assert told.do("gil", "export mentions").is_error


# What comes back from clients


@pytest.mark.parametrize(
    "carried",
    [
        "", "what=", "what=users", "what=opened", "what=open&from=1&to=2", "what=opened&from=1&to=2",
        "what=opened&from=2000000&to=1999999", "what=opened&from=x&to=2000000", "what=opened&from=2000000",
        "what=open&page=0", "what=open&page=-1", "what=open&page=²", "what=open&page=99999999999999999999",
        "what=open&limit=9", "what=open&brand=" + "x" * 300, "what=open;drop", "=" * 5_000, "what=open&page=1e9",
        "what=opened&from=999999999&to=999999999", "&" * 4_000,
    ],
)  # fmt: skip
def test_a_forged_number_opens_nothing(told: Desk, carried: str) -> None:
    reply = told.press("mia", Button("Show", "summary", values=(("behind", carried),)))
    assert reply.is_error
    assert reply.words == "That button does not say what it opens. `summary` shows the numbers anew."


@given(some.text(max_size=60), some.sampled_from(["behind", "at", "file", "what"]))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_client_sends_is_an_answer(told: Desk, text: str, name: str) -> None:
    reply = told.press("mia", Button("Show", "summary", values=((name, text),)))
    assert reply.words or reply.screen


@pytest.mark.parametrize("name", ["brand", "source", "label", "person", "detail"])
def test_hostile_filters_find_nothing(told: Desk, name: str) -> None:
    window = Window(told.now.replace(minute=0) - timedelta(days=9), told.now.replace(minute=0))
    words = "' or 1=1 -- <script>@everyone\u202e"
    what = "opened" if name in ("person", "detail") else "mentions"
    pressed = open_button("Show", what, window, **{name: words})
    screen = screen_of(told.press("mia", pressed))
    assert (screen.rows, screen.intro[:2]) == ((), "0 ") or name == "label"
    assert "\u202e" not in screen.title


def test_the_moment_that_a_button_carries_is_read_with_care(told: Desk) -> None:
    for at in ("", "x", "²", "-5", "99999999", "999999999", "1", "9" * 400):
        reply = told.press("mia", Button("Look", "summary", values=(("what", "today"), ("at", at))))
        assert screen_of(reply).title == "Summary · Today, Mon 26 Oct"


# Charts


def test_the_alt_text_of_mentions_tells_the_finding(told: Desk) -> None:
    chart = chart_of(told, "summary last week")
    total = int(sum(value for series in chart.series for value in series.values if value))
    assert chart.title == "Mentions per day, 19–25 Oct"
    assert re.fullmatch(
        rf"Mentions per day, 19–25 Oct: {total} in all, most on \w{{3}} \d\d Oct \(\d+\)"
        r"(; negative share (between \d+% and )?\d+%)?\.",
        chart.alt,
    )
    assert len(chart.labels) == 7
    assert all(len(series.values) == 7 for series in chart.series)


def test_a_day_that_still_runs_says_so(told: Desk) -> None:
    told.take(raw("now", TROUBLES[0] + " again", published_at=told.now))
    assert chart_of(told, "summary today").alt.startswith("Mentions per hour, Mon 26 Oct, so far: ")


def test_hours_of_several_days_show_where_a_day_begins(told: Desk) -> None:
    labels = chart_of(told, "summary 2026-10-24..2026-10-25").labels
    assert labels[0] == "00:00"
    assert "Sun 25 Oct" in labels


def test_the_chart_of_sources_has_few_bars_and_all_mentions(desk: Desk) -> None:
    desk.change_policy(sources=tuple(SourceEntry(f"place{number}", "feed") for number in range(20)))
    for number in range(20):
        desk.take(raw(str(number), f"heron {'lost my bag ' * (number + 1)}"), source=f"place{number}")
    period = read_period("today", desk.now, desk.ctx.zone)
    chart = by_source(report(desk.ctx, period.window, before=period.before), ENGLISH)
    assert len(chart.labels) == 13
    assert chart.labels[-1] == "8 others"
    assert sum(value or 0 for value in chart.series[0].values) == 20
    assert "8 others 8" in chart.alt


def test_the_chart_of_answers_knows_when_there_were_none(told: Desk) -> None:
    period = read_period("2026-10-01", told.now, told.ctx.zone)
    chart = response_times(told.ctx, period, "", ENGLISH)
    assert chart.alt.endswith("nobody was answered.")
    assert set(chart.series[0].values) == {None}
    week = response_times(told.ctx, read_period("last week", told.now, told.ctx.zone), "", ENGLISH)
    assert re.search(
        r"\d+ answered, median .+, nine of ten within .+; slowest on \w+ \d+ Oct \(median .+\)\.", week.alt
    )
    assert week.unit == "min"


def test_a_chart_speaks_with_the_dates_of_its_readers(told: Desk) -> None:
    period = read_period("last week", told.now, told.ctx.zone)
    assert "19.–25. Okt." in over_time(told.ctx, period, "", read_locale("de")).title


# Files


@pytest.mark.parametrize(("label", "kind"), [("CSV", "text/csv"), ("Markdown", "text/markdown")])
def test_the_numbers_are_a_file(told: Desk, label: str, kind: str) -> None:
    screen = screen_of(told.do("mia", "summary last week"))
    reply = told.press("mia", button(screen, label))
    file = file_of(reply)
    assert file.kind == kind
    assert re.fullmatch(r"earshot-summary-2026-10-19-to-2026-10-25\.(csv|md)", file.name)
    assert re.fullmatch(r"Summary · Last week, 19–25 Oct: \d+ numbers as a file\.", reply.words)
    lines = file.text.splitlines()
    assert int(re.findall(r"(\d+) numbers", reply.words)[0]) == len(lines) - (1 if kind == "text/csv" else 2)


def test_the_file_holds_what_the_screen_says(told: Desk) -> None:
    screen = screen_of(told.do("mia", "summary last week"))
    table = {row[0]: row[1:] for row in rows_of(file_of(told.press("mia", button(screen, "CSV"))))}
    assert table["what"] == ["now", "before", "usual", "unit"]
    assert screen.rows[0].heading == f"Mentions: {table['mentions'][0]}"
    assert f"from {table['mentions'][1]}" in screen.rows[0].facts[0]
    assert screen.rows[3].heading == f"Answered: {table['answered'][0]}"
    assert table["first response, median"][3] == "min"
    assert table["negative share"][3] == "%"
    assert float(table["share of voice Heron Air"][0]) + float(table["share of voice Plover Inn"][0]) == 100


def test_before_there_were_numbers_the_file_has_none(told: Desk) -> None:
    reply = told.do("mia", "export summary 2026-10-12..2026-10-18")
    for what, _, before, usual, _ in rows_of(file_of(reply))[1:]:
        assert (before, usual) == ("", ""), what


FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@sum(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")')


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_name_becomes_a_formula(desk: Desk, formula: str) -> None:
    brands = (Brand(formula, {"names": "heron"}), Brand("Plover Inn", {"names": "plover"}))
    desk.change_policy(brands=brands, sources=(SourceEntry(formula, "feed"),))
    desk.change_policy(members=(replace(desk.policy.members[0], title=formula), *desk.policy.members[1:]))
    text = f"{formula} heron lost my bag and nobody answers"
    desk.take(raw("1", text, author=formula, author_name=formula, title=formula, shares=500), source=formula)
    desk.do("ana", "claim 1")
    for what, kind in product(("cases", "mentions", "summary"), ("csv", "md")):
        file = file_of(desk.do("mia", f"export {what} today {kind}"))
        if kind == "csv":
            cells = [cell for row in rows_of(file) for cell in row]
            assert not [cell for cell in cells if re.match(r"[=+@\t\r]|-\D", cell)], what
        else:
            columns = {len(re.findall(r"(?<!\\)\|", line)) for line in file.text.splitlines()}
            assert len(columns) == 1, what


def test_hostile_names_are_shown_without_tricks(desk: Desk) -> None:
    name = "zebra\u202e\u200b\n\x1b[31m" + "x" * 500
    desk.change_policy(sources=(SourceEntry(name, "feed"), SourceEntry("birds", "feed")))
    desk.take(raw("1", TROUBLES[0], author=name, shares=500), source=name)
    desk.take(raw("2", TROUBLES[1]))
    desk.do("ana", "claim 1")
    for line in ("summary", *(f"summary by:{by}" for by in TABLES)):
        screen = screen_of(desk.do("mia", line))
        chart = screen.chart
        assert chart is not None
        said = [screen.title, screen.intro, screen.outro, chart.alt, chart.title, *chart.labels]
        said += [part for row in screen.rows for part in (row.heading, *row.facts)]
        assert not [part for part in said if set(part) & set("\u202e\u200b\n\x1b")], line
        assert max(map(len, said)) < 600, line


def test_an_export_is_of_the_period_and_the_brand(told: Desk) -> None:
    reply = told.do("ana", "export mentions last week brand:plover-inn")
    period = read_period("last week", told.now, told.ctx.zone)
    count = told.store.tallies.sums(period.window, "Plover Inn").mentions
    rows = rows_of(file_of(reply))[1:]
    assert len(rows) == count > 5
    assert reply.words == f"Last week, 19–25 Oct · Plover Inn: {count} mentions."
    assert all("plover" in " ".join(row).casefold() for row in rows)
    seen = [row[6] for row in rows]
    assert seen == sorted(seen, reverse=True)
    assert file_of(reply).name == "earshot-mentions-2026-10-19-to-2026-10-25.csv"


def test_an_export_is_of_cases_of_thirty_days_unless_told_otherwise(told: Desk) -> None:
    rows = rows_of(file_of(told.do("ana", "export")))[1:]
    assert len(rows) == len(told.cases())
    assert rows[0][0] == f"#{told.cases()[-1].id}"
    assert told.do("ana", "export cases 2026-10-01").words == "Thu 1 Oct: no cases."


def test_a_file_that_is_too_large_ends_and_says_so(told: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handlers.export.MOST_ROWS", 10)
    reply = told.do("ana", "export mentions 14d")
    assert len(rows_of(file_of(reply))) == 11
    total = len([one for one in told.mentions() if one.seen_at > told.now - timedelta(days=14)])
    assert f"the newest 10 of {total} mentions" in reply.words
    assert "`earshot export mentions`" in reply.words
    marked = file_of(told.do("ana", "export mentions 14d md")).text.splitlines()
    assert len(marked) == 12


def test_a_file_has_a_largest_size(told: Desk) -> None:
    window = read_period("today", NOW, told.ctx.zone).window
    made = as_file(told.ctx, "cases", window, "csv", (("x" * 1_000_000,) for _ in range(50)))
    assert len(made.file.text) <= LARGEST
    assert made.rows < 10


def test_an_export_reads_page_after_page(told: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [file_of(told.do("ana", f"export {what} 14d")).text for what in ("cases", "mentions")]
    monkeypatch.setattr("handlers.export._AT_ONCE", 7)
    assert [file_of(told.do("ana", f"export {what} 14d")).text for what in ("cases", "mentions")] == whole


def test_the_same_numbers_in_both_kinds_of_file(told: Desk) -> None:
    period = read_period("last week", told.now, told.ctx.zone)
    found = report(told.ctx, period.window, before=period.before, usual=period.usual)
    lines = list(numbers(told.ctx, found))
    assert len(list(as_csv(lines))) == len(lines)
    assert len(list(as_markdown(lines))) == len(lines) + 1
