"""Google Alerts by mail, in the shape in which they come."""

import json

import pytest

from bot.sources.email.body import Arrived
from bot.sources.email.mentions import mentions
from handlers.ports import Broken
from storage.types import RawMention
from tests.mail.imapserver import AT, mail

FROM = "Google Alerts <googlealerts-noreply@google.com>"
WRAPPED = "https://www.google.com/url?rct=j&sa=t&url={}&ct=ga&cd=CAEYACoTMzU1&usg=AOvVaw1g6v"
NEWS, BLOG = "https://news.example/lamps?id=7", "https://blog.example/2026/aurelia"


def cards(*links: tuple[str, str, str]) -> str:
    widgets = [{"type": "LINK", "title": t, "description": d, "url": WRAPPED.format(u)} for t, d, u in links]
    told = json.dumps({"api_version": "1.0", "cards": [{"title": "Google Alert", "widgets": widgets}]})
    return f'<script data-scope="inboxmarkup" type="application/json">{told}</script>'


def page(*links: tuple[str, str, str]) -> str:
    rows = [
        f'<tr><td><a href="{WRAPPED.format(u).replace("&", "&amp;")}" itemprop="url"><span>{t}</span></a>'
        f'<div itemprop="description">{d}</div><a href="https://www.google.com/alerts/share?ru={u}">Facebook</a>'
        f'<a href="https://www.google.com/alerts/feedback?ffu={u}">Flag as irrelevant</a></td></tr>'
        for t, d, u in links
    ]
    return (
        '<html><style>a{}</style><a href="https://www.google.com/alerts"><img alt="Google"></a> NEWS <table>'
        f'{"".join(rows)}</table><a href="https://www.google.com/alerts/remove?s=1">Unsubscribe</a> Send Feedback'
    )


LINKS = (
    ("Aurelia lamps recalled - The Paper", "The <b>Aurelia</b> lamp &amp; its cable are recalled ...", NEWS),
    ("My week with a lamp", "It is the third <b>Aurelia</b> that flickers.", BLOG),
)


def alert(body: str, number: int = 1) -> bytes:
    kind = "text/html; charset=utf-8"
    return mail(number, body, From=FROM, Subject='Google Alert - "aurelia lamp"', Content_Type=kind, List_Id="<x.y>")


def found_in(raw: bytes) -> list[RawMention | Broken]:
    return mentions(Arrived(3, AT, raw), frozenset())


@pytest.mark.parametrize("body", [cards(*LINKS) + page(*LINKS), page(*LINKS), cards(*LINKS)])
def test_each_link_is_a_mention_of_its_own(body: str) -> None:
    first, second = found_in(alert(body))
    assert isinstance(first, RawMention)
    assert isinstance(second, RawMention)
    assert (first.title, first.text) == (LINKS[0][0], "The Aurelia lamp & its cable are recalled ...")
    assert (first.url, second.url) == (NEWS, BLOG)
    assert (first.author, first.author_name) == ("news.example", "The Paper")
    assert not first.private
    assert first.extra == {"alert": '"aurelia lamp"'}


def test_the_same_link_in_two_mails_is_one_mention() -> None:
    ids = [
        [one.native_id for one in found_in(alert(cards(*LINKS), number)) if isinstance(one, RawMention)]
        for number in (1, 2)
    ]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 2


def test_a_link_twice_in_a_mail_is_one_mention() -> None:
    again = (LINKS[0][0], LINKS[0][1], f"{NEWS}&utm_source=alert")
    assert len(found_in(alert(cards(LINKS[0], again)))) == 1


@pytest.mark.parametrize(
    "body",
    [
        "<p>Your alert is paused.</p>",
        "<![foo[ bar]]>",
        '<script data-scope="inboxmarkup">{"cards": [{"widgets": 7}, 3, {"widgets": [1, {"type": "LINK"}]}]}</script>',
        '<script data-scope="inboxmarkup">[[[</script>',
        cards(("x", "y", "javascript:alert(1)")),
    ],
)
def test_an_alert_without_a_link_is_told_as_broken(body: str) -> None:
    [found] = found_in(alert(body))
    assert isinstance(found, Broken)


def test_an_alert_is_never_answered_by_mail() -> None:
    assert all(isinstance(one, RawMention) and not one.reply_ref for one in found_in(alert(page(*LINKS))))
