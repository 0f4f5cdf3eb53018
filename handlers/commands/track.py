from handlers import cases
from handlers.cards import Button, Screen
from handlers.context import Context
from handlers.forms import Field, Form
from handlers.requests import Carried, Reply, Words, command
from handlers.rules.policy import Member
from handlers.rules.text import clean, safe_url
from handlers.tracking import Seen, Tracked, brand_of
from handlers.tracking import track as take
from storage.errors import InvalidInput
from storage.types import Status

_LONGEST = 3_000  # characters in the form


@command(example="track https://… the whole crew was rude", typed="[https://…] [what was said]")
def track(
    ctx: Context,
    who: Member,
    words: Words | None = None,
    text: Carried | None = None,
    url: Carried | None = None,
    author: Carried | None = None,
    brand: Carried | None = None,
    case: Carried | None = None,
) -> Reply:
    """Make a case of something that you have seen yourself: its link, and what was said.

    A copy of what has a case already joins it. Without words a form opens.
    """
    if case is not None:  # done on our own card
        return _known(ctx, case)
    if words:
        seen = _read(words)
        chosen = brand_of(ctx, seen)
        is_asked = not seen.text or not chosen
    else:
        seen = Seen((text or "").strip(), (url or "").strip(), (author or "").strip().removeprefix("@"))
        chosen = brand_of(ctx, seen) if brand is None else brand
        is_asked = words is None  # a submitted form says "" here
    if is_asked:
        return Reply(form=_form(ctx, seen, chosen))
    _refuse_unknown(ctx, chosen)
    if not seen.text:
        raise InvalidInput("Say what was said.", "Copy the customer's words.", field="text")
    return Reply(_told(ctx, take(ctx, who, seen, chosen)))


def _read(words: str) -> Seen:
    """What was typed: the first link in it is where it stands; at the head of the line it is no part of the words."""
    parts = words.split()
    url = next((part for part in parts if safe_url(part)), "")
    text = words.strip().removeprefix(url).strip() if url else words.strip()
    return Seen(text, url)


def _refuse_unknown(ctx: Context, brand: str) -> None:
    names = [one.name for one in ctx.policy.brands]
    if brand not in names:
        raise InvalidInput("Say which brand it concerns.", f"Known: {', '.join(names)}.", field="brand")


def _form(ctx: Context, seen: Seen, brand: str) -> Form:
    is_cut = len(seen.text) > _LONGEST
    hint = f"Only its first {_LONGEST:,} characters stand here." if is_cut else "The customer's own words."
    fields = [
        Field("text", "What was said", "long_text", clean(seen.text[:_LONGEST]), hint, max_length=_LONGEST),
        Field("url", "Link to it", value=safe_url(seen.url), is_required=False, max_length=2_000),
        Field("author", "Who said it", value=clean(seen.author, 100), is_required=False, max_length=100),
    ]
    if len(ctx.policy.brands) > 1:
        choices = tuple((one.name, one.name) for one in ctx.policy.brands)
        fields.append(Field("brand", "Brand", "choice", brand, choices=choices))
    return Form("Track a mention", "track", None, tuple(fields), submit="Track")


def _known(ctx: Context, number: str) -> Reply:
    found = cases.find(ctx, int(number) if number.isdecimal() else 0)
    show = Button("Show", "show", found.id)
    return Reply(screen=Screen(f"That is case #{found.id}", cases.where_it_stands(ctx, found), buttons=(show,)))


def _told(ctx: Context, tracked: Tracked) -> str:
    number = tracked.case
    if tracked.is_new:
        return f"This is case #{number} now. `claim {number}` takes it."
    found = cases.find(ctx, number)
    stands = cases.where_it_stands(ctx, found)
    hint = f" `reopen {number}` opens it again." if found.status is Status.RESOLVED else ""
    if tracked.is_known:
        return f"#{number} has it already. {stands}{hint}"
    return f"It tells the same as #{number}, and stands there now. {stands}{hint}"
