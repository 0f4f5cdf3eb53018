"""What somebody wrote stays what it is, whatever Discord would make of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chats.discord.wording import address, escape, escaped_length, fenced, line, masked, ours, quoted, readable
from bot.chats.wording import literal, measure
from handlers.rules.text import Text
from tests.bot.chats.discord.drawn import ATTACKS, WORDS
from tests.bot.chats.discord.markdown import AWAKE, alive, kinds, read
from tests.hostile import bare_texts, texts

SOME = settings(max_examples=30, deadline=None)


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_that_somebody_wrote_comes_alive(attack: str) -> None:
    for words in (attack, f"so {attack} it was", f"line\n{attack}\n  {attack} line", attack * 2):
        whole = literal(words, 3_000)
        assert alive(escape(whole)) == set(), whole
        assert read(escape(whole)) == whole


@SOME
@given(st.lists(st.sampled_from(ATTACKS) | st.text(alphabet="*_~|`[]()<>@#:/\\-+.1 \na&!", max_size=12)).map("".join))
def test_escaping_leaves_nothing_alive(words: str) -> None:
    whole = literal(words, 3_000)
    safe = escape(whole)
    assert alive(safe) == set()
    assert read(safe) == whole
    assert measure(safe) <= escaped_length(whole)
    assert not AWAKE.search(safe)


def test_the_adversarial_texts_stay_words() -> None:
    for name, words in {**texts(), **bare_texts()}.items():
        whole = literal(words, 600)
        assert alive(escape(whole)) == set(), name
        assert read(escape(whole)) == whole, name


def test_names_and_plain_sentences_stay_readable_as_they_are_sent() -> None:
    for words in ("kim_w said it at 9:30.", "#142 is yours now.", "-", "reach 12,400 · 4.5 of 5", "snake_case_name"):
        assert readable(escape(words)).replace("\\-", "-") == words


def test_an_address_is_shown_and_leads_nowhere() -> None:
    assert escape("see https://evil.example/a_b") == "see https\\://evil.example/a\\_b"
    assert escape("discord.gg/abc") == "discord.gg\\/abc"
    assert "link" not in kinds(escape("[a](https://evil.example) <https://evil.example> <mailto:a@evil.example>"))


@SOME
@given(WORDS, st.integers(4, 300))
def test_parts_of_a_heading_keep_to_their_limit(words: str, limit: int) -> None:
    shown = line(words, limit)
    assert measure(shown) <= limit
    assert "\n" not in shown
    assert alive(shown) == set()


def test_a_name_with_an_underscore_begins_nothing_that_ends_in_an_address_or_in_code() -> None:
    for ends in (masked("Open", "a.example", "https://a.example/Foo_(bar)"), ours("Type `mute @jo_` now.", 100)):
        assert kinds(f"{escape('snake_case')} {ends}") <= {"link", "code"}
        assert kinds(readable(f"{escape('snake_case')} {ends}")) <= {"link", "code"}


def test_what_is_to_be_typed_is_code() -> None:
    assert ours("Type `claim 142` now.", 100) == "Type `/earshot claim case:142` now."
    assert alive(ours("`a` and *b*: `/earshot show 1`", 100)) == {
        ("code", "`a`"),
        ("code", "`/earshot show case:1`"),
    }


def test_what_could_come_to_life_without_its_marks_is_no_code() -> None:
    for words in ("`https://evil.example`", "`@everyone`", "`<@1>`"):
        assert AWAKE.search(ours(words, 100)) is None
        assert alive(ours(words, 100)) == set()


@SOME
@given(st.lists(st.sampled_from(("`", "``", "```", "`a`", "a", " ", "\n", "\\", "*b*", "<@1>", "\n> q"))).map("".join))
def test_loose_backticks_open_nothing(words: str) -> None:
    assert kinds(ours(words, 500)) <= {"code"}
    assert measure(ours(words, 40)) <= 40


def test_backticks_that_could_be_read_in_two_ways_are_backticks() -> None:
    for words in ("`a``b`", "``a``", "`a\nb`", "` `"):
        assert alive(ours(words, 100)) == set()
        assert read(ours(words, 100)).strip() == words


@SOME
@given(WORDS, st.integers(10, 900))
def test_a_quote_has_a_bar_beside_every_line(words: str, limit: int) -> None:
    shown = quoted(Text(words), limit)
    assert measure(shown) <= limit
    assert all(each.startswith("> ") for each in shown.split("\n")) or not shown
    assert kinds(shown) <= {"quote"}


def test_a_quote_that_was_cut_ends_in_dots() -> None:
    assert quoted(Text("It broke", is_cut=True), 100) == "> It broke…"
    assert read(quoted(Text("*" * 700), 600, 1_800)) == f"> {'*' * 599}…"


@SOME
@given(
    st.lists(st.sampled_from(("`", "``", "```", "````", "a", "\n", "```js\n", "\\`", "\u200b`", "x" * 50))).map("".join)
)
def test_no_words_close_the_block_that_they_are_to_be_copied_from(words: str) -> None:
    blocks, is_all = fenced(Text(words), 400, 120)
    assert is_all == (len("".join(blocks)) < 400 + len(blocks) * 8 and not "".join(blocks).endswith("…\n```"))
    for block in blocks:
        assert measure(block) <= 120
        assert alive(block) == {("block", block)}


def test_what_is_to_be_copied_is_there_to_the_letter() -> None:
    reply = "Hello *Kim*,\n\nsee https://shop.example/a_b or write to @heron <3 `now`."
    assert fenced(Text(reply), 5_000, 4_096) == ([f"```\n{reply}\n```"], True)
    parts, is_all = fenced(Text("We are sorry. " * 400), 6_000, 4_096)
    assert is_all
    assert len(parts) == 2
    assert "".join(part[4:-4] for part in parts).strip() == ("We are sorry. " * 400).strip()
    assert not fenced(Text("sorry " * 2_000), 5_000, 4_096)[1]


def test_a_link_says_where_it_leads() -> None:
    assert (
        masked("Open", "social.example", "https://social.example/1")
        == "[Open: social.example](https://social.example/1)"
    )
    assert masked("O](x)[", "a.example", "https://a.example/(b)") == "[O)(x)(: a.example](https://a.example/%28b%29)"
    assert masked("Open", "bank.example", "javascript:alert(1)") == "Open: bank.example"
    assert masked("", "", "https://a.example/") == "[link](https://a.example/)"


def test_an_address_is_plain_ascii_or_nothing() -> None:
    assert address("https://a.example/ä?q=[1]&r=%20#f") == "https://a.example/%C3%A4?q=%5B1%5D&r=%20#f"
    assert address("https://münchen.example:8443/") == "https://xn--mnchen-3ya.example:8443/"
    assert address("https://https:/x") == "https://https:/x"
    for bad in ("javascript:1", "https://good.example@evil.example/", "", "https://a b.example/"):
        assert address(bad) == ""
