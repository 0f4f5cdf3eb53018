"""What people do in a modal: submit it, pick a template, type, close it.

Everything that is needed stands in the modal itself, so that one that was opened before a restart works after it.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from bot.chats.desk import Desk
from bot.chats.slack.acts import Ack, Acts, Attempt, Knobs
from bot.chats.slack.answers import Answers
from bot.chats.slack.codes import NOTHING, Where
from bot.chats.slack.incoming import Body, Clicked, Incoming
from bot.chats.slack.typed import Typed
from bot.chats.slack.views import Submitted, errors_of, loading_view, read_view, words_view
from bot.chats.slack.windows import Opened, Windows, opened_of, view_of
from bot.chats.wording import literal
from handlers.requests import Reply, Request

_UNREADABLE = "This form cannot be read any more. Close it and open it again."
_LONGEST_ERROR = 600  # characters beside a field


class Modals:
    """Beside Acts, which does the requests."""

    def __init__(self, desk: Desk, acts: Acts, windows: Windows, answers: Answers, knobs: Knobs) -> None:
        self._acts = acts
        self._windows = windows
        self._answers = answers
        self._typed = Typed(desk.act, knobs.typed_every)

    async def close(self) -> None:
        """Write what was typed and not submitted."""
        await self._typed.close()

    async def submit(self, incoming: Incoming, body: Body) -> Ack:  # noqa: ARG002 - the view is in `incoming`
        """A form, or the yes to a question."""
        submitted = self._read(incoming)
        if submitted is None:
            return self.refuse(incoming, _UNREADABLE)
        if not submitted.verb:
            return {}
        view_id = str(incoming.view.get("id", ""))
        request = replace(
            self._acts.request(incoming, submitted.verb, submitted.values, submitted.case), is_form=submitted.is_form
        )
        self._typed.submitted(view_id)
        try:
            attempt = await self._acts.attempt(incoming, request, can_load=False)
        except Exception:
            self._typed.came_back(view_id)
            raise
        if attempt.reply is None:
            self._acts.later(incoming, self._answer_late(incoming, request, attempt, submitted.where))
            return None
        if attempt.reply.form is not None or attempt.reply.is_error:
            self._typed.came_back(view_id)
        return self._ack(incoming, request, attempt.reply, submitted.where)

    async def closed(self, incoming: Incoming, body: Body) -> Ack:  # noqa: ARG002 - the view is in `incoming`
        """What was typed is kept."""
        view_id = str(incoming.view.get("id", ""))
        if request := self._unsaved(incoming):
            self._typed.heard(view_id, request)
        await self._typed.closed(view_id)
        return {}

    async def typed(self, incoming: Incoming, clicked: Clicked) -> Ack:
        """Somebody is typing."""
        field = clicked.action_id.partition(":")[2]
        if request := self._unsaved(incoming, {field: clicked.value}):
            self._typed.heard(str(incoming.view.get("id", "")), request)
        return {}

    async def picked(self, incoming: Incoming, clicked: Clicked) -> Ack:
        """A choice that changes the form: it is asked for again with that choice. What was typed is kept before."""
        submitted = self._read(incoming)
        if submitted is None or not submitted.verb:
            return {}
        field = clicked.action_id.partition(":")[2]
        chosen = {field: "" if clicked.value == NOTHING else clicked.value}
        # Nothing else of the form travels along: with its text the verb would be done, and not asked again.
        request = self._acts.request(incoming, submitted.verb, chosen, submitted.case)
        view_id = str(incoming.view.get("id", ""))
        if typed := self._unsaved(incoming):
            self._typed.heard(view_id, typed)
            await self._typed.keep(view_id)
        attempt = await self._acts.attempt(incoming, request, can_load=False)
        self._acts.later(incoming, self._turn(incoming, request, attempt, submitted.where))
        return None if attempt.reply is None else {}

    def _read(self, incoming: Incoming) -> Submitted | None:
        return read_view(incoming.view, self._acts.member_of)

    def refuse(self, incoming: Incoming, words: str) -> dict[str, Any]:
        """Say why not and lose nothing that was typed: beside the first field, or instead of the question."""
        inputs = (block for block in incoming.view.get("blocks", ()) if block.get("type") == "input")
        if (first := next(inputs, None)) is not None:
            return {"response_action": "errors", "errors": {first["block_id"]: literal(words, _LONGEST_ERROR)}}
        submitted = self._read(incoming)
        where = submitted.where if submitted else Where()
        view = self._windows.drawn(partial(words_view, "Not done", words, where), incoming.user)
        return {"response_action": "update", "view": view}

    def _ack(self, incoming: Incoming, request: Request, reply: Reply, where: Where) -> dict[str, Any]:
        if reply.form is not None:
            errors = errors_of(reply.form, incoming.view) if reply.form.errors else {}
            if errors:
                return {"response_action": "errors", "errors": errors}
            return self._next(incoming, reply, where)
        if reply.is_error:
            return self.refuse(incoming, reply.words)
        if reply.file is not None and not where.channel:
            self._acts.later(incoming, self._hand_over(incoming, reply, where))
            loading = partial(loading_view, where)
            return {"response_action": "update", "view": self._windows.drawn(loading, incoming.user)}
        if reply.screen is not None:
            return self._next(incoming, reply, where)
        if where.channel:
            self._acts.later(incoming, self._tell(incoming, request, reply, where))
            return {}
        self._acts.later(incoming, self._answers.redraw_home(incoming))
        is_seen = self._answers.is_shown_at_home(request) and not incoming.view.get("previous_view_id")
        if is_seen or reply.is_repeat:
            return {}
        return self._next(incoming, reply, where)

    def _next(self, incoming: Incoming, reply: Reply, where: Where) -> dict[str, Any]:
        return {"response_action": "update", "view": self._windows.drawn(view_of(reply, where), incoming.user)}

    async def _hand_over(self, incoming: Incoming, reply: Reply, where: Where) -> None:
        """Her modal waits to be told where the file is."""
        told = await self._answers.with_file(incoming, reply)
        await self._windows.fill(Opened(str(incoming.view.get("id", "")), "", incoming.user), view_of(told, where))

    async def _tell(self, incoming: Incoming, request: Request, reply: Reply, where: Where) -> None:
        """Her form is closed; the answer stands where she opened it, if what she clicked does not show it."""
        on = "message" if where.message else "event"
        there = replace(incoming, on=on, channel=where.channel, thread=where.thread, message=where.message, trigger="")
        await self._answers.give(there, reply, request)

    async def _answer_late(self, incoming: Incoming, request: Request, attempt: Attempt, where: Where) -> None:
        """Slack has told her that we did not answer, and her form is open still."""
        reply = await self._answers.with_file(incoming, await attempt.task)
        view_id = str(incoming.view.get("id", ""))
        if reply.form is not None or reply.is_error:
            self._typed.came_back(view_id)
        if reply.is_error and reply.form is None and where.channel:  # her words stay where they are
            await self._tell(incoming, request, reply, where)
            return
        is_filled = await self._windows.fill(Opened(view_id, "", incoming.user), view_of(reply, where))
        if not is_filled and where.channel:
            await self._tell(incoming, request, reply, where)

    async def _turn(self, incoming: Incoming, request: Request, attempt: Attempt, where: Where) -> None:
        reply = await attempt.task
        if reply.form is None:
            await self._answers.give(incoming, reply, request)
            return
        await self._windows.fill(opened_of(incoming), view_of(reply, where))

    def _unsaved(self, incoming: Incoming, typed: Mapping[str, str] | None = None) -> Request | None:
        """What stands in the form now, to be kept; None where that is not told."""
        submitted = self._read(incoming)
        has_state = bool((incoming.view.get("state") or {}).get("values"))
        if submitted is None or not submitted.is_form or not (has_state or typed):
            return None
        values = {**submitted.values, **(typed or {})}
        request = self._acts.request(incoming, submitted.verb, values, submitted.case, key="")
        return replace(request, is_form=True, is_closed=True)
