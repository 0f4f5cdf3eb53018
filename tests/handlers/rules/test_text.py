import csv
import html
import io
import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from handlers.rules.text import (
    clean,
    comparable,
    copy_key,
    csv_cell,
    from_html,
    host_of,
    normalise,
    safe_url,
    shingle_keys,
    shown,
)

HOSTILE = {
    "control": "".join(map(chr, range(0x20))) + "".join(map(chr, range(0x7F, 0xA0))),
    "nul": "refund\0now",
    "lone surrogate": "refund \ud83d now \udc00",
    "bidi override": "pay \u202egnp.exe\u202c \u2066x\u2069 \u200fnow",
    "zero width": "re\u200bfu\u200cnd\u2060 \ufeffno\u00adw",
    "hidden tags": "hello" + "".join(chr(0xE0000 + ord(letter)) for letter in "ignore all"),
    "zalgo": "".join(letter + "\u0336\u0321\u0322\u031b" * 40 for letter in "refund"),
    "a megabyte": "refund now " * 100_000,
    "a megabyte of marks": "a" + "\u0301" * 1_000_000,
    "a megabyte of joiners": "\u200d" * 1_000_000,
    "a family of emoji without end": "\U0001f468\u200d" * 10_000,
    "html": '<script>alert(1)</script><img src=x onerror="alert(1)">&lt;b&gt;&#0;&#xD800;&#99999999999999;',
    "unclosed html": "<div " * 5_000 + "<!--" * 5_000 + "<![CDATA[" * 500,
    "mrkdwn": "<!channel> <@U123> <!subteam^S1> <https://evil.example|example.com> ```x``` *b* ~s~ `c`",
    "ansi": "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b]8;;http://evil.example\x1b\\here \x1bc \x1b[",
    "formula": '=HYPERLINK("http://evil.example","x")',
    "line ends": "a\r\nb\rc\vd\fe\x85f\u2028g\u2029h" + "\n" * 1_000,
    "entity bomb": "&" * 100_000 + "&amp;" * 10_000 + "&#" + "9" * 10_000,
    "nothing": "",
}
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def outputs(text: str) -> list[str]:
    """What every function here makes of it."""
    made = [clean(text), normalise(text), shown(text).words, from_html(text), safe_url(text), host_of(text)]
    return [*made, csv_cell(clean(text)), comparable(text), copy_key(text), *shingle_keys(text)]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_comes_out_storable_by_every_door(text: str) -> None:
    for output in outputs(text):
        output.encode()
        assert not CONTROL.search(output.removeprefix("'"))


@given(ANY_TEXT)
@settings(max_examples=300)
def test_any_text_comes_out_storable_by_every_door(text: str) -> None:
    for output in outputs(text):
        output.encode()
        assert not CONTROL.search(output)


@given(ANY_TEXT)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


def test_clean_keeps_what_was_written() -> None:
    assert clean("a\tb\r\nc \u202ed\u200b") == "a\tb\nc \u202ed\u200b"
    assert clean("lost \ud83d bag \ud83d\ude21") == "lost \ufffd bag \U0001f621"
    assert clean("\x1b[31mred\x1b[0m\0") == "red"
    assert clean("a\rb\fc\x85d") == "a\nb\nc\nd"


def test_clean_cuts_to_the_limit() -> None:
    assert clean("ab" * 50_000) == "ab" * 10_000
    assert clean("\0" * 5 + "refund", 6) == "refund"


@given(ANY_TEXT)
@settings(max_examples=500)
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(ANY_TEXT, ANY_TEXT)
def test_a_text_is_normalised_as_its_neighbours_are(first: str, second: str) -> None:
    """Runs are folded apart, so a blank between two texts must part them entirely."""
    assert normalise(f"{first} {second}") == f"{normalise(first)} {normalise(second)}".strip()


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("L\u2019Or\u00e9al  PARIS\n", "l'oreal paris"),
        ("Lore\u0301al", "loreal"),
        ("STRASSE stra\u00dfe", "strasse strasse"),
        ("\u0130stanbul", "istanbul"),
        ("\ufb01ne \uff21\uff22 \U0001d5d4", "fine ab a"),
        ("\u201cquoted\u201d \u00abso\u00bb", '"quoted" "so"'),
        ("coca\u2011cola", "coca-cola"),
        ("un\u200bit\u00aded\u202e", "united"),
        ("\uff03tag \uff20name", "#tag @name"),
        ("\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", "\u03c3\u03b9\u03c3\u03c5\u03c6\u03bf\u03c3"),
        ("a\0b \x01 c", "ab c"),
        ("\u2764\ufe0f", "\u2764"),
        ("\u1fb3", "\u03b1"),
    ],
)
def test_case_accents_quotes_and_hidden_characters_do_not_count(text: str, plain: str) -> None:
    assert normalise(text) == plain


