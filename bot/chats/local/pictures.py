"""Charts on the page: an address for each picture, and the picture behind it, for members only.

The address names the chart by its content, so browsers keep the picture for good. The chart itself is read from where
it stands: the address of a message's chart says which message, the chart of an answer is remembered here for a while.
"""

from collections import OrderedDict
from collections.abc import Callable

from aiohttp import web

from bot import charts
from bot.chats.local.adapter import Desk, from_body
from bot.chats.local.pages import may_read
from handlers.cards import Chart, Screen
from handlers.rules.policy import Member
from storage.errors import NotFound

_KEPT = 300  # charts of answers
_FOR_GOOD = "private, max-age=31536000, immutable"


class Pictures:
    """The route of pictures. `member` says who asks; it raises HTTPForbidden for strangers."""

    def __init__(self, desk: Desk, member: Callable[[web.Request], Member]) -> None:
        self._desk = desk
        self._member = member
        self._answered: OrderedDict[tuple[str, str], Chart] = OrderedDict()

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/chart/{name:[0-9a-f]{32}}.png", self._picture)]

    def remember(self, member: Member, chart: Chart) -> None:
        """Keep the chart of a private answer, for her who got it."""
        key = (member.name, charts.identity(chart))
        self._answered[key] = chart
        self._answered.move_to_end(key)
        while len(self._answered) > _KEPT:
            self._answered.popitem(last=False)

    async def _picture(self, request: web.Request) -> web.Response:
        member, name = self._member(request), request.match_info["name"]
        is_dark = request.query.get("look") == "dark"
        tag = f"{name}-dark" if is_dark else name
        headers = {"Cache-Control": _FOR_GOOD, "ETag": f'"{tag}"'}
        if any(known.value == tag for known in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        chart = self._answered.get((member.name, name)) or await self._of_message(request.query.get("of", ""), member)
        if chart is None or charts.identity(chart) != name:
            raise web.HTTPNotFound(text="This picture is not kept any more. Give the command again.")
        return web.Response(body=await self._desk.picture(chart, is_dark), content_type="image/png", headers=headers)

    async def _of_message(self, ref: str, member: Member) -> Chart | None:
        if not ref:
            return None
        try:
            message = await self._desk.read(lambda chat: chat.message(ref))
            if not may_read(member.name, message.channel):
                return None
            drawing = from_body(message.body).drawing
        except (NotFound, ValueError, KeyError):
            return None
        return drawing.chart if isinstance(drawing, Screen) else None
