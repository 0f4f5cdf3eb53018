import csv
import gzip
import json
import os
import tracemalloc
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sources.file import CHUNK, FileSource, Settings, read_file
from bot.sources.rows import ROW_LIMIT
from handlers.ports import BadSource, Broken, Transient
from storage.types import RawMention


def read(path: Path, **kept: Any) -> tuple[list[RawMention], list[Broken]]:
    items = [item for chunk in read_file(path, Settings("", **kept)) for item in chunk.items]
    return [one for one in items if isinstance(one, RawMention)], [one for one in items if isinstance(one, Broken)]


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def texts(path: Path, **kept: Any) -> list[str]:
    return [mention.text for mention in read(path, **kept)[0]]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_though_the_words_are_full_of_others(sign: str, tmp_path: Path) -> None:
    rows = [["id", "text", "author"], ["1", "a,b;c\td|e", "mia"], ["2", 'she said "no"\nand left', "jo"]]
    path = tmp_path / "notes.csv"
    with path.open("w", newline="") as stream:
        csv.writer(stream, delimiter=sign).writerows(rows)
    mentions, broken = read(path)
    assert [(one.native_id, one.text, one.author) for one in mentions] == [tuple(row) for row in rows[1:]]
    assert broken == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
def test_the_mark_of_the_encoding_is_no_part_of_the_first_column(encoding: str, tmp_path: Path) -> None:
    path = write(tmp_path / "notes.csv", "text,id\nçöl,1\n".encode(encoding))
    assert texts(path) == ["çöl"]


def test_a_spreadsheets_own_line_about_the_delimiter_is_believed(tmp_path: Path) -> None:
    assert texts(write(tmp_path / "notes.csv", "sep=|\nid|text\n1|a,b\n")) == ["a,b"]


def test_bytes_that_are_no_utf_8_cost_single_characters(tmp_path: Path) -> None:
    assert texts(write(tmp_path / "notes.csv", b"text\ncaf\xe9 \xff!\nnext\n")) == ["caf\ufffd \ufffd!", "next"]


def test_nul_bytes_are_left_out_and_the_row_is_kept(tmp_path: Path) -> None:
    mentions, _ = read(write(tmp_path / "notes.csv", b"id,text,author\n1\0,a\0b,m\0ia\n"))
    assert [(one.native_id, one.text, one.author) for one in mentions] == [("1", "ab", "mia")]


def test_a_long_cell_is_kept_whole(tmp_path: Path) -> None:
    long = "words " * 50_000
    assert texts(write(tmp_path / "notes.csv", f'id,text\n1,"{long}"\n')) == [long]


def test_columns_without_words_are_named_with_the_way_out(tmp_path: Path) -> None:
    path = write(tmp_path / "notes.csv", "ref:what\n1:hello\n")
    with pytest.raises(BadSource) as caught:
        read(path)
    assert "ref:what" in str(caught.value)
    assert "map = { text =" in str(caught.value)
    assert texts(path, map={"text": "ref:what"}) == ["1:hello"]


def test_a_bad_row_is_named_by_file_and_row_and_its_neighbours_stay(tmp_path: Path) -> None:
    path = write(tmp_path / "notes.csv", "id,text\n1,one\n2,two,too many\n3,\n4,four\n")
    mentions, broken = read(path)
    assert [one.text for one in mentions] == ["one", "four"]
    assert [one.where for one in broken] == ["notes.csv:3", "notes.csv:4"]
    assert "3 cells, the header has 2" in broken[0].reason
    assert broken[0].sample.startswith("2,two")


def test_a_quote_that_is_never_closed_swallows_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "notes.csv", 'id,text\n1,one\n2,"two\n3,three\n4,four\n')
    mentions, broken = read(path)
    assert [one.text for one in mentions] == ["one", "three", "four"]
    assert [one.sample for one in broken] == ['2,"two\n']


def test_a_quote_that_closes_rows_later_gives_back_what_it_swallowed(tmp_path: Path) -> None:
    path = write(tmp_path / "notes.csv", 'id,text\n1,"one\n2,two\n3,three" no,x\n4,four\n')
    mentions, _ = read(path)
    assert [one.text for one in mentions if one.native_id in "24"] == ["two", "four"]


