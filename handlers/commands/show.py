from handlers import cases
from handlers.cards import Row, Screen
from handlers.context import Context
from handlers.drawings import author_of, buttons, case_row, mention_row, menu
from handlers.neighbours import similar
from handlers.requests import CaseNumber, Reply, command
from handlers.rules.policy import Member
from handlers.rules.text import shown
from handlers.rules.when import clock
from storage.types import Case, CaseEvent, Mention, from_text

_TOLD = {
    "priority": "",
    "from": "from ",
    "to": "to ",
    "was": "was ",
    "until": "until ",
    "due": "due ",
    "resolution": "",
    "note": "",
    "text": "",
    "why": "",
    "url": "",
}  # what of an event's detail is for people, and the word before it
_TIMES = ("until", "due")
_SHOWN = 6  # mentions alike, and earlier mentions by the author
_SIMILAR = 3  # cases


@command(button="Show", is_read=True, example="show 142")
def show(ctx: Context, who: Member, case: CaseNumber) -> Reply:
    """The whole case: text, author, diary, similar mentions, drafts."""
    found = cases.find(ctx, case)
    mentions = ctx.store.mentions.of_case(case, _SHOWN + 1)
    lead = ctx.store.mentions.get(found.mention_id)
    rows = [_whole(ctx, found, lead)]
    rows += [
        Row(
            f"Draft, {draft.state}, by {ctx.policy.label(draft.author)}",
            shown(draft.text, 1500),
            (shown(draft.rejected_why, 500).words,) if draft.rejected_why else (),
        )
        for draft in ctx.store.drafts.of_case(case)
    ]
    alike = (mention_row(ctx, mention) for mention in mentions if mention.id != found.mention_id)
    rows += [Row(row.heading, row.quote, row.facts, (), row.colour) for row in alike][:_SHOWN]
    rows += _similar(ctx, lead, found)
    rows += _earlier(ctx, lead, found)
    diary = "\n".join(_line(ctx, event) for event in ctx.store.cases.events(case))
    title = f"Case #{case} · {found.brand} · {found.priority.word}"
    intro = cases.where_it_stands(ctx, found) if found.status != "open" else ""
    acts = (*buttons(found), *(menu(found, lead) if lead else ()))
    others = tuple(button for button in acts if button.verb != "show")
    return Reply(screen=Screen(title, intro, tuple(rows), f"Diary\n{diary}", buttons=others), can_share=True)


def _whole(ctx: Context, case: Case, lead: Mention | None) -> Row:
    row = case_row(ctx, case, lead, length_of_quote=4_000)
    why = f"why: {'; '.join(case.reasons)}"
    return Row(row.heading, row.quote, (*row.facts, why), (), row.colour)


def _similar(ctx: Context, lead: Mention | None, case: Case) -> list[Row]:
    """The newest cases of the 24 h before it that tell of the same."""
    found = [ctx.store.cases.get(number) for number in similar(ctx, case, lead)[:_SIMILAR]] if lead else []
    rows = (case_row(ctx, one, ctx.store.mentions.get(one.mention_id)) for one in found if one is not None)
    return [Row(f"Similar: {row.heading}", row.quote, row.facts, row.buttons[1:], row.colour) for row in rows]


def _earlier(ctx: Context, lead: Mention | None, case: Case) -> list[Row]:
    if lead is None or not lead.author:
        return []
    found = [mention for mention in ctx.store.mentions.by_author(lead.author, _SHOWN) if mention.case_id != case.id]
    return [
        Row(f"Earlier by {author_of(lead)}: {row.heading}", row.quote, row.facts, row.buttons, row.colour)
        for row in (mention_row(ctx, mention) for mention in found[:3])
    ]


def _line(ctx: Context, event: CaseEvent) -> str:
    told = ", ".join(_detail(ctx, name, value) for name, value in event.detail.items() if name in _TOLD and value)
    who = "Earshot" if event.actor == "earshot" else ctx.policy.label(event.actor)
    return f"{clock(event.at, ctx.now, ctx.zone)} · {who} · {event.kind}" + (f" ({told})" if told else "")


def _detail(ctx: Context, name: str, value: str) -> str:
    if name in _TIMES:
        return _TOLD[name] + clock(from_text(value), ctx.now, ctx.zone)
    member = ctx.policy.member(value) if name in ("from", "to") else None
    return _TOLD[name] + (member.label if member else shown(value, 200).words)
