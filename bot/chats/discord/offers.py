"""Forms that wait for a click: Discord opens one only as the first answer to a click, and never from another form.

A form is held as it would have opened, with what was typed in it; after a restart its verb is asked for it again.
"""

import secrets
from collections import OrderedDict
from collections.abc import Mapping

from bot.chats.discord.codes import Pressed
from handlers.cards import Button
from handlers.forms import Form

OFFER = "offer"  # a verb of ours that is no staff verb
_FORM, _VERB = "form", "verb"
_ABOUT = ("hash", "part")  # what a form is about, beside its case; all else that travels along is an answer to it
_KEPT = 300  # forms


class Offers:
    """Holds the latest forms in memory, each for one person."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, tuple[str, Form]] = OrderedDict()

    def button(self, label: str, user: str, form: Form, asked: Mapping[str, str] | None = None) -> Button:
        """What opens the form. `asked` is what its verb is asked with where the form is not held any more."""
        token = secrets.token_urlsafe(6)
        self._held[token] = (user, form)
        while len(self._held) > _KEPT:
            self._held.popitem(last=False)
        about = {name: value for name, value in form.hidden if name in _ABOUT}
        return _button(label, token, form.verb, form.case, {**about, **(asked or {})})

    def form(self, user: str, pressed: Pressed) -> Form | None:
        """The form that her button stands for; None when it must be asked for again."""
        owner, form = self._held.get(pressed.values.get(_FORM, ""), ("", None))
        return form if owner == user else None


def again(label: str, verb: str, case: int | None, values: Mapping[str, str]) -> Button:
    """What asks a verb for its form anew."""
    return _button(label, "", verb, case, {name: value for name, value in values.items() if name in _ABOUT})


def asked_by(pressed: Pressed) -> Pressed:
    """What the button of a form that is not held any more asks for."""
    values = {name: value for name, value in pressed.values.items() if name not in (_FORM, _VERB)}
    return Pressed(pressed.values.get(_VERB, ""), pressed.case, values)


def _button(label: str, token: str, verb: str, case: int | None, asked: Mapping[str, str]) -> Button:
    return Button(label, OFFER, case, ((_FORM, token), (_VERB, verb), *asked.items()), style="primary")