def test_an_unclosed_quote_before_very_many_rows_gives_them_back(tmp_path: Path) -> None:
    rows = "".join(f"{number},{'x' * 90}\n" for number in range(40_000))
    assert len(rows) > ROW_LIMIT
    mentions, broken = read(write(tmp_path / "notes.csv", f'id,text\nbad,"oh\n{rows}'))
    assert len(mentions) == 40_000
    assert len(broken) == 1


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_line_without_end_costs_itself_alone(quote: str, ending: str, tmp_path: Path) -> None:
    good = "1,good\n" if ending == "csv" else '{"text": "good"}\n'
    path = tmp_path / f"notes.{ending}"
    with path.open("w") as stream:
        stream.write("id,text\n" if ending == "csv" else good)
        stream.write(f"1,{quote}")
        for _ in range(5):
            stream.write("x" * ROW_LIMIT)
        stream.write(f"{quote}\n{good}")
    mentions, broken = read(path)
    assert mentions[-1].text == "good"
    assert len(broken) == 1
    assert "too long" in broken[0].reason
    assert len(broken[0].sample) == 200


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"text": NaN}', "NaN"),
        ('{"text": -Infinity}', "Infinity"),
        ('{"text": "x", "n": ' + "9" * 5_000 + "}", "digits"),
        ("[" * 100_000, "nested deeper"),
        ('{"text": ' + "[" * 40 + "]" * 40 + "}", "nested deeper"),
        ("[1, 2]", "no JSON object"),
        ('"words"', "no JSON object"),
        ("{oops", "not JSON"),
        ('{"text": null}', "no words"),
        ('{"text": {"a": 1}}', "no words"),
        ("{}", "No column holds the words"),
    ],
)
def test_a_json_line_that_cannot_be_read_costs_itself_alone(line: str, reason: str, tmp_path: Path) -> None:
    path = write(tmp_path / "notes.jsonl", f'{{"text": "one"}}\n{line}\n\n{{"text": "two"}}\n')
    mentions, broken = read(path)
    assert [one.text for one in mentions] == ["one", "two"]
    assert [one.where for one in broken] == ["notes.jsonl:3"]
    assert reason in broken[0].reason


def test_numbers_and_letters_that_no_database_takes_are_harmless(tmp_path: Path) -> None:
    record = '{"id": 9999999999999999999, "text": "a\\ud800b\\u0000", "likes": 1e300, "shares": 99999999999999999999}'
    (one,), _ = read(write(tmp_path / "notes.jsonl", record))
    assert (one.text, one.likes, one.shares, one.native_id) == ("ab", None, None, "9999999999999999999")


def test_one_long_json_list_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match="one JSON object per line"):
        read(write(tmp_path / "notes.json", '[{"text": "one"}]'))


def test_a_spreadsheet_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match="Save it as CSV"):
        read(write(tmp_path / "notes.csv", b"PK\x03\x04" + b"\0" * 99))


def test_a_file_that_is_no_text_is_refused_without_printing_its_bytes(tmp_path: Path) -> None:
    with pytest.raises(BadSource) as refused:
        read(write(tmp_path / "notes.csv", b"\x07\x1b]0;x\x1b\\\xff\xfe\x01\x02\n\x03\x04\n"))
    assert str(refused.value) == "notes.csv is not a text file. Save it as CSV, JSONL or mbox."


@pytest.mark.parametrize(
    ("content", "text"),
    [("text,id\nwords,1\n", "words"), ('{"text": "words"}\n', "words"), ("From a\nSubject: words\n\n", "words")],
)
def test_a_file_without_a_telling_name_is_known_by_its_start(content: str, text: str, tmp_path: Path) -> None:
    assert texts(write(tmp_path / "notes", content)) == [text]
    assert texts(write(tmp_path / "notes.gz", gzip.compress(content.encode()))) == [text]


MBOX = b"""From mia@x.example Fri Nov 20 08:00:00 2026
From: =?utf-8?q?M=C3=ADa?= <mia@x.example>
Subject: =?utf-8?b?xaBwYXRuw6E=?= lampa
Date: Fri, 20 Nov 2026 09:00:00 +0100
Message-ID: <1@x.example>
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/html; charset=utf-8

<p>It <b>exploded</b>.</p>
--b
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

It exploded, caf=E9.
>From then on it was dark.
--b--

From jo@x.example Fri Nov 20 09:00:00 2026
From: jo@x.example
Content-Type: text/html; charset=no-such-charset

<p>Only &amp; only HTML</p><script>no()</script>

From nobody
Content-Type: application/pdf

JVBERi0=
"""


