"""Hostile words ping nobody, lead nobody astray and break nothing in Slack, in Discord and on the page.

Every text goes through the whole core: it is taken in as a mention, in all its fields, becomes a case, is searched for,
typed as a note, a draft, a command that there is not. All that is drawn of it is rendered for every chat and read by
what the platforms document: Block Kit and mrkdwn, Discord's limits and markdown, HTML. A card drawn without care goes
by the same readers, so that it is known that they see.
"""

import asyncio
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from bot.chats.discord import commands, layouts
from bot.chats.discord import forms as discord_forms
from bot.chats.discord import render as discord_render
from bot.chats.local import render as page_render
from bot.chats.local.adapter import Stored, to_body
from bot.chats.slack import render as slack_render
from bot.chats.slack import views
from bot.chats.slack.codes import Pressed, Where
from handlers.cards import Card, Drawing, Screen
from handlers.completions import Choice
from handlers.requests import COMMANDS, Reply
from storage.local_chat import LocalMessage
from tests.bot.chats.gallery import DRAWINGS
from tests.discord.lint import lint_choices
from tests.kit import MEMBERS, NOW
from tests.prove import chat_readers as read
from tests.prove.chat_readers import Faults
from tests.prove.drawings import Drawn, drawn_of, harmless
from tests.prove.trial import Trial

GOAL = "G7"
FAULTS = (39, 40, 43)
MINUTES = (4, 25)

_HERE = Where("C0ALERTS", "1712345.000100")
_POSTED = {"quote", "bold", "code", "block", "small", "time", "plain"}
_ANSWERED = {"heading", "bold", "quote", "small", "code", "block", "plain"}
_KINDS = {
    "pings": "pings", "links": "links that nobody gave", "disguised": "disguised links", "limits": "over a limit",
    "marks": "other marks alive", "exceptions": "exceptions",
}  # fmt: skip


