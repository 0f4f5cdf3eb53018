"""Words that are gone from a mention, by its deletion or its edit, leave what was learned at once.

All of it is learned anew soon, and without them; until then what is in force goes on, and only what no other decided
mention has is dropped from it. It is dropped from what was brought from elsewhere too, where the mention was decided
before that, so that it may have come from here. Two things stay: the mention's share in the weights of words that
others have as well, and whatever a file holds that was exported before. Brought back, it brings those words back.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from handlers.context import Context
from handlers.rules.learning import CUE, Learner, features_of
from storage.mentions import Known
from storage.types import RawMention


def unlearn(ctx: Context, gone: Sequence[Known]) -> None:
    """Drop what only these mentions have taught, by the words that they had, in the caller's transaction.

    Cheap where nothing was learned from them.
    """
    words: dict[str, Counter[str]] = {}
    for before in gone:
        for which in ctx.store.lessons.text_changed(before.id):
            words.setdefault(which, Counter()).update(_words(ctx, before))
    if words:
        states = ctx.store.lessons.states()
        found = {which: _without(states[which], some) for which, some in words.items() if states[which]}
        ctx.store.lessons.replace_states(found)


def _words(ctx: Context, before: Known) -> Iterable[str]:
    raw = RawMention("", before.text, title=before.title)
    return [name for name in features_of(raw, ctx.brain.scorer.score(raw), "") if not name.startswith(CUE)]


def _without(state: str, words: Counter[str]) -> str:
    try:
        learner = Learner.from_plain(json.loads(state))
    except ValueError:
        return state  # of another program: it is in force nowhere, and learned anew
    for word, count in words.items():
        left = learner.met.get(word, 0.0) - count
        if left > 0:
            learner.met[word] = left
        else:
            for each in (learner.weights, learner.squares, learner.met):
                each.pop(word, None)
    return json.dumps(learner.to_plain())