@pytest.mark.parametrize(
    "pair", [("\u30d1\u30ea", "\u30d0\u30ea"), ("\uac00", "\uac01"), ("\u0939\u093f", "\u0939\u0940")]
)
def test_letters_of_other_scripts_are_not_taken_apart(pair: tuple[str, str]) -> None:
    first, second = map(normalise, pair)
    assert first not in second
    assert second not in first


def test_shown_takes_out_what_cannot_be_seen_and_says_so() -> None:
    made = shown("pay\u202e \u200bnow\0 \x1b[31mplease\x1b[0m")
    assert made.words == "pay now please"
    assert made.had_hidden
    assert not made.is_cut
    assert not shown("pay now,\r\nplease").had_hidden


@given(ANY_TEXT)
def test_nothing_invisible_is_shown(text: str) -> None:
    assert not INVISIBLE.search(shown(text).words)


@pytest.mark.parametrize(
    "sequence",
    [
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\u2764\ufe0f\u200d\U0001f525",
        "1\ufe0f\u20e3",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\U0001f44d\U0001f3fd",
    ],
)
def test_emoji_and_scripts_that_need_joiners_stay_whole(sequence: str) -> None:
    assert shown(f"so {sequence} yes").words == f"so {sequence} yes"
    assert not shown(sequence).had_hidden


def test_hidden_letters_behind_a_word_are_not_shown() -> None:
    assert shown(HOSTILE["hidden tags"]).words == "hello"


def test_piled_marks_are_limited() -> None:
    words = shown(HOSTILE["zalgo"]).words
    assert len(words) == len("refund") * 5
    assert [letter for letter in words if not unicodedata.combining(letter)] == list("refund")


def test_empty_lines_are_collapsed() -> None:
    assert shown("a\n\n\n \t\n\nb\nc\n\nd").words == "a\n\nb\nc\n\nd"


def test_shown_is_cut_where_a_visible_character_ends() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    made = shown(f"abc{family}d", 6)
    assert made.words == "abc"
    assert made.is_cut
    assert shown(f"abc{family}", 8).words == f"abc{family}"
    assert not shown(f"abc{family}", 8).is_cut


def test_a_character_longer_than_the_card_is_broken() -> None:
    assert len(shown(HOSTILE["a family of emoji without end"], 50).words) == 50


@pytest.mark.parametrize("name", ["a megabyte", "a megabyte of marks", "a megabyte of joiners"])
def test_a_megabyte_is_cut(name: str) -> None:
    made = shown(HOSTILE[name])
    assert made.is_cut
    assert len(made.words) <= 600


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("<p>Lost <b>bag</b></p><p>again</p>", "Lost bag\n\nagain"),
        ("one<br>two<BR/>three", "one\ntwo\nthree"),
        ("<ul><li>a<li>b</ul>c", "a\nb\n\nc"),
        ("<table><tr><td>late</td><td>3</td></tr></table>", "late 3"),
        ("a<script>if (a<b) alert('x')</script><style>p{}</style>b", "ab"),
        ("x &amp;amp; y &amp;lt;b&gt; <i>z</i>", "x &amp; y &lt;b> z"),
        ("no tags &amp; a line\nend &lt;3", "no tags & a line\nend <3"),
        ("<p>3 < 4 &#8364; &eacute;</p>", "3 < 4 \u20ac \u00e9"),
        ("<p>a\n  b</p>", "a b"),
        ("<!-- hidden --><a href='javascript:x'>link</a>", "link"),
        ("&#0;&#1;&#xD800;<p>", "\ufffd\ufffd"),
        ("<p>late\ud800\x1b[1m</p>", "late\ufffd"),
        ("<p>late&#13;again</p>", "late\nagain"),
        ("<title>hidden</title><noscript>hidden</noscript><template>hidden</template>seen", "seen"),
    ],
)
def test_html_becomes_its_words(markup: str, words: str) -> None:
    assert re.sub(r"\n+", "\n", from_html(markup)) == re.sub(r"\n+", "\n", words)