def run(trial: Trial) -> None:
    shapes = {shape for one in harmless(trial.folder) for html in _page(one) for shape in read.Page(html).shapes}
    shapes |= {shape for one in DRAWINGS.values() for html in _pieces(one) for shape in read.Page(html).shapes}
    shapes |= {(tag, f"aria-{name}") for tag in ("input", "textarea", "select") for name in ("required", "invalid")}
    shapes |= {("option", "selected"), ("div", "data-ping"), ("a", "href"), ("a", "download"), ("a", "data-file")}
    found, naive, drawn, texts = Counter[str](), Counter[str](), Counter[str](), 0
    offers: list[tuple[Choice, ...]] = []
    own = Random(trial.chance.getrandbits(32))  # how something is drawn does not change what comes next
    for one in drawn_of(trial.chance, trial.folder, trial.of(800, 20_000)):
        texts += one.texts
        for exit_, checked in (
            ("Slack", _in_slack(one, own)), ("Discord", _in_discord(one, own)), ("the page", _on_page(one, shapes)),
        ):  # fmt: skip
            for kind, what in _tried(checked, drawn, exit_):
                found[kind] += 1
                print(f"{exit_}, {one.what}, {kind}: {what[:400]!r}", flush=True)
        if one.choices:
            offers.append(one.choices)
        if isinstance(one.drawing, Card):
            naive.update(kind for kind, _ in _naive(one.drawing, one))
    for what in asyncio.run(_offered(offers)):
        found["limits"] += 1
        print(f"Discord, offer, limits: {what[:400]!r}", flush=True)
    trial.tell("hostile texts", texts)
    trial.tell("lists of offers", len(offers))
    for exit_, times in drawn.items():
        trial.tell(f"drawn for {exit_}", times)
    for kind, words in _KINDS.items():
        trial.none(words, found[kind])
    trial.at_least("pings of a careless card", naive["pings"], texts // 20)
    trial.at_least("disguised links of it", naive["disguised"], texts // 50)


def _tried(checked: Iterator[Faults], drawn: Counter[str], exit_: str) -> Faults:
    found: Faults = []
    try:
        for one in checked:
            drawn[exit_] += 1
            found += one
    except Exception:
        found.append(("exceptions", traceback.format_exc()))
    return found


# Slack


def _in_slack(one: Drawn, chance: Random) -> Iterator[Faults]:
    look = slack_render.Look(is_classic=chance.random() < 0.3)
    for payload in _slack(one, look):
        yield read.slack(payload, one.urls)


def _slack(one: Drawn, look: slack_render.Look) -> Iterator[Mapping[str, Any]]:
    if one.drawing is not None:
        yield slack_render.message(one.drawing, "case:1", look, "Ana")
        yield {"text": slack_render.text_only(one.drawing)}
    if one.form is not None:
        yield views.form_view(one.form, _HERE, look)
    if one.reply is not None:
        yield slack_render.answer(one.reply, "a1", look)
        yield views.words_view(one.reply.words, one.reply.words, _HERE, look)
        yield views.confirm_view(Pressed("x", 1, {}, one.reply.words), _HERE)
        if one.reply.screen is not None:
            yield views.screen_view(one.reply.screen, _HERE, look)
            if one.what == "home":
                yield views.home_view(one.reply.screen, look)


# Discord


def _in_discord(one: Drawn, chance: Random) -> Iterator[Faults]:
    look = discord_render.Look()
    if one.drawing is not None:
        yield read.discord(_sent(discord_render.message(one.drawing, "case:1", look, "Ana")), one.urls, _POSTED)
        yield read.discord(_sent(discord_render.text_only(one.drawing, "case:1")), one.urls, _POSTED)
    if one.form is not None:
        yield read.discord_modal(discord_forms.modal(one.form)[0].to_dict(), _ANSWERED)
    if one.reply is not None:
        words = layouts.words_message(one.reply.words, is_error=chance.random() < 0.5, answer_id="a1")
        yield read.discord(_sent(words), one.urls, _ANSWERED)
        yield read.discord(_sent(layouts.confirm_message(Pressed("x", 1, {}, one.reply.words))), one.urls, _ANSWERED)
        if one.reply.screen is not None:
            yield read.discord(_sent(layouts.screen_message(one.reply.screen, look, "a1")), one.urls, _ANSWERED)


class _Calls:
    """Answers what stands in `choices`."""

    choices: tuple[Choice, ...] = ()

    async def complete(self, *_: Any) -> tuple[Choice, ...]:
        return self.choices


async def _offered(offers: list[tuple[Choice, ...]]) -> list[str]:
    """What Discord would refuse of what is offered while something is typed."""
    calls, wrong = _Calls(), []
    spec, who = COMMANDS["who"], COMMANDS["who"].arguments[0]
    complete: Any = commands._completion(spec, who, calls)  # type: ignore[arg-type]  # it needs no more of them
    for calls.choices in offers:
        told = [one.to_dict() for one in await complete(None, "")]
        wrong += [str(one) for one in lint_choices(told, 3)]
    return wrong


def _sent(message: discord_render.Message) -> dict[str, Any]:
    view: Any = message.view
    return {
        "content": message.content,
        "embeds": [embed.to_dict() for embed in message.embeds],
        "components": list(view.to_components()) if view else [],
        "allowed_mentions": message.allowed.to_dict(),
    }


# The page


def _on_page(one: Drawn, shapes: set[tuple[str, str]]) -> Iterator[Faults]:
    for html in _page(one):
        yield read.page(html, one.urls, shapes)


def _page(one: Drawn) -> Iterator[str]:
    if one.drawing is not None:
        yield _message(one.drawing)
    if one.form is not None:
        yield page_render.form_html(one.form, MEMBERS)
    elif one.reply is not None:
        yield page_render.answer_html(one.reply, "a1", NOW)


def _message(drawing: Drawing) -> str:
    stored = LocalMessage("1", "case:1", "#alerts", "", to_body(Stored(drawing)), NOW, NOW, 0)
    return page_render.message_html(stored, NOW, "/c/alerts?thread=1")


def _pieces(drawing: Drawing) -> Iterator[str]:
    yield _message(drawing)
    if isinstance(drawing, Screen):
        yield page_render.answer_html(Reply(screen=drawing), "a1", NOW)


# A card as one would write it first


def _naive(card: Card, one: Drawn) -> Faults:
    quote = card.quote.words if card.quote else card.title
    link = f"<{card.link.url}|{quote[:60]}>" if card.link else ""
    told = {"text": f"*{card.author}*: {quote} {link}"}
    try:
        found = read.slack(told, one.urls)
        html = f"<p><b>{card.author}</b>: {quote} <a href='{card.link.url if card.link else ''}'>{quote[:60]}</a></p>"
        return found + read.page(html, one.urls, {("p", ""), ("b", ""), ("a", ""), ("a", "href")})
    except (ValueError, AssertionError):
        return [("exceptions", "")]