def test_mails_are_read_with_their_words_people_and_dates(tmp_path: Path) -> None:
    mentions, broken = read(write(tmp_path / "mails.mbox", MBOX))
    first, second = mentions
    assert (first.native_id, first.author, first.author_name) == ("1@x.example", "mia@x.example", "Mía")
    assert (first.title, first.text) == ("Špatná lampa", "It exploded, café.\nFrom then on it was dark.")
    assert first.published_at is not None
    assert first.published_at.isoformat() == "2026-11-20T08:00:00+00:00"
    assert second.text == "Only & only HTML"
    assert all(one.private for one in mentions)
    assert [one.where for one in broken] == ["mails.mbox:4"]


@pytest.mark.parametrize(
    "head",
    [  # each of these makes the mail parser of Python 3.11 raise another kind of error; later ones read some of them
        "Content-Transfer-Encoding: (charset=?utf-8?b?\nFrom: multipart/mixed.<",
        "Content-Type: =GMT\nFrom: *0\t\n @[''(",
        'Message-ID: -=?utf-8?q?-1;"\nFrom: =?*0aé,\t.)',
    ],
)
def test_a_mail_that_breaks_the_parser_costs_itself_alone(head: str, tmp_path: Path) -> None:
    path = write(tmp_path / "mails.mbox", f"From x\n{head}\n\nbody\n\nFrom y\nSubject: last\n\nwords\n")
    mentions, broken = read(path)
    assert mentions[-1].text == "words"
    assert len(mentions) + len(broken) == 2
    assert all("cannot be read as a mail" in one.reason for one in broken)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_no_mail_stops_an_archive(mail: bytes) -> None:
    path = Path(os.environ["PYTEST_MAILS"]) / "mails.mbox"
    path.write_bytes(b"From x\n" + mail + b"\n\nFrom y\nSubject: last\n\nwords\n")
    assert "words" in texts(path)[-1]


@pytest.fixture(autouse=True)
def mails_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_MAILS", str(tmp_path))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200), st.sampled_from(["csv", "jsonl", "mbox"]))
def test_no_content_makes_any_other_error_than_a_bad_source(content: str, ending: str) -> None:
    path = Path(os.environ["PYTEST_MAILS"]) / f"any.{ending}"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    with suppress(BadSource):
        mentions, broken = read(path, map={"text": "text"})
        assert all(one.text.strip() and one.native_id for one in mentions)
        assert all(one.reason and len(one.sample) <= 200 for one in broken)


