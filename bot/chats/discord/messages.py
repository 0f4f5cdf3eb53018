"""Puts drawings into messages: posts them, and draws them anew, as they are meant or plainer."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import discord
from discord.http import Route, handle_message_parameters

from bot.chats.discord import render
from bot.chats.discord.desk import DiscordDesk
from bot.chats.discord.pictures import NOTHING, Attached, Pictures
from bot.chats.discord.refusals import BAD_FORM, BAD_LINK, BLOCKED, TOO_LARGE, DiscordRefused
from bot.chats.discord.turns import Interaction
from bot.chats.discord.wire import Wire
from handlers.cards import Drawing
from handlers.ports import ChatDoubtful, ChatMessageGone

log = logging.getLogger(__name__)

_TOO_MUCH = (BAD_FORM, TOO_LARGE, BLOCKED, BAD_LINK)  # a plainer drawing may do
_LOOK_WITHIN = 3.0  # seconds

Send = Callable[[dict[str, Any]], Awaitable[Any]]


class Messages:
    """`look` says who is who at the moment. All raise ChatError; what is refused is tried once more as plain text."""

    def __init__(self, wire: Wire, desk: DiscordDesk, look: Callable[[], render.Look]) -> None:
        self._wire = wire
        self._desk = desk
        self._look = look
        self._pictures = Pictures(desk, self._look_at)

    async def post(self, place: int, drawing: Drawing, key: str, *, answers: int = 0) -> tuple[int, int]:
        """Post a message, which `answers` another unless that is 0; its channel's and its own id. ChatMessageGone: the
        other was deleted.

        By the nonce Discord knows what it has from an earlier attempt, and gives us that.
        """
        http = self._wire.client.http
        more: dict[str, Any] = {"nonce": nonce(key)}
        if answers:
            more["message_reference"] = {"message_id": str(answers), "fail_if_not_exists": True}
            more["mention_author"] = False

        async def send(fields: dict[str, Any]) -> Any:
            with handle_message_parameters(**fields, **more) as params:
                return await self._wire.answer(
                    lambda: http.send_message(place, params=params), what="a message", place=str(place)
                )

        try:
            told = await self._say(send, drawing, key)
        except DiscordRefused as refused:
            if any(field.startswith("message_reference") for field in refused.fields):
                raise ChatMessageGone("The card is not there any more.") from None
            raise
        if not isinstance(told, dict) or not str(told.get("id", "")).isdigit():
            raise ChatDoubtful("Discord did not say where the message stands.")
        self._pictures.stands(int(told["id"]), told)
        return int(told.get("channel_id") or place), int(told["id"])

    async def change(self, place: int, message: int, drawing: Drawing, key: str) -> None:
        """Draw a message anew."""
        route = Route("PATCH", "/channels/{channel_id}/messages/{message_id}", channel_id=place, message_id=message)
        await self._change(route, str(place), place, message, drawing, key)

    async def change_through(self, click: Interaction, place: int, message: int, drawing: Drawing, key: str) -> None:
        """The same, through a click on it."""
        route = Route(
            "PATCH",
            "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
            webhook_id=click.application_id,
            webhook_token=click.token,
        )
        await self._change(route, f"click {click.id}", place, message, drawing, key)

    async def _change(self, route: Route, limit: str, place: int, message: int, drawing: Drawing, key: str) -> None:
        http = self._wire.client.http

        async def send(fields: dict[str, Any]) -> Any:
            with handle_message_parameters(**fields) as params:
                body: dict[str, Any] = (
                    {"files": params.files, "form": params.multipart} if params.files else {"json": params.payload}
                )
                return await self._wire.answer(lambda: http.request(route, **body), what="a change", place=limit)

        told = await self._say(send, drawing, key, place, message)
        if not isinstance(told, dict):
            raise ChatDoubtful("Discord did not say whether it took a change.")
        self._pictures.stands(message, told)

    async def _say(self, send: Send, drawing: Drawing, key: str, place: int = 0, message: int = 0) -> Any:
        """What Discord says to it. `message` stands already, in `place`."""
        drawn = render.message(drawing, key, self._look())
        attached = await self._pictures.for_message(drawn.chart, drawn.alt, place, message)
        if drawn.chart is not None and attached is NOTHING:
            drawn = render.message(drawing, key, replace(self._look(), has_pictures=False))
        try:
            return await self._send(send, drawn, attached)
        except DiscordRefused as refused:
            if refused.code not in _TOO_MUCH:
                raise
            log.warning("%s A plainer drawing is tried.", refused.message)
        return await self._send(send, render.text_only(drawing, key), NOTHING)

    async def _send(self, send: Send, drawn: render.Message, attached: Attached) -> Any:
        if drawn.carried:
            await self._desk.carry(drawn.carried)
        embeds = attached.shown_in(drawn.embeds)
        return await send(
            {
                "content": drawn.content or None,
                "embeds": embeds,
                "view": drawn.view,
                "allowed_mentions": drawn.allowed,
                # This hides every embed, ours too; where there is none of ours, none is to come of an address.
                "flags": discord.MessageFlags(suppress_embeds=not embeds),
                **attached.files(),
            }
        )

    async def _look_at(self, place: int, message: int) -> Mapping[str, Any]:
        """A message as Discord has it."""
        http = self._wire.client.http
        told = await self._wire.answer(
            lambda: http.get_message(place, message), what="a message to look at", place=str(place), within=_LOOK_WITHIN
        )
        return told if isinstance(told, dict) else {}


def nonce(key: str) -> str:
    """What Discord knows a delivery by: the same for every attempt, 24 characters (Discord takes 25)."""
    return blake2b(key.encode(errors="replace"), digest_size=12).hexdigest()
