"""GitHub on loopback: the search of issues, their lists and comments, and discussions by GraphQL."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from handlers.rules.text import normalise
from tests.bot.sources.engines import EngineRig, engine
from tests.bot.sources.rigs import Fault

REPO = "jo/home"


class GitHubRig(EngineRig):
    kind = "github"
    faults = frozenset(Fault)
    secrets = {"GITHUB_TOKEN": "t-1"}  # noqa: RUF012  never changed

    def __init__(self, *parts: Any, **settings: Any) -> None:
        self.issues: dict[int, Any] = {}
        self.comments: dict[int, Any] = {}
        self.discussions: list[Any] = []
        self.posted: list[str] = []
        self.is_incomplete = False
        self.is_private = False
        self.headers: dict[str, str] = {}
        self.status = 201
        super().__init__(*parts, **settings)
        self.serve("/search/issues", self._search)
        self.serve("/graphql", self._graphql)
        self.serve("/user", self._user)
        self.serve(f"/repos/{REPO}", self._repository)
        self.serve(f"/repos/{REPO}/issues", self._issues)
        self.serve(f"/repos/{REPO}/issues/comments", self._all_comments)

    def when(self, at: int | None = None) -> str:
        moment = datetime.fromtimestamp(at, UTC) if at is not None else self.next_moment()
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def publish(self, number: int, words: str, at: int | None = None, **fields: Any) -> dict[str, Any]:
        moment = self.when(at)
        path = f"repos/{REPO}/issues/{number}"
        self.issues[number] = {
            **{"url": f"https://api.github.com/{path}", "html_url": f"https://github.com/{REPO}/issues/{number}"},
            **{"number": number, "title": "Help", "body": words, "user": {"login": "mia", "type": "User"}},
            **{"comments": 0, "created_at": moment, "updated_at": moment, "locked": False, "reactions": None, **fields},
        }
        self.serve(f"/{path}", self._issue)
        self.serve(f"/{path}/comments", self._comments)
        return self.issues[number]  # type: ignore[no-any-return]

    def comment(self, id_: int, number: int, words: str, login: str = "bo", at: int | None = None) -> None:
        moment = self.when(at)
        self.comments[id_] = {
            "url": f"https://api.github.com/repos/{REPO}/issues/comments/{id_}",
            "html_url": f"https://github.com/{REPO}/issues/{number}#issuecomment-{id_}",
            "issue_url": self.issues[number]["url"],
            **{"body": words, "user": {"login": login, "type": "User"}, "created_at": moment, "updated_at": moment},
        }
        self.issues[number] |= {"comments": self.issues[number]["comments"] + 1, "updated_at": moment}
        self.serve(f"/repos/{REPO}/issues/comments/{id_}", self._comment)

    def discuss(self, id_: str, words: str, *comments: tuple[str, str]) -> None:
        moment = self.when()
        said = [self._said(one, text, moment) for one, text in comments]
        self.discussions.append(
            {**self._said(id_, words, moment), "title": "Talk", "comments": {"totalCount": len(said), "nodes": said}}
        )

    def _said(self, id_: str, words: str, moment: str) -> dict[str, Any]:
        url = f"https://github.com/{REPO}/discussions/1#{id_}"
        by = {"login": "mia", "__typename": "User"}
        times = {"createdAt": moment, "updatedAt": moment}
        where = {"repository": {"isPrivate": self.is_private}}
        return {**where, "id": id_, "url": url, "body": words, "upvoteCount": 2, "author": by, **times}

    async def give(self, number: int) -> None:
        self.publish(number, self.words_of(number))

    async def edit(self, number: int, words: str) -> None:
        self.issues[number] |= {"body": words, "updated_at": self.when()}

    async def delete(self, number: int) -> None:
        del self.issues[number]

    async def spoil(self) -> None:
        self.publish(9_999, "aurelia", url=None)

    def failed(self) -> web.Response | None:
        if self.fault is Fault.TOO_MANY:
            limit = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(self.now.timestamp()) + 40)}
            return web.json_response({"message": "API rate limit exceeded"}, status=403, headers=limit)
        return super().failed()

    async def _user(self, request: web.BaseRequest) -> web.Response:
        return web.json_response({"login": "aurelia-team"})

    async def _search(self, request: web.BaseRequest) -> web.Response:
        told = request.query["q"]
        assert (
            (request.query["sort"], request.query["order"]) == ("updated", "asc") if "sort" in request.query else True
        )
        since = re.search(r"updated:>=(\S+)", told)
        phrases = re.findall(r'"([^"]*)"', told)
        found = [
            issue
            for issue in self.issues.values()
            if (not since or issue["updated_at"] >= since[1]) and self._has(issue, phrases)
        ]
        body = {"total_count": len(found), "incomplete_results": self.is_incomplete, "items": self._cut(found, request)}
        return web.json_response(body, headers=self.headers)

    def _has(self, issue: Any, phrases: list[str]) -> bool:
        said = [one["body"] for one in self.comments.values() if one["issue_url"] == issue["url"]]
        words = normalise(" ".join([str(issue["title"]), str(issue["body"]), *said]))
        return all(normalise(phrase) in words for phrase in phrases)

    def _cut(self, found: list[Any], request: web.BaseRequest) -> list[Any]:
        found = sorted(found, key=lambda one: str(one["updated_at"]))
        size, page = int(request.query.get("per_page", 30)), int(request.query.get("page", 1))
        assert size <= 100
        assert size * page <= 1_000
        return found[size * (page - 1) : size * page]

    async def _repository(self, request: web.BaseRequest) -> web.Response:
        return web.json_response({"full_name": REPO, "private": self.is_private})

    async def _issues(self, request: web.BaseRequest) -> web.Response:
        since = request.query.get("since", "")
        return web.json_response(
            self._cut([one for one in self.issues.values() if one["updated_at"] >= since], request)
        )

    async def _all_comments(self, request: web.BaseRequest) -> web.Response:
        since = request.query.get("since", "")
        found = [one for one in self.comments.values() if one["updated_at"] >= since]
        return web.json_response(self._cut(found, request))

    async def _issue(self, request: web.BaseRequest) -> web.Response:
        issue = self.issues.get(int(request.path.rpartition("/")[2]))
        return web.json_response(issue) if issue else web.json_response({"message": "Not Found"}, status=404)

    async def _comment(self, request: web.BaseRequest) -> web.Response:
        comment = self.comments.get(int(request.path.rpartition("/")[2]))
        return web.json_response(comment) if comment else web.json_response({"message": "Gone"}, status=410)

    async def _comments(self, request: web.BaseRequest) -> web.Response:
        number = int(request.path.split("/")[-2])
        if request.method == "POST":
            text = json.loads(await request.read())["body"]
            self.posted.append(text)
            if self.status != 201:
                return web.json_response({"message": "no"}, status=self.status)
            id_ = 50_000 + len(self.posted)
            self.comment(id_, number, text, "aurelia-team")
            return web.json_response(self.comments[id_], status=201)
        found = [one for one in self.comments.values() if one["issue_url"] == self.issues[number]["url"]]
        found = [one for one in found if one["updated_at"] >= request.query.get("since", "")]
        return web.json_response(self._cut(found, request))

    async def _graphql(self, request: web.BaseRequest) -> web.Response:
        variables = json.loads(await request.read())["variables"]
        if "ids" in variables:
            return web.json_response(self._nodes(variables["ids"]))
        phrases = re.findall(r'"([^"]*)"', variables["q"])
        nodes = [
            one for one in self.discussions if all(p in normalise(one["body"] + str(one["comments"])) for p in phrases)
        ]
        start = int(variables["after"] or 0)
        info = {"hasNextPage": len(nodes) > start + 25, "endCursor": str(start + 25)}
        return web.json_response({"data": {"search": {"pageInfo": info, "nodes": nodes[start : start + 25]}}})

    def _nodes(self, ids: list[str]) -> dict[str, Any]:
        said = {node["id"]: node for one in self.discussions for node in (one, *one["comments"]["nodes"])}
        missing = [n for n, id_ in enumerate(ids) if id_ not in said]
        errors = [{"type": "NOT_FOUND", "path": ["nodes", number]} for number in missing]
        return {"data": {"nodes": [said.get(id_) for id_ in ids]}, "errors": errors}


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[GitHubRig]:
    async with engine(GitHubRig) as rig:
        yield rig
