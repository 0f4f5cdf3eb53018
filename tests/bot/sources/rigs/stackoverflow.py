"""Stack Exchange on loopback: the search of questions, answers, and looks by id; always packed, with a quota."""

import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from handlers.rules.text import normalise
from tests.bot.sources.engines import EngineRig, engine
from tests.bot.sources.rigs import Fault


class StackOverflowRig(EngineRig):
    kind = "stackoverflow"
    faults = frozenset(Fault)

    def __init__(self, *parts: Any, **settings: Any) -> None:
        self.questions: dict[int, Any] = {}
        self.answers: dict[int, Any] = {}
        self.left = 300
        self.backoff = 0
        self.newest = 80_000_000
        super().__init__(*parts, **settings)
        self.serve("/search/advanced", self._search)
        self.serve("/info", self._info)
        self.serve("/posts", self._posts)
        self.server.otherwise = self._look

    def publish(self, id_: int, words: str, at: int | None = None, **fields: Any) -> dict[str, Any]:
        moment = int(self.next_moment().timestamp()) if at is None else at
        owner = {"user_id": 7, "display_name": "Mia"}
        told = {"question_id": id_, "title": "Help", "body": f"<p>{words}</p>", "tags": ["lamp"], "owner": owner}
        numbers = {"score": 0, "answer_count": 0, "creation_date": moment, "last_activity_date": moment}
        self.questions[id_] = {**told, **numbers, **fields}
        return self.questions[id_]  # type: ignore[no-any-return]

    def answer(self, id_: int, question: int, words: str, user: int = 8, at: int | None = None) -> None:
        moment = int(self.next_moment().timestamp()) if at is None else at
        owner = {"user_id": user, "display_name": "Bo"}
        told = {"answer_id": id_, "question_id": question, "body": f"<p>{words}</p>", "owner": owner, "score": -2}
        self.answers[id_] = {**told, "creation_date": moment, "last_activity_date": moment}
        found = self.questions[question]
        found |= {"answer_count": found["answer_count"] + 1, "last_activity_date": moment}

    async def give(self, number: int) -> None:
        self.publish(1_000 + number, self.words_of(number))

    async def edit(self, number: int, words: str) -> None:
        moment = int(self.next_moment().timestamp())
        self.questions[1_000 + number] |= {"body": f"<p>{words}</p>", "last_activity_date": moment}

    async def delete(self, number: int) -> None:
        del self.questions[1_000 + number]

    async def spoil(self) -> None:
        self.publish(9_999, "aurelia", question_id=None)

    def failed(self) -> web.Response | None:
        if self.fault is Fault.TOO_MANY:
            return self.refuse(502, "too many requests from this IP, more requests available in 90 seconds")
        return super().failed()

    def refuse(self, number: int, words: str) -> web.Response:
        return web.json_response({"error_id": number, "error_message": words, "error_name": "x"}, status=400)

    def told(self, items: list[Any], request: web.BaseRequest) -> web.Response:
        assert request.query["site"]
        self.left -= 1
        size, page = int(request.query.get("pagesize", 30)), int(request.query.get("page", 1))
        cut = items[size * (page - 1) : size * page]
        body: dict[str, Any] = {"items": cut, "has_more": len(items) > size * page, "quota_remaining": self.left}
        if self.backoff:
            body["backoff"] = self.backoff
        packed = gzip.compress(json.dumps(body).encode())
        return web.Response(body=packed, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})

    def active(self, found: list[Any], request: web.BaseRequest) -> list[Any]:
        since = int(request.query.get("min", 0))
        recent = [one for one in found if one["last_activity_date"] >= since]
        return sorted(recent, key=lambda one: int(one["last_activity_date"]))

    async def _info(self, request: web.BaseRequest) -> web.Response:
        return self.told([{}], request)

    async def _posts(self, request: web.BaseRequest) -> web.Response:
        assert (request.query["sort"], request.query["order"]) == ("creation", "desc")
        return self.told([{"post_id": self.newest}], request)

    async def _search(self, request: web.BaseRequest) -> web.Response:
        assert (request.query["sort"], request.query["order"]) == ("activity", "asc")
        parts = request.query.get("q", "").split('"')
        words = [*" ".join(parts[::2]).split(), *parts[1::2]]
        tag = request.query.get("tagged", "")
        said = [(one, normalise(f"{one['title']} {one['body']}")) for one in self.questions.values()]
        found = [one for one, text in said if all(normalise(word) in text for word in words)]
        return self.told(self.active([one for one in found if not tag or tag in one["tags"]], request), request)

    async def _look(self, request: web.BaseRequest) -> web.StreamResponse:
        parts = request.path.strip("/").split("/")
        return self.failed() or self._by_ids(parts, [int(one) for one in parts[1].split(";")], request)

    def _by_ids(self, parts: list[str], ids: list[int], request: web.BaseRequest) -> web.Response:
        if parts[-1] == "answers" and len(parts) == 3:
            found = [one for one in self.answers.values() if one["question_id"] in ids]
            return self.told(self.active(found, request), request)
        here = self.questions if parts[0] == "questions" else self.answers
        return self.told([here[id_] for id_ in ids if id_ in here], request)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[StackOverflowRig]:
    async with engine(StackOverflowRig) as rig:
        yield rig