def test_html_is_read_up_to_a_limit() -> None:
    assert from_html("<p>" + "ab" * 150_000) == ("ab" * 100_000)[:-3]


@given(st.text(st.sampled_from("ab&<>;#\"' x\n\ue000"), max_size=40))
def test_entities_are_decoded_exactly_once(text: str) -> None:
    expected = " ".join(text.replace("\ue000", "\ufffd").split())
    assert " ".join(from_html(f"<p>{html.escape(text)}</p>").split()) == expected


@pytest.mark.parametrize(
    "unit", ["<div>", "</p><div>", "<x></y>", "<b id={}>", "<table><td>", "<a x{}=1 ", "<script><", "&"]
)
def test_hostile_html_is_not_parsed_in_one_go(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser is quadratic in nested tags and in loose ampersands, so no call may get many of them."""
    pieces: list[str] = []

    def keeping(piece: str, **_: object) -> str:
        pieces.append(piece)
        return ""

    monkeypatch.setattr("handlers.rules.text.nh3.clean", keeping)
    from_html("<p>" + "".join(unit.format(number) for number in range(200_000 // len(unit))))
    assert max(piece.count("<") for piece in pieces) <= 500
    assert not any("&" in piece for piece in pieces)
    assert sum(map(len, pieces)) <= 400_000


def test_a_long_document_keeps_all_its_words_and_no_script() -> None:
    block = "<p>word <b>bold</b></p><script>if (a < b && c > d) evil()</script>"
    words = from_html(block * 2_000)
    assert words.split() == ["word", "bold"] * 2_000


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.com/a?b=c#d", "example.com"),
        ("HTTP://Example.COM:8080/", "example.com"),
        ("https://\u0430pple.com/x", "xn--pple-43d.com"),
        ("https://fa\u00df.de", "xn--fa-hia.de"),
        ("https://\uff45xample\u3002com/", "example.com"),
        ("https://example.com./", "example.com"),
        ("http://[2001:db8::1]/x", "[2001:db8::1]"),
        ("https://\u1f8e.example/", "xn--uxa190l.example"),
        ("https://stra\u00dfe.example/", "xn--strae-oqa.example"),
        ("  https://example.com ", "example.com"),
    ],
)
def test_a_safe_address_is_kept_and_its_host_shown(url: str, host: str) -> None:
    assert safe_url(url) == re.sub("^HTTP:", "http:", url.strip())
    assert host_of(url) == host


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "JAVASCRIPT://example.com/%0aalert(1)",
        "data:text/html,x",
        "ftp://example.com/",
        "//example.com/",
        "/local",
        "https:///path",
        "https://user:secret@example.com/",
        "https://example.com@evil.example/",
        "https://example.com\\@evil.example/",
        "https://exa mple.com/",
        "https://example.com/a\nb",
        'https://example.com/"onclick=x',
        "https://example.com/'x",
        "https://example.com/<b>",
        "https://example.com/\u202egnp",
        "https://example.com/\u200b",
        "https://exam\ufe0fple.com/",  # a browser goes to example.com
        "https://www.\u3164a.example/",
        "https://example.com:99999/",
        "https://exa%6dple.com/",
        "https://a..b/",
        "https://[::1",
        "https://[v1.x]/",
        "https://" + "a" * 64 + ".com/",
        "https://example.com/" + "a" * 5_000,
        "https://example.com/\ud800",
    ],
)
def test_any_other_address_is_dropped(url: str) -> None:
    assert safe_url(url) == ""
    assert host_of(url) == ""


@given(st.text(st.sampled_from("https:/@.\\?#[]%a\u0430 \n\"'<>\u202e1"), max_size=30))
def test_no_address_breaks_out(tail: str) -> None:
    url = safe_url("https://" + tail)
    assert not re.search(r"[\s\"'<>\\]", url)
    assert host_of(url).isascii()
    assert bool(url) == bool(host_of("https://" + tail))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "\0x", "\uff1d1"])
def test_a_formula_becomes_text(text: str) -> None:
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("fine;=1+1", "fine;'=1+1"),
        ("fine\t@SUM(1)", "fine\t'@SUM(1)"),
        ("fine\n-1+1", "fine\n'-1+1"),
        ('fine; "+1', "fine; \"'+1"),
        ("\u00a0=1+1", "'\u00a0=1+1"),
        ("wink ;-) and\n- a list", "wink ;-) and\n- a list"),
    ],
)
def test_no_part_of_a_cell_is_a_formula_where_a_semicolon_or_a_tab_parts_cells(text: str, cell: str) -> None:
    assert csv_cell(text) == cell


@given(ANY_TEXT.map(clean))
def test_no_cell_starts_a_formula(text: str) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerow([csv_cell(text)])
    assert next(csv.reader(io.StringIO(file.getvalue(), newline="")), [""])[0][:1] not in tuple("=+-@\t\r\0")


def test_harmless_cells_stay() -> None:
    assert csv_cell("a=1") == "a=1"
    assert csv_cell("") == ""


ORIGINAL = "The app exploded on my phone again, thanks for nothing!"


@pytest.mark.parametrize(
    "copy",
    [
        f"RT @nina: {ORIGINAL}",
        f"rt @nina RT @bo: {ORIGINAL}",
        f"{ORIGINAL} via @nina",
        f"@acme @other {ORIGINAL} https://t.example/abc",
        ORIGINAL.upper(),
        f"{ORIGINAL[:-1]}... \U0001f621",
        ORIGINAL.replace(" ", "\u200b \n"),
        f"www.example.com/x {ORIGINAL}",
    ],
)
def test_reposts_and_trivial_copies_share_their_key(copy: str) -> None:
    assert copy_key(copy) == copy_key(ORIGINAL) != ""
    assert re.fullmatch("[0-9a-f]{16}", copy_key(copy))


def test_different_words_have_different_keys() -> None:
    assert copy_key(ORIGINAL) != copy_key(ORIGINAL.replace("phone", "tablet"))


@pytest.mark.parametrize(
    "text",
    ["", "lost my bag", "@acme @bo lost my bag https://x.example", "\U0001f621" * 9, "\u3042\u308a\u304c\u3068\u3046"],
)
def test_too_few_words_have_no_key(text: str) -> None:
    assert copy_key(text) == ""
    assert shingle_keys(text) == ()


def test_keys_are_the_same_in_every_process() -> None:
    assert copy_key("One, two three four five") == "3e1da6133e7d53e7"
    assert shingle_keys(ORIGINAL) == ("2166b98a", "3ec40b3f", "52ab2016", "8694fba5")


def test_near_copies_share_a_shingle() -> None:
    words = [f"word{number}" for number in range(30)]
    shared = 0
    for place in range(30):
        changed = [*words[:place], "other", *words[place + 1 :]]
        shared += bool(set(shingle_keys(" ".join(words))) & set(shingle_keys(" ".join(changed))))
    assert shared >= 29
    assert len(shingle_keys(" ".join(words))) == 4


def test_strangers_share_no_shingle() -> None:
    assert not set(shingle_keys(ORIGINAL)) & set(shingle_keys("My luggage went to another city without me, great work"))


def test_unspaced_scripts_have_keys() -> None:
    text = "\u65b0\u3057\u3044\u30a2\u30d7\u30ea\u304c\u307e\u305f\u843d\u3061\u305f\u3001\u6700\u60aa\u3067\u3059"
    assert copy_key(text) == copy_key(f"RT @nina: {text} https://t.example/a") != ""
    assert len(shingle_keys(text)) == 4


def test_comparable_is_the_bare_words() -> None:
    assert comparable("RT @nina: The #App isn't here \u2013 https://x.example/a?b") == "the app isn t here"


@given(st.text(alphabet="ab @_.,'-/:w\n\u00e9\u0301\u2019", max_size=40))
@example("a@b @c")
@example("@@a @b_c.d")
@example("via @a and rt @b")
def test_comparable_takes_the_short_ways_to_the_same_words(text: str) -> None:
    """Names are taken out by another expression where there is no link, and ASCII is cut without one."""
    plain = normalise(text)
    unnamed = re.sub(r"(?:https?://|www\.)\S+|(?<!\w)@\w+", " ", re.sub(r"^(?:rt @\w+:? ?)+|\bvia @\w+", " ", plain))
    assert comparable(text).split() == re.findall(r"\w+", unnamed)
