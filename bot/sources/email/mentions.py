"""From a mail that arrived to what Earshot is given: one mention, several (an alert), or none (a machine's answer)."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.sources.email.alerts import alerts, is_alert
from bot.sources.email.body import Arrived
from bot.sources.email.reply import target_of
from bot.sources.fieldmap import content_id
from bot.sources.letters.parts import Letter, Nature, read_letter
from handlers.ports import Broken
from storage.types import RawMention

_EARLY = timedelta(days=3)  # mail may take so long; a sender's clock that is further behind is wrong
_LATE = timedelta(minutes=10)
_SAMPLE = 200


def mentions(arrived: Arrived, own: frozenset[str]) -> list[RawMention | Broken]:
    """What a mail gives; nothing when it is from one of our `own` addresses, or an answer that a machine gave."""
    where = f"mail {arrived.uid}"
    if arrived.trouble:
        return [Broken(where, arrived.trouble, "")]
    try:
        read = read_letter(arrived.raw)
        letter = _dated(read, arrived.at)
        if arrived.attachments is not None:
            letter = letter.with_attachments(arrived.attachments)
        if is_alert(letter):
            return list(alerts(letter))
        if letter.nature is Nature.AUTOMATIC or letter.author.lower() in own:
            return []
        found = letter.mention()
        extra = {**_where_answers_go(letter), **found.extra}
        return [replace(found, native_id=_known_by(read), extra=extra, reply_ref=target_of(letter))]
    except ValueError as error:
        return [Broken(where, str(error), arrived.raw[:_SAMPLE].decode("utf-8", "replace"))]


def _known_by(letter: Letter) -> str:
    """Also by who wrote it and when: a Message-ID alone can be repeated by anybody who has seen it."""
    return content_id([letter.native_id, letter.author.lower(), letter.date.isoformat() if letter.date else ""])


def _where_answers_go(letter: Letter) -> dict[str, str]:
    """What a person must see before she answers: that the answer goes to another address than the one that wrote."""
    is_elsewhere = letter.reply_to and letter.reply_to.lower() != letter.author.lower()
    return {"answers go to": letter.reply_to} if is_elsewhere else {}


def _dated(letter: Letter, arrived_at: datetime | None) -> Letter:
    """With the time that it tells, unless that disagrees too far with when it came."""
    if arrived_at is None:
        return letter
    told = letter.date
    is_sane = told is not None and arrived_at - _EARLY <= told <= arrived_at + _LATE
    return letter if is_sane else replace(letter, date=arrived_at)
