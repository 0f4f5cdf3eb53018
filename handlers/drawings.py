"""What each message says now, drawn whole from what is stored. Drawing twice gives the same; nothing is patched."""

from datetime import datetime

from handlers.cards import Button, Card, Link, Row, Screen
from handlers.context import Context
from handlers.neighbours import similar_in_words
from handlers.rules.languages import code_of, name_of, scored_codes
from handlers.rules.scoring import NOT_SCORED
from handlers.rules.text import host_of, last_digits, safe_url, shown
from handlers.rules.us import is_doubted
from handlers.rules.when import ago, clock, length
from storage.behind import NOT_ITS_WORTH
from storage.erasures import ERASED, EXPIRED
from storage.types import Case, DraftState, Mention, Priority, Resolution, Status

DIGEST = 15  # cases in one digest
QUOTE = 600  # characters of the customer's words on a card
MARKS = {Status.CLAIMED: "taken", Status.ANSWERED: "taken", Status.RESOLVED: "done"}
_GONE = {
    "": "The author has deleted this.",
    ERASED: "Erased on request.",
    EXPIRED: "Older than its words are kept.",
}
_DRAFTS = {
    DraftState.PROPOSED: "draft waits for approval",
    DraftState.APPROVED: "approved reply waits to be sent",
    DraftState.SENDING: "reply is being sent",
    DraftState.DOUBTFUL: "reply in doubt: nobody knows whether it was posted",
    DraftState.REJECTED: "draft waits for a change",
}


def card(ctx: Context, case: Case, mention: Mention) -> Card:
    """A case as its channel sees it."""
    is_small = case.status is Status.RESOLVED
    gist = mention.title or (mention.text if is_small else "")
    dot, colour = dot_of(case)
    return Card(
        case=case.id,
        colour=colour,
        dot=dot,
        status=status_in_words(ctx, case),
        priority=case.priority.word,
        source=mention.source,
        author=author_of(mention),
        link=link_of(mention.url, "Open"),
        seen_at=case.opened_at,
        due=due_by(ctx, case),
        title=shown(gist, 150).words,
        quote=None if is_small else shown(mention.text or gone_words(mention), QUOTE),
        facts=(
            *_draft_in_words(ctx, case),
            *facts(ctx, case, mention),
            *(() if is_small else similar_in_words(ctx, case, mention)),
        ),
        why=case.reasons,
        buttons=buttons(case),
        menu=menu(case, mention),
        is_small=is_small,
        mark=MARKS.get(case.status, ""),
    )


def digest(ctx: Context, digest_id: int) -> Screen | None:
    """Several cards in one message, the worst first, each as it stands now."""
    cases = [case for number in ctx.store.digests.cases(digest_id) if (case := ctx.store.cases.get(number))]
    if not cases:
        return None
    cases.sort(key=lambda case: -case.priority)
    rows = tuple(
        case_row(ctx, case, ctx.store.mentions.get(case.mention_id), is_lasting=True) for case in cases[:DIGEST]
    )
    more = f"And {len(cases) - DIGEST} more: `/earshot queue` has them all." if len(cases) > DIGEST else ""
    found, several = ctx.store.digests.get(digest_id), "s" if len(cases) != 1 else ""
    title = f"{len(cases)} {'quieter' if cases[0].priority < Priority.HIGH else 'more'} case{several}"
    if found is not None and found.is_quiet:
        title = f"While it was quiet: {len(cases)} case{several}"
    return Screen(title, rows=rows, outro=more)


def dot_of(case: Case) -> tuple[str, str]:
    """The status dot and the colour of the strip; the word beside them says the same."""
    if case.status is Status.RESOLVED:
        return ("⚪", "grey") if case.resolution in NOT_ITS_WORTH else ("✅", "green")
    if case.snoozed_until is not None:
        return "💤", "grey"
    if case.status is Status.ANSWERED:
        return "🔵", "blue"
    if case.status is Status.CLAIMED:
        return "🟡", "yellow"
    return ("🔴", "red") if case.priority is Priority.URGENT else ("🟠", "orange")


def status_in_words(ctx: Context, case: Case) -> str:
    """open, claimed by Ana, snoozed until Mon 23 Nov 09:00, answered by Bo, resolved: replied, not yet fixed · Bo."""
    who = _whose(ctx, case)
    if case.status is Status.RESOLVED:
        fixed = "" if case.is_fixed or case.resolution is not Resolution.REPLIED else ", not yet fixed"
        return f"resolved: {case.resolution}{fixed}" + (f" · {who}" if who else "")
    words = {
        Status.OPEN: "open",
        Status.CLAIMED: f"claimed by {who}",
        Status.ANSWERED: f"answered by {who}" if who else "answered",
    }[case.status]
    if case.escalated_at is not None:
        words += " · escalated"
    return f"{words} · snoozed until {clock(case.snoozed_until, ctx.now, ctx.zone)}" if case.snoozed_until else words