def test_a_damaged_archive_gives_what_stands_before_the_damage(tmp_path: Path) -> None:
    lines = "".join(json.dumps({"id": number, "text": os.urandom(30).hex()}) + "\n" for number in range(5_000))
    packed = gzip.compress(lines.encode())
    mentions, broken = read(write(tmp_path / "notes.jsonl.gz", packed[: len(packed) // 2]))
    assert len(mentions) > 1_000
    assert "damaged" in broken[-1].reason


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
def test_chunks_tell_how_far_they_are_and_can_be_entered_anywhere(ending: str, tmp_path: Path) -> None:
    content = ("id,text\n" + "".join(f"{number},words\n" for number in range(1_001))).encode()
    path = write(tmp_path / f"notes.{ending}", gzip.compress(content) if ending.endswith("gz") else content)
    chunks = list(read_file(path, Settings("")))
    assert [len(chunk.items) for chunk in chunks] == [CHUNK] * 5 + [1]
    assert [chunk.rows for chunk in chunks] == [200, 400, 600, 800, 1_000, 1_001]
    assert all(0 < chunk.bytes_read <= chunk.total_bytes for chunk in chunks)
    assert chunks[-1].bytes_read == chunks[-1].total_bytes == path.stat().st_size
    rest = [item for chunk in read_file(path, Settings(""), start=400) for item in chunk.items]
    assert rest == [item for chunk in chunks[2:] for item in chunk.items]


@pytest.mark.long
@pytest.mark.parametrize("name", ["notes.csv", "notes.jsonl", "mails.mbox"])
def test_memory_does_not_grow_with_the_file(name: str, tmp_path: Path) -> None:
    words = "words " * 800
    row = {
        "notes.csv": f"1,{words}\n",
        "notes.jsonl": json.dumps({"text": words}) + "\n",
        "mails.mbox": f"From x\nSubject: words\n\n{words}\n\n",
    }[name]
    path = write(tmp_path / name, "id,text\n" * (name == "notes.csv") + row * 2_000)
    tracemalloc.start()
    try:
        for chunk in read_file(path, Settings("")):
            assert len(chunk.items) <= CHUNK
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < path.stat().st_size / 2


def test_the_same_words_without_an_id_are_the_same_mention(tmp_path: Path) -> None:
    before, _ = read(write(tmp_path / "a.csv", "text,author,likes\nhello,mia,1\nhello,jo,1\n"))
    after, _ = read(write(tmp_path / "b.csv", "likes,author,text\n99,mia,hello\n"))
    assert before[0].native_id == after[0].native_id != before[1].native_id


async def poll_all(
    source: FileSource, cursor: str | None, limit: int = CHUNK
) -> tuple[list[str], list[Broken], str | None]:
    found: list[str] = []
    broken: list[Broken] = []
    for _ in range(50):
        page = await source.poll(cursor, CHUNK)
        found += [item.text for item in page.items if isinstance(item, RawMention)]
        broken += [item for item in page.items if isinstance(item, Broken)]
        cursor = page.cursor
        if not page.more:
            return found, broken, cursor
    raise AssertionError("never done")


async def test_files_are_read_oldest_first_and_only_those_that_are_whole_and_ours(tmp_path: Path) -> None:
    folder, outside = tmp_path / "in", tmp_path / "secret.csv"
    folder.mkdir()
    write(outside, "text\noutside\n")
    for number, name in enumerate(["b.csv", "a.csv", ".hidden.csv", "c.csv.part", "d.csv.tmp", "e.doc"]):
        os.utime(write(folder / name, f"text\n{name}\n"), (number, number))
    (folder / "link.csv").symlink_to(outside)
    (folder / "dangling.csv").symlink_to(tmp_path / "nothing")
    (folder / "below.csv").mkdir()
    os.mkfifo(folder / "pipe.csv")
    found, broken, _ = await poll_all(FileSource("one", Settings(str(folder), pattern="*.csv")), None)
    assert found == ["b.csv", "a.csv"]
    assert broken == []


async def test_a_file_that_grows_is_read_on_and_a_half_written_row_is_read_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "notes.csv", "id,text\n" + "".join(f"{number},old\n" for number in range(500)) + "500,ha")
    os.utime(path, (1, 1))
    source = FileSource("one", Settings(str(tmp_path)))
    found, _, cursor = await poll_all(source, None)
    assert len(found) == 501
    with path.open("a") as stream:
        stream.write("lf\n501,new\n")
    found, _, cursor = await poll_all(source, cursor)
    assert found == ["half", "new"]
    assert (await poll_all(source, cursor))[0] == []


@pytest.mark.parametrize("content", ["text\nother one\nother two\nother three\nother four\n", "text\nshort\n"])
async def test_a_file_that_was_replaced_is_read_anew(content: str, tmp_path: Path) -> None:
    path = write(tmp_path / "notes.csv", "text\nfirst one\nfirst two\n")
    source = FileSource("one", Settings(str(tmp_path)))
    _, _, cursor = await poll_all(source, None)
    write(path, content)
    found, _, _ = await poll_all(source, cursor)
    assert found == content.split("\n")[1:-1]


async def test_a_file_that_makes_no_sense_is_told_once_and_stops_no_other(tmp_path: Path) -> None:
    os.utime(write(tmp_path / "a.csv", "ref,what\n1,hello\n"), (1, 1))
    write(tmp_path / "b.csv", "text\nwords\n")
    source = FileSource("one", Settings(str(tmp_path)))
    found, broken, cursor = await poll_all(source, None)
    assert found == ["words"]
    assert [one.where for one in broken] == ["a.csv"]
    assert await poll_all(source, cursor) == ([], [], cursor)


async def test_a_share_that_is_empty_for_a_moment_gives_nothing_twice(tmp_path: Path) -> None:
    folder, away = tmp_path / "in", tmp_path / "away"
    folder.mkdir()
    for name in "abc":
        os.utime(write(folder / f"{name}.csv", f"text\n{name}\n"), (1, 1))
    source = FileSource("one", Settings(str(folder)))
    _, _, cursor = await poll_all(source, None)
    folder.rename(away)
    folder.mkdir()
    found, _, cursor = await poll_all(source, cursor)
    (away / "b.csv").rename(folder / "b.csv")
    assert (await poll_all(source, cursor))[0] == found == []
    (away / "a.csv").rename(folder / "a.csv")
    assert (await poll_all(source, cursor))[0] == []


async def test_the_cursor_remembers_only_so_many_files_that_are_gone(tmp_path: Path) -> None:
    write(tmp_path / "notes.csv", "text\nwords\n")
    cursor = json.dumps({f"{number}.csv": {"old": True} for number in range(3_000)})
    _, _, after = await poll_all(FileSource("one", Settings(str(tmp_path))), cursor)
    kept = json.loads(after or "")
    assert len(kept) == 1_001
    assert {"notes.csv", "2999.csv"} <= kept.keys()


HALVES = [
    ("a.csv", "id,text\n1,one\n", "2,tw", "o\n"),
    ("a.csv", "id,text\n1,one\n", '2,"tw\n', 'o"\n'),
    ("a.csv", "id,text\n1,one\n", '2,"t\nw', 'o"\n'),
    ("a.csv", "", "id,te", "xt\n2,two\n"),
    ("a.csv", "", "i", "d,text\n2,two\n"),
    ("a.jsonl", '{"text": "one"}\n', '{"text": "t', 'wo"}\n'),
    ("a.jsonl", '{"text": "one"}\n', "7", '\n{"text": "two"}\n'),
]


@pytest.mark.parametrize(("name", "whole", "half", "rest"), HALVES)
async def test_a_row_that_is_being_written_waits_for_its_end(
    name: str, whole: str, half: str, rest: str, tmp_path: Path
) -> None:
    path, clock = tmp_path / name, [datetime.now(UTC)]
    source = FileSource("one", Settings(str(tmp_path)), lambda: clock[0])
    write(path, whole + half)
    found, broken, cursor = await poll_all(source, None)
    assert found == ["one"] * bool(whole)
    assert broken == []
    write(path, whole + half + rest)
    found, broken, cursor = await poll_all(source, cursor)
    assert "".join(found[-1].split()) == "two"
    assert len(broken) == (half == "7")
    clock[0] += timedelta(minutes=2)
    assert (await poll_all(source, cursor))[:2] == ([], [])


@pytest.mark.parametrize("is_packed", [False, True])
async def test_a_last_row_that_gets_no_end_is_read_after_a_minute(is_packed: bool, tmp_path: Path) -> None:
    content = b"id,text\n1,one\n2,two"
    write(tmp_path / f"a.csv{'.gz' * is_packed}", gzip.compress(content) if is_packed else content)
    clock = [datetime.now(UTC)]
    source = FileSource("one", Settings(str(tmp_path)), lambda: clock[0])
    found, _, cursor = await poll_all(source, None)
    assert found == ["one"]
    assert (await poll_all(source, cursor))[0] == []
    clock[0] += timedelta(minutes=2)
    found, _, cursor = await poll_all(source, cursor)
    assert found == ["two"]
    assert (await poll_all(source, cursor))[0] == []


async def test_what_is_added_to_a_file_that_is_being_written_is_news(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text\none\n")
    source = FileSource("one", Settings(str(tmp_path)))
    first = await source.poll(None, CHUNK)
    assert first.is_backlog
    _, _, cursor = await poll_all(source, first.cursor)
    with path.open("a") as stream:
        stream.write("two\n")
    page = await source.poll(cursor, CHUNK)
    assert page.items
    assert not page.is_backlog


async def test_a_folder_that_is_not_there_is_an_error_with_the_way_out(tmp_path: Path) -> None:
    source = FileSource("one", Settings(str(tmp_path / "nowhere")))
    with pytest.raises(Transient, match="correct `folder`"):
        await source.poll(None, 10)
    write(tmp_path / "file", "")
    with pytest.raises(BadSource):
        await FileSource("one", Settings(str(tmp_path / "file"))).check()
