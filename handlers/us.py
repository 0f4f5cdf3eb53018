"""Which mentions are about a brand, and which about another thing of its name, as the team's acts teach it.

An answer drafted, sent or noted says that a case was about us, "not us" that it was not; the last of them stands, and
opening a case again takes back what closing it said. An act counts ten minutes after it: what is undone before that
leaves no trace. Acts are learned in the order of their times, so that a model made anew from the diaries is the same.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby

from handlers.context import Context
from handlers.rules.deciding import GRACE
from handlers.rules.us import UsModel, us_features
from storage.store import Store
from storage.types import Case, CaseEvent, Mention, RawMention, Resolution
from storage.us import Act

_AT_ONCE = 500  # acts that are learned in one go
_READ = 1_000  # lines of the diaries in one go
_FORGOTTEN = ', also what "not us" taught'
_WORKED = (Resolution.REPLIED.value, Resolution.FIXED.value)


def learn(ctx: Context, read: int = _READ) -> int:
    """Read what the diaries say since, and learn it, in the caller's transaction; how many acts, and one for each model
    that has to begin anew. Where more than `read` lines wait, so many are read and nothing is learned yet. Cheap when
    there is nothing."""
    until = ctx.now - GRACE
    settled = ctx.store.us.settled(until)
    if settled is not None:
        up_to = min(settled, ctx.store.us.part(read) or settled)
        since, touched = ctx.store.lessons.forgotten_at(), ctx.store.us.touched(up_to)
        for case_id in touched:
            _note(ctx.store, case_id, since, until)
        ctx.store.us.read_to(up_to)
        if up_to < settled:
            return max(1, len(touched))
    forgotten = ctx.store.us.begin_anew()
    acts = ctx.store.us.unlearned(_AT_ONCE)
    states = ctx.store.us.states() if acts else {}
    for brand, some in groupby(acts, key=lambda act: act.brand):
        _learn(ctx.store, brand, states.get(brand, ""), list(some))
    return len(forgotten) + len(acts)


def forget(store: Store) -> str:
    """Forget all of it, in the caller's transaction; what is to be said of that after "Forgotten", "" where there was
    nothing. What is learned anew begins where the team's lessons do: `Lessons.forgotten_at`."""
    knew = store.us.count() > 0
    store.us.forget()
    return _FORGOTTEN if knew else ""


def models(store: Store) -> dict[str, UsModel]:
    """What is known of each brand. A state that cannot be read counts as none."""
    found = {}
    for brand, state in store.us.states().items():
        try:
            found[brand] = UsModel.from_plain(json.loads(state))
        except ValueError:
            continue
    return found


def suggestions(ctx: Context) -> tuple[str, ...]:
    """For each brand of which ten mentions or more were not us, the line that would keep such away from the start.

    What stands in its `not_with` already is not suggested again.
    """
    lines = []
    learned = models(ctx.store)
    for brand in ctx.policy.brands:
        model = learned.get(brand.name)
        known = {word.casefold() for word in (*brand.not_with, *brand.context)}
        words = [word for word in model.suggestions(brand.name) if word not in known] if model is not None else []
        if words:
            written = ", ".join(json.dumps(word, ensure_ascii=False) for word in [*brand.not_with, *words])
            lines.append(
                f"{brand.name}: you said {model.not_us if model else 0} times that it was not us. This line in"
                f" earshot.toml, under the brand, would leave most of them out: `not_with = [{written}]`"
            )
    return tuple(lines)


def _note(store: Store, case_id: int, since: datetime | None, until: datetime) -> None:
    """Keep what people made of a case after `since`, if that is another thing now."""
    case = store.cases.get(case_id)
    told = [event for event in store.cases.events(case_id) if event.at <= until and (since is None or event.at > since)]
    act = _made_of(case, told) if case else None
    if act == store.us.act_of(case_id):
        return
    if act is None:
        store.us.drop(case_id)
    else:
        store.us.keep(act)


def _made_of(case: Case, events: Sequence[CaseEvent]) -> Act | None:
    """The act that stands, with the time when it was first said; None where nothing was."""
    now: tuple[bool, datetime] | None = None
    before = now
    for event in events:
        told = _said(event.kind, event.detail)
        if event.kind == "resolved":
            before = now
        if event.kind == "reopened":
            now = before
        elif told is not None and (now is None or now[0] is not told):
            now = told, event.at
    return Act(case.id, case.mention_id, case.brand, now[1], now[0]) if now is not None else None


def _said(kind: str, detail: Mapping[str, str]) -> bool | None:
    """What a line of the diary says: it is us, it is not, or nothing."""
    if kind in ("drafted", "answered"):
        return True
    if kind != "resolved":
        return None
    resolution = detail.get("resolution", "")
    return True if resolution in _WORKED else False if resolution == Resolution.NOT_US.value else None


def _learn(store: Store, brand: str, state: str, acts: Sequence[Act]) -> None:
    model = UsModel.from_plain(json.loads(state)) if state else UsModel()
    for act in acts:
        mention = store.mentions.get(act.mention_id)
        if mention is not None and (mention.text or mention.title):
            model.learn(us_features(_as_given(mention), brand), act.is_us)
    store.us.learned(acts)
    store.us.save(brand, json.dumps(model.to_plain()))


def _as_given(mention: Mention) -> RawMention:
    return RawMention(
        mention.native_id, mention.text, title=mention.title, author=mention.author, author_name=mention.author_name
    )