def _whose(ctx: Context, case: Case) -> str:
    """Who has it; once it is answered or resolved, who did that."""
    name = case.assignee
    if case.status in (Status.ANSWERED, Status.RESOLVED):
        last = ctx.store.cases.last_event(case.id, case.status.value)
        name = last.actor if last else name
    return ctx.policy.label(name) if name else ""


def due_by(ctx: Context, case: Case) -> str:
    """The promise on a card, as a time of day: a card is drawn once and read for hours."""
    if case.due_at is None or not _waits(case):
        return ""
    moment = clock(case.due_at, ctx.now, ctx.zone)
    return f"overdue since {moment}" if case.due_at < ctx.now else f"due by {moment}"


def _waits(case: Case) -> bool:
    return case.status in (Status.OPEN, Status.CLAIMED) and case.snoozed_until is None


def due_in_words(case: Case, now: datetime) -> str:
    """The promise in an answer that is read now: due in 3 h, overdue by 10 min."""
    if case.due_at is None or not _waits(case):
        return ""
    if case.due_at < now:
        return f"overdue by {length(now - case.due_at)}"
    return f"due in {length(case.due_at - now)}"


def gone_words(mention: Mention) -> str:
    """What stands in the place of words that are gone."""
    return _GONE[mention.gone_why]


def author_of(mention: Mention) -> str:
    name = shown(mention.author_name or mention.author, 60).words.replace("\n", " ").strip()
    return name or "somebody"


def link_of(url: str, label: str) -> Link | None:
    safe = safe_url(url)
    return Link(label, safe, host_of(safe)) if safe else None


def facts(ctx: Context, case: Case, mention: Mention) -> tuple[str, ...]:
    """The line of facts: reach, sentiment, stars, alike, brand when there are several."""
    found = [f"reach {people(case.reach)}" if case.reach is not None else "reach unknown"]
    found.append(sentiment_in_words(mention))
    if mention.stars is not None:
        found.append(f"{mention.stars:g} of 5 stars")
    if engagement := engagement_in_words(mention):
        found.append(engagement)
    if case.mention_count > 1:
        found.append(f"+{case.mention_count - 1} alike")
    if len(ctx.policy.brands) > 1:
        found.append(case.brand)
    found += customer_in_words(mention)
    if mention.private:
        found.append("private: never quote in public")
    return tuple(found)


def customer_in_words(mention: Mention) -> tuple[str, ...]:
    """What a form, a call or a mail tells of the customer; a telephone number by its last digits alone."""
    tier = shown(mention.extra.get("tier", ""), 40).words.replace("\n", " ").strip()
    caller = last_digits(mention.extra.get("caller", "")).replace("\n", " ").strip()
    found = [f"customer tier {tier}"] if tier else []
    if caller and caller not in author_of(mention):
        found.append(f"caller {caller}")
    if elsewhere := shown(mention.extra.get("answers go to", ""), 320).words.replace("\n", " ").strip():
        found.append(f"answers go to {elsewhere}")
    return tuple(found)


def _draft_in_words(ctx: Context, case: Case) -> tuple[str, ...]:
    """What the draft of a case waits for, so that it is seen outside its thread; nothing when there is none."""
    draft = None if case.status is Status.RESOLVED else ctx.store.drafts.current(case.id)
    words = _DRAFTS.get(draft.state, "") if draft else ""
    if draft is not None and draft.error and draft.state is DraftState.APPROVED:
        words = "approved reply could not be posted"
    elif draft is not None and draft.error and draft.state is DraftState.SENDING:
        words = "reply waits to be posted" if draft.attempted_at is None else "reply is looked for: the answer was lost"
    return (words,) if words else ()


def sentiment_in_words(mention: Mention) -> str:
    """negative -0.42, positive +0.61, not scored: French; a score of nothing is the word alone."""
    code = code_of(mention.lang) if mention.label == NOT_SCORED else ""
    if code and code not in scored_codes():
        return f"{NOT_SCORED}: {name_of(code)}"
    scored = mention.sentiment is not None and abs(mention.sentiment) >= 0.005
    return f"{mention.label} {mention.sentiment:+.2f}" if scored else mention.label


