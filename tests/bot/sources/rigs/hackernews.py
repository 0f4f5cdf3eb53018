"""Hacker News on loopback: the search, which gives the newest first and at most 1,000, and the server of items."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from handlers.rules.text import normalise
from tests.bot.sources.engines import EngineRig, engine


class HackerNewsRig(EngineRig):
    kind = "hackernews"

    def __init__(self, *parts: Any, **settings: Any) -> None:
        self.hits: list[Any] = []
        self.dead: dict[int, Any] = {}
        super().__init__(*parts, **settings)
        self.serve("/api/search_by_date", self._search)
        self.serve("/v0/maxitem.json", self._newest)

    def addresses(self) -> dict[str, str]:
        return {"server": self.server.url("/api"), "item_server": self.server.url("/v0")}

    def publish(self, id_: int, words: str, at: int | None = None, **fields: Any) -> dict[str, Any]:
        moment = int(self.next_moment().timestamp()) if at is None else at
        comment = {"comment_text": words, "story_title": "Lamps", "story_id": 1, "parent_id": 1}
        hit = {"objectID": str(id_), "author": "mia", "created_at_i": moment, "points": None, **comment, **fields}
        self.hits.append(hit)
        self.serve(f"/v0/item/{id_}.json", self._item)
        return hit

    async def give(self, number: int) -> None:
        self.publish(1000 + number, self.words_of(number))

    async def edit(self, number: int, words: str) -> None:
        self._hit(1000 + number)["comment_text"] = words

    async def delete(self, number: int) -> None:
        hit = self._hit(1000 + number)
        self.hits.remove(hit)
        self.dead[1000 + number] = None

    async def spoil(self) -> None:
        self.publish(0, "aurelia", objectID=None)

    def _hit(self, id_: int) -> Any:
        return next((hit for hit in self.hits if hit.get("objectID") == str(id_)), None)

    async def _search(self, request: web.BaseRequest) -> web.Response:
        limits = [one.partition(">") if ">" in one else one.partition("<=") for one in self._filters(request)]
        lower = max((int(value) for _, sign, value in limits if sign == ">"), default=0)
        upper = min((int(value) for _, sign, value in limits if sign == "<="), default=10**12)
        found = [hit for hit in self.hits[::-1] if lower < hit["created_at_i"] <= upper and self._fits(hit, request)]
        found = sorted(found, key=lambda hit: -int(hit["created_at_i"]))
        size = min(int(request.query.get("hitsPerPage", 20)), 1_000)
        return web.json_response({"hits": found[:size], "nbHits": len(found), "hitsPerPage": size})

    def _filters(self, request: web.BaseRequest) -> list[str]:
        return [
            one.removeprefix("created_at_i") for one in request.query.get("numericFilters", "created_at_i>0").split(",")
        ]

    def _fits(self, hit: dict[str, Any], request: web.BaseRequest) -> bool:
        _, _, author = request.query["tags"].partition(",author_")
        told = normalise(" ".join(str(hit.get(key)) for key in ("comment_text", "story_title", "title", "story_text")))
        parts = request.query.get("query", "").split('"')
        words = [*" ".join(parts[::2]).split(), *parts[1::2]]
        return (not author or author == hit["author"]) and all(normalise(word) in told for word in words)

    async def _newest(self, request: web.BaseRequest) -> web.Response:
        return web.json_response(50_000_000)

    async def _item(self, request: web.BaseRequest) -> web.Response:
        id_ = int(request.path.rpartition("/")[2].removesuffix(".json"))
        hit = self._hit(id_)
        if id_ in self.dead or hit is None:
            return web.json_response(self.dead.get(id_))
        item = {"id": id_, "by": hit["author"], "time": hit["created_at_i"], "type": "comment", "text": "x"}
        if hit.get("title"):
            item |= {"type": "story", "title": hit["title"], "text": hit.get("story_text"), "url": hit.get("url")}
            item |= {"score": hit["points"], "descendants": hit.get("num_comments")}
        return web.json_response(item)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[HackerNewsRig]:
    async with engine(HackerNewsRig) as rig:
        yield rig
