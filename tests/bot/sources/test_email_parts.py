"""What a mail says: words, sender, what kind of mail it is, however it lies."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.sources.email.body import Arrived
from bot.sources.email.mentions import mentions
from bot.sources.letters.parts import Letter, Nature, read_letter
from bot.sources.letters.words import own_words, unfolded
from handlers.ports import Broken
from storage.types import RawMention
from tests.mail.imapserver import AT, mail

OURS = frozenset({"care@lamp.example"})


def letter(text: str = "words", **heads: str) -> Letter:
    return read_letter(mail(1, text, **heads))


def given_by(raw: bytes, at: datetime | None = AT) -> list[RawMention | Broken]:
    return mentions(Arrived(9, at, raw), OURS)


def only(raw: bytes, at: datetime | None = AT) -> RawMention:
    [found] = given_by(raw, at)
    assert isinstance(found, RawMention)
    return found


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("utf-8", "Kaputt – Größe 3".encode()),
        ("iso-8859-1", "Kaputt – Größe 3".encode()),  # says Latin, is UTF-8
        ("us-ascii", "Kaputt – Größe 3".encode()),
        ("utf-8", "Kaputt – Größe 3".encode("cp1252")),  # says UTF-8, is Windows
        ("windows-1252", "Kaputt – Größe 3".encode("cp1252")),
        ("x-unknown", "Kaputt – Größe 3".encode()),
        ("", "Kaputt – Größe 3".encode()),
    ],
)
def test_a_charset_that_lies_is_seen_through(charset: str, body: bytes) -> None:
    kind = f"text/plain; charset={charset}" if charset else ""
    assert read_letter(mail(1, "", Content_Type=kind) + body).text == "Kaputt – Größe 3"


def test_headers_are_decoded_and_their_names_cannot_pose_as_addresses() -> None:
    found = letter(
        Subject="=?utf-8?q?Gr=C3=B6=C3=9Fe?=\r\n =?utf-8?q?_3?=",
        From="=?utf-8?q?boss=40lamp=2Eexample=3E?= <jo@post.example>",
    )
    assert found.title == "Größe 3"
    assert found.author == "jo@post.example"
    assert "boss@lamp.example" in found.author_name


def test_a_subject_that_was_sent_raw_is_read() -> None:
    assert read_letter("Subject: Größe\r\n\r\nx".encode()).title == "Größe"
    assert read_letter("Subject: Größe\r\n\r\nx".encode("latin-1")).title == "Größe"


def test_html_alone_becomes_text_and_plain_text_is_preferred() -> None:
    html = "<html><style>p {}</style><body><p>My lamp</p><p>flickers &amp; smells</p><script>x()</script>"
    assert letter(html, Content_Type="text/html; charset=utf-8").text == "My lamp\n\nflickers & smells"
    both = (
        "--b\r\nContent-Type: text/plain\r\n\r\n{plain}\r\n"
        "--b\r\nContent-Type: text/html\r\n\r\n<p>From HTML</p>\r\n--b--\r\n"
    )
    kind = "multipart/alternative; boundary=b"
    assert letter(both.format(plain="From plain"), Content_Type=kind).text == "From plain"
    assert letter(both.format(plain="  "), Content_Type=kind).text == "From HTML"


def test_attachments_are_named_and_never_read() -> None:
    body = (
        "--b\r\nContent-Type: text/plain\r\n\r\nSee the picture.\r\n"
        "--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=secret.txt\r\n\r\nhidden\r\n--b--"
    )
    found = only(mail(1, body, Content_Type="multipart/mixed; boundary=b"))
    assert found.text == "See the picture."
    assert found.extra == {"attachments": "secret.txt"}


def test_a_mail_with_nothing_but_a_picture_is_still_a_mention() -> None:
    body = "--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename=burnt.png\r\n\r\nx\r\n--b--"
    assert only(mail(1, body, Subject="", Content_Type="multipart/mixed; boundary=b")).text == "burnt.png"


def test_text_that_flows_is_put_together_again() -> None:
    assert unfolded("My lamp \nis broken.\n\n  Really.\n> quoted \n> words\n-- \nJo") == (
        "My lamp is broken.\n\n Really.\n> quoted words\n-- \nJo"
    )
    assert unfolded("Lam \npe", is_space_dropped=True) == "Lampe"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            "Still broken!\n\nOn Thu, Nov 19, 2026 at 8:00 AM Care <care@lamp.example> wrote:\n> try\n> it",
            "Still broken!",
        ),
        (
            "Still broken!\n\nOn Thu, Nov 19, 2026 at 8:00 AM\nCare <care@lamp.example>\nwrote:\n\n> try",
            "Still broken!",
        ),
        ("Kaputt.\n\nAm 19.11.2026 um 08:00 schrieb Lamp Care:\n> versuchen", "Kaputt."),
        ("Cassé.\n\nLe 19 nov. 2026 à 08:00, Care <care@lamp.example> a écrit :\n> essayez", "Cassé."),
        ("Roto.\n\nEl jue, 19 nov 2026, Care <care@lamp.example> escribió:\n> pruebe", "Roto."),
        ("On Thu, Jo wrote:\n> one\n> two\n\nMy answer below", "My answer below"),
        ("On Thu, Jo wrote:\n> one\nfirst\n> two\nsecond", "first\nsecond"),
        ("Broken.\n\nFrom: Care\nSent: Thursday\nTo: Jo\nSubject: RE: lamp\n\nDear Jo", "Broken."),
        ("Broken.\n\n-----Original Message-----\nFrom: Care\nDear Jo", "Broken."),
        ("Broken\n-- \nJo\nKiel", "Broken"),
        ("Broken\n\nSent from my iPhone", "Broken"),
    ],
)
def test_what_is_quoted_and_the_signature_are_cut(text: str, kept: str) -> None:
    assert own_words(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "On Thu, Jo wrote:\n> all of it",  # nothing would be left
        "Hello\nThanks, but my lamp exploded\nand burned my hand",
        "Faults:\n- one\n- two",
        "Date: 3 Nov\nSubject: lamp\nit broke",
        "Gesendet von Hermes, nie angekommen.\nBitte helfen",
        "First\n--\n" + "\n".join(f"line {number}" for number in range(40)),
        "FYI\n\n---------- Forwarded message ---------\nFrom: a\nDate: b\nSubject: c\nTo: d\n\nMy lamp burned",
    ],
)
def test_a_customers_own_words_are_never_cut(text: str) -> None:
    assert own_words(text) == text


def test_what_is_passed_on_is_kept_whole() -> None:
    text = "See below\n\nFrom: a\nSent: b\nTo: c\nSubject: d\n\nMy lamp burned"
    assert own_words(text, "Fwd: lamp") == text


@pytest.mark.parametrize(
    "heads",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated", "In_Reply_To": "<x@y.example>"},
        {"Auto_Submitted": "auto-generated", "Subject": "Automatic reply: lamp"},
        {"X_Auto_Response_Suppress": "All", "Subject": "Automatische Antwort: Lampe"},
        {"Precedence": "auto_reply"},
        {"X_Autoreply": "yes"},
        {"Return_Path": "<>"},
        {"From": "MAILER-DAEMON@post.example"},
        {"X_Failed_Recipients": "a@b.example"},
        {"Content_Type": "multipart/report; report-type=delivery-status; boundary=b"},
    ],
)
def test_automatic_answers_and_bounces_are_no_mentions(heads: dict[str, str]) -> None:
    assert given_by(mail(1, "I am away until Monday", **heads)) == []


@pytest.mark.parametrize(
    "heads",
    [
        {"List_Id": "<news.lamp.example>"},
        {"List_Unsubscribe": "<https://x.example>"},
        {"Precedence": "bulk"},
        {"Auto_Submitted": "auto-generated"},
    ],
)
def test_newsletters_and_machines_are_mentions_of_their_own_nature(heads: dict[str, str]) -> None:
    raw = mail(1, "Ten lamps compared", **heads)
    assert read_letter(raw).nature is Nature.BULK
    assert only(raw).text == "Ten lamps compared"


def test_what_we_wrote_ourselves_is_no_mention() -> None:
    assert given_by(mail(1, "Dear Jo", From="Care <Care@Lamp.example>")) == []


def test_a_mail_is_private_and_known_by_its_message_id() -> None:
    found = only(mail(1, "My lamp"))
    assert found.private
    assert found.is_final
    assert found.native_id != only(mail(2, "My lamp")).native_id
    assert found.author == "jo@post.example"
    assert found.title == "Question 1"


def test_the_message_id_of_another_mail_does_not_make_it_that_mail() -> None:
    found = only(mail(1, "My lamp"))
    assert only(mail(1, "x", From="Eve <eve@evil.example>")).native_id != found.native_id
    assert only(mail(1, "x", Date="Sat, 21 Nov 2026 11:58:00 +0000")).native_id != found.native_id
    copy = mail(1, "My lamp\n-- \nThe list", Subject="[lamps] Question 1", List_Id="<lamps.example>", Received="by x")
    assert only(copy).native_id == found.native_id, "the copy that a list sends round is the same mail"


def test_an_answer_that_goes_to_another_address_is_told() -> None:
    assert only(mail(1, "My lamp")).extra == {}
    assert only(mail(1, "My lamp", Reply_To="Jo <JO@post.example>")).extra == {}
    found = only(mail(1, "My lamp", Reply_To="Jo <eve@evil.example>"))
    assert found.extra == {"answers go to": "eve@evil.example"}
    assert (found.author, found.author_name, found.text) == ("jo@post.example", "Jo Meier", "My lamp")


def test_without_a_message_id_the_same_mail_is_the_same_mention() -> None:
    first, again = (only(mail(1, "My lamp", Message_ID="")) for _ in range(2))
    assert first.native_id == again.native_id
    assert first.native_id != only(mail(1, "My other lamp", Message_ID="")).native_id
    assert len(only(mail(1, "x", Message_ID=f"<{'a' * 500}@b>")).native_id) <= 200


@pytest.mark.parametrize("told", ["Mon, 01 Jan 2001 00:00:00 +0000", "Mon, 23 Nov 2026 00:00:00 +0000", "soon", ""])
def test_a_clock_that_is_wrong_is_not_believed(told: str) -> None:
    assert only(mail(1, "My lamp", Date=told)).published_at == AT


def test_a_mail_that_took_a_day_has_the_time_it_was_written() -> None:
    written = AT - timedelta(days=1)
    assert only(mail(1, "x", Date=f"{written:%a, %d %b %Y %H:%M:%S} +0000")).published_at == written
    assert only(mail(1, "x"), at=None).published_at == datetime(2026, 11, 21, 11, 59, tzinfo=UTC)


HOSTILE = {
    "comments": b"From: " + b"(" * 50_000 + b"\r\n\r\nhi",
    "parameters": b"Content-Type: text/plain; " + b"a=b; " * 100_000 + b"\r\n\r\nhi",
    "continuations": b"Content-Type: text/plain; " + b"".join(b"a*%d*=b; " % n for n in range(25_000)) + b"\r\n\r\nhi",
    "parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 250_000,
    "nested": b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(900)),
    "wrote": b"Subject: x\r\n\r\n" + b"\r\n".join([b"On " * 97 + b"x:"] * 4_000),
    "heads": b"Subject: x\r\n\r\n" + b"From: x\r\n" * 30_000,
    "quotes": b"Subject: x\r\n\r\n" + b"> " * 500_000,
}


@pytest.mark.timeout(10)
@pytest.mark.parametrize("which", HOSTILE)
def test_hostile_mails_do_not_hold_the_reader_up(which: str) -> None:
    assert len(given_by(HOSTILE[which])) == 1  # unguarded, it would be busy for minutes


@given(
    st.binary(max_size=400), st.sampled_from(["From", "Subject", "Content-Type", "Date", "Message-ID", "References"])
)
@example(b"\xff\xfe=?utf-8?b?////?=", "Subject")
@settings(max_examples=60)
def test_no_mail_is_too_hostile(noise: bytes, head: str) -> None:
    for raw in (noise, head.encode() + b": " + noise + b"\r\n\r\nhi", b"Subject: x\r\n\r\n" + noise):
        for found in given_by(raw):
            assert isinstance(found, RawMention | Broken)
            if isinstance(found, RawMention):
                assert found.native_id
                (found.text + found.title + found.author + found.author_name).encode()  # it can be stored