def engagement_in_words(mention: Mention) -> str:
    counts = (
        (mention.shares, "share", "shares"),
        (mention.likes, "like", "likes"),
        (mention.replies, "reply", "replies"),
    )
    return ", ".join(f"{people(count)} {one if count == 1 else more}" for count, one, more in counts if count)


def people(count: int) -> str:
    """1,234 as 1.2k; a number of people is never exact."""
    if count < 1_000:
        return str(count)
    return (
        f"{count / 1_000:.1f}k".replace(".0k", "k")
        if count < 1_000_000
        else f"{count / 1_000_000:.1f}M".replace(".0M", "M")
    )


def buttons(case: Case) -> tuple[Button, ...]:
    """At most four, by state."""
    claim = Button("Claim", "claim", case.id, style="primary")
    draft = Button("Draft reply", "draft", case.id)
    resolve = Button("Resolve", "resolve", case.id)
    if case.status is Status.RESOLVED:
        return (Button("Reopen", "reopen", case.id), Button("Show", "show", case.id))
    if case.status is Status.ANSWERED:
        return (
            Button("Resolve", "resolve", case.id, style="primary"),
            Button("Reply again", "draft", case.id),
            Button("Show", "show", case.id),
        )
    if case.status is Status.CLAIMED:
        return (
            Button("Draft reply", "draft", case.id, style="primary"),
            resolve,
            Button("Release", "release", case.id),
        )
    return (claim, draft, resolve)


def menu(case: Case, mention: Mention) -> tuple[Button, ...]:
    """What stands behind "More", the most wanted first: some chats show only five, and `show` has the rest."""
    if case.status is Status.RESOLVED:
        return ()
    irrelevant = Button(
        "Irrelevant",
        "irrelevant",
        case.id,
        style="danger",
        confirm=f"Close #{case.id} as irrelevant? Copies of it will never come back.",
    )
    not_us = Button(
        "Not us",
        "resolve",
        case.id,
        (("reason", Resolution.NOT_US.value),),
        style="danger",
        confirm=f"Is #{case.id} about another thing of that name? Its copies will never come back.",
    )
    can_show = any(button.verb == "show" for button in buttons(case))
    items = [
        *(() if can_show else (Button("Show all", "show", case.id),)),
        Button("Assign…", "assign", case.id),
        Button("Snooze…", "snooze", case.id),
        irrelevant,
    ]
    if mention.author:
        items.append(Button("Mute author…", "mute", None, (("words", f"add author:#{case.id}"),)))
    items.insert(items.index(irrelevant) + 1 if is_doubted(case.reasons) else len(items), not_us)
    if case.escalated_at is None:
        items.append(Button("Escalate", "escalate", case.id, confirm=f"Escalate #{case.id}?"))
    items.append(Button("Add a note…", "note", case.id))
    return tuple(items)


def case_row(
    ctx: Context, case: Case, mention: Mention | None, *, length_of_quote: int = 180, is_lasting: bool = False
) -> Row:
    """A case as one line of a list. `is_lasting`: it is posted and read for hours, so times are times of day."""
    dot, colour = dot_of(case)
    due = due_by(ctx, case) if is_lasting else due_in_words(case, ctx.now)
    heading = f"{dot} #{case.id} {case.priority.word} · {status_in_words(ctx, case)}" + (f" · {due}" if due else "")
    when = clock(case.opened_at, ctx.now, ctx.zone) if is_lasting else ago(case.opened_at, ctx.now)
    told = (author_of(mention), mention.source, when, *facts(ctx, case, mention)[:1]) if mention else ()
    more = (f"+{case.mention_count - 1} alike",) if case.mention_count > 1 else ()
    return Row(
        heading=heading,
        quote=shown(mention.text or gone_words(mention), length_of_quote) if mention else None,
        facts=(*told, *_draft_in_words(ctx, case), *more),
        buttons=(_first_act(case), Button("Show", "show", case.id)),
        colour=colour,
    )


def _first_act(case: Case) -> Button:
    return buttons(case)[0]


def mention_row(ctx: Context, mention: Mention) -> Row:
    """A mention as one line of a list, whether it has a case or not."""
    where = f"case #{mention.case_id}" if mention.case_id else f"no case ({mention.priority.word})"
    when = mention.published_at or mention.seen_at
    return Row(
        heading=f"{author_of(mention)} · {mention.source} · {clock(when, ctx.now, ctx.zone)} · {where}",
        quote=shown(mention.text or gone_words(mention), 240),
        facts=(sentiment_in_words(mention), *mention.reasons[:2]),
        buttons=(Button("Show", "show", mention.case_id),) if mention.case_id else (),
        colour={"negative": "red", "positive": "green"}.get(mention.label, "grey"),
    )
