"""Every route of the page as an OpenAPI document: what it takes, what it may answer. A new route must be here."""

from dataclasses import dataclass
from typing import Any

PLAIN, HTML, JSON, PNG = "text/plain", "text/html", "application/json", "image/png"
_TEXT: dict[str, Any] = {"type": "string", "maxLength": 300}
_KEY: dict[str, Any] = {"type": "string", "pattern": "^[A-Za-z0-9-]{8,64}$"}
_VALUES = {"type": "object", "additionalProperties": _TEXT, "maxProperties": 5}
_PRESS = {"verb": _TEXT, "case": {"type": ["integer", "null"]}, "values": _VALUES, "channel": _TEXT, "key": _KEY}


@dataclass(frozen=True)
class Route:
    """`takes` are the fields of a body: of JSON, or of a form when `is_form`; `asks` are those of the query."""

    method: str
    path: str
    statuses: frozenset[int]
    kinds: frozenset[str]
    takes: dict[str, Any] | None = None
    is_form: bool = False
    asks: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


def _get(path: str, statuses: set[int], kinds: set[str], *asks: str) -> Route:
    return Route("get", path, frozenset(statuses), frozenset(kinds), asks=asks)


def _form(path: str, statuses: set[int], kinds: set[str], *names: str) -> Route:
    return Route(
        "post", path, frozenset(statuses), frozenset(kinds | {PLAIN}), dict.fromkeys(names, _TEXT), is_form=True
    )


def _act(path: str, statuses: set[int], takes: dict[str, Any], *optional: str) -> Route:
    needs = tuple(name for name in takes if name not in optional)
    return Route("post", path, frozenset(statuses), frozenset({JSON, PLAIN}), takes, needs=needs)


ROUTES = (
    _get("/", {200, 302}, {HTML, PLAIN}, "before", "thread"),
    _get("/c/{channel}", {200, 302, 404}, {HTML, PLAIN}, "before", "thread"),
    _get("/thread/{ref}", {200, 403, 404}, {HTML, PLAIN}),
    _get("/sign-in", {200, 403}, {HTML, PLAIN}, "t"),
    _form("/sign-in", {303, 403, 413, 415, 400}, {HTML}, "t"),
    _form("/sign-out", {303, 403, 413, 415, 400}, {HTML}, "token"),
    _form("/be", {303, 400, 403, 413, 415}, {HTML}, "token", "member", "channel"),
    _act("/act", {200, 400, 403, 413}, _PRESS, "case", "values"),
    _act("/form", {200, 400, 403, 413}, _PRESS, "case", "values"),
    _act("/line", {200, 400, 403, 413}, {"line": {"type": "string", "maxLength": 4000}, "channel": _TEXT, "key": _KEY}),
    _act("/share", {200, 400, 403, 404, 410, 413}, {"answer": _TEXT, "channel": _TEXT}),
    _get("/events", {200, 400, 403, 429}, {"text/event-stream", PLAIN}, "since", "channel"),
    _get("/changes", {200, 400, 403}, {JSON, PLAIN}, "since", "channel"),
    _get("/chart/{name}.png", {200, 304, 403, 404}, {PNG, PLAIN}, "of", "look"),
    _get("/static/{name}", {200, 404}, {PLAIN, "text/javascript", "text/css", "image/svg+xml", "font/woff2"}),
    _get("/healthz", {200, 503}, {JSON}),
    _get("/metrics", {200, 403}, {PLAIN}),
    Route("post", "/hooks/{source}", frozenset({202, 400, 401, 404, 409, 413, 415, 422}), frozenset({JSON, PLAIN}), {}),
    _get("/feedback/{source}", {200, 404}, {HTML, PLAIN}),
    _form("/feedback/{source}", {303, 400, 403, 404, 413, 415}, {HTML}, "token", "text", "name", "email", "stars"),
    _get("/feedback/{source}/thanks", {200, 404}, {HTML, PLAIN}),
)  # fmt: skip


def document() -> dict[str, Any]:
    """The routes as OpenAPI 3.1."""
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method] = _operation(route)
    return {"openapi": "3.1.0", "info": {"title": "The page of Earshot", "version": "1"}, "paths": paths}


def _operation(route: Route) -> dict[str, Any]:
    content = {kind: {} for kind in sorted(route.kinds)}
    told: dict[str, Any] = {
        "parameters": [
            {"name": name, "in": "query", "required": False, "schema": _TEXT} for name in route.asks
        ] + [
            {"name": part.strip("{}"), "in": "path", "required": True, "schema": _TEXT | {"minLength": 1}}
            for part in route.path.replace(".png", "").split("/") if part.startswith("{")
        ],
        "responses": {str(status): {"description": "x", "content": content} for status in sorted(route.statuses)},
    }  # fmt: skip
    if route.takes is not None:
        schema = {"type": "object", "properties": route.takes, "required": list(route.needs)}
        if not route.is_form:
            schema["additionalProperties"] = not route.takes
        kind = "application/x-www-form-urlencoded" if route.is_form else JSON
        told["requestBody"] = {"required": True, "content": {kind: {"schema": schema}}}
    return told
