"""GDELT's list of articles, oldest first from the moment that it is asked for."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.sources.news import Settings, build
from handlers.ports import Source, Wanted
from handlers.rules.query import parse
from tests.bot.sources.feedserver import NOW, FeedServer, fetching, serving, tools
from tests.bot.sources.rigs import Fault

PATH = "/api/v2/doc/doc"
_ANSWERS = {
    Fault.TOO_MANY: (429, "Please limit requests to one every 5 seconds."),
    Fault.TROUBLE: (500, "oops"),
    Fault.NONSENSE: (200, "<html>A portal</html>"),
}


def article(number: int, title: str, **more: Any) -> dict[str, Any]:
    seen = NOW - timedelta(hours=6) + timedelta(seconds=number)
    return {
        "url": f"https://paper.example/story-{number}",
        "title": title,
        "seendate": f"{seen:%Y%m%dT%H%M%SZ}",
        "domain": "paper.example",
        "language": "English",
        **more,
    }


class NewsRig:
    faults = frozenset(_ANSWERS)
    can_edit = False
    can_delete = False
    can_spoil = True
    wanted = (Wanted("Aurelia", "name", parse("aurelia")),)

    def __init__(self, server: FeedServer, source: Source) -> None:
        self.source = source
        self.articles: list[dict[str, Any]] = []
        self._fault: Fault | None = None
        server.do(PATH, self._answer)

    def words_of(self, number: int) -> str:
        return f"Aurelia lamp number {number} explodes"

    async def give(self, number: int) -> None:
        self.articles.append(article(number, self.words_of(number)))

    async def edit(self, number: int, words: str) -> None:
        raise NotImplementedError

    async def delete(self, number: int) -> None:
        raise NotImplementedError

    async def spoil(self) -> None:
        number = len(self.articles)
        self.articles.append(article(number, "", domain=f"spoilt-{number}.example"))

    def fail(self, fault: Fault | None) -> None:
        self._fault = fault

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._fault:
            status, text = _ANSWERS[self._fault]
            return web.Response(status=status, text=text, content_type="text/html")
        start = request.query["startdatetime"]
        found = [one for one in self.articles if one["seendate"].replace("T", "").rstrip("Z") >= start]
        found = sorted(found, key=lambda one: one["seendate"])[: int(request.query["maxrecords"])]
        return web.Response(text=json.dumps({"articles": found}), content_type="application/json")


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[NewsRig]:
    async with serving() as server, fetching() as fetch:
        address = server.url("")
        settings = Settings(("gdelt",), gdelt_server=address, google_server=address, allow_private=True)
        yield NewsRig(server, build("news", settings, tools(fetch)))
