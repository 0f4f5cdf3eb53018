"""The web server: the local chat, the doors for strangers, health and metrics, all behind the same guards.

Every response carries a strict Content-Security-Policy. Every request must name a host that is ours (a page elsewhere
cannot reach us through a DNS name that it points at this machine), and every act must come from a page of ours.
"""

import asyncio
import hashlib
import ipaddress
import logging
import mimetypes
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from bot.chats.local.acts import Acts
from bot.chats.local.adapter import Bell, Desk
from bot.chats.local.events import Events
from bot.chats.local.pages import LOOPBACK, Mode, Pages, is_loopback
from bot.chats.local.pictures import Pictures
from bot.chats.local.session import Sessions
from bot.doors import Doors, Handler
from storage.errors import ConfigError, Conflict, EarshotError, InvalidInput, NotAllowed, NotFound

log = logging.getLogger("earshot.web")

LARGEST_BODY = 300_000  # bytes
PATIENCE = 20.0  # seconds that the body of a request may take
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Server": "Earshot",
}
_STATIC = Path(__file__).parent / "chats" / "local" / "static"
_STATUS: dict[type[EarshotError], int] = {NotFound: 404, NotAllowed: 403, Conflict: 409, InvalidInput: 400}
_DESK = web.AppKey("desk", Desk)
_PAGES = web.AppKey("pages", Pages)
_PUBLIC_HOST = web.AppKey("public_host", str)
_PATIENCE = web.AppKey("patience", float)


def build_web(
    desk: Desk,
    *,
    mode: Mode,
    secret: str,
    bell: Bell,
    registry: CollectorRegistry,
    now: Callable[[], datetime],
    public_host: str = "",
    heartbeat: float = 15.0,
    slack: Handler | None = None,
    patience: float = PATIENCE,
) -> web.Application:
    """The whole server. `bell` is the one that the LocalChatAdapter rings; `heartbeat` is in seconds; `slack` takes
    what Slack sends by HTTP.

    Raises ConfigError when mode is "signed-in" and there is no secret.
    """
    if mode == "signed-in" and not secret:
        raise ConfigError("EARSHOT_WEB_SECRET is empty.", "Run `earshot init`, or set it to 32 random characters.")
    app = web.Application(
        client_max_size=LARGEST_BODY, middlewares=[_errors, _guard], handler_args={"logger": _outside_log()}
    )
    files = _static_files()
    static = "/static/" + _fingerprint(files)
    sessions = Sessions(secret, now)
    pages = Pages(desk, sessions, mode, static, now)
    pictures = Pictures(desk, pages.looking_member)
    events = Events(desk, pages, bell, now, heartbeat)
    app[_DESK], app[_PAGES] = desk, pages
    app[_PUBLIC_HOST], app[_PATIENCE] = _host_name(public_host), patience
    app.add_routes([*pages.routes(), *pictures.routes(), *events.routes()])
    app.add_routes(Acts(desk, pages, pictures, bell).routes())
    app.add_routes([_static_route(static, files), web.get("/healthz", _health), _metrics_route(registry)])
    app.add_routes(Doors(desk, pages, sessions, now, slack).routes())
    Gauge("earshot_open_tabs", "Open tabs of the local chat.", registry=registry).set_function(lambda: events.open_tabs)

    async def close_tabs(_: web.Application) -> None:
        bell.close()

    app.on_shutdown.append(close_tabs)
    app.on_response_prepare.append(_add_headers)
    return app


def _outside_log() -> logging.Logger:
    """The server's own log. What could not even be read as a request is told by its kind alone: the words of such an
    error repeat the header that was wrong, and that may be somebody's cookie.
    """
    logger = logging.getLogger("earshot.web.outside")
    if not logger.filters:
        logger.addFilter(_without_their_words)
    return logger


def _without_their_words(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError | web.RequestPayloadError | ConnectionError):
        record.msg, record.args = "a request could not be read: %s", (type(error).__name__,)
        record.exc_info, record.exc_text = None, None
        record.levelno, record.levelname = logging.INFO, "INFO"
        return log.isEnabledFor(logging.INFO)
    return True


def check_bind(host: str, has_sign_in: bool) -> None:
    """Raises ConfigError for an address that others can reach, unless sign-in is configured."""
    if has_sign_in or host.lower() == "localhost" or _is_loopback_address(host):
        return
    raise ConfigError(
        f"EARSHOT_HOST is {host or 'empty'}, which other machines can reach, but nobody would have to sign in.",
        "Set EARSHOT_HOST=127.0.0.1, or set EARSHOT_WEB_SECRET and EARSHOT_PUBLIC_HOST.",
    )


def _is_loopback_address(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers[name] = value
    if not is_loopback(request.host):  # a public name is reached by https only; so it stays
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    response.headers.setdefault("Cache-Control", "no-store")


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong becomes a sentence: a page for those who read pages, plain text for scripts."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        told = _sentence(request, error.status, _words_of(error))
        told.headers.update({name: error.headers[name] for name in ("Retry-After",) if name in error.headers})
        return told
    except web.RequestPayloadError:
        return _sentence(request, 400, "The body of this request is damaged. Send it again.")
    except EarshotError as error:
        status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 503)
        return _sentence(request, status, str(error))
    except Exception:
        log.exception("a request failed: %s", request.match_info.route.resource)
        return _sentence(request, 500, "Something broke here; the log says more. Nothing of yours was changed.")


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    host = request.host.lower() if "Host" in request.headers else ""  # aiohttp would put the machine's own name
    if not is_loopback(host) and _host_name(host) != (request.app[_PUBLIC_HOST] or None):
        raise web.HTTPMisdirectedRequest(
            text="Earshot does not answer under this name. Set EARSHOT_PUBLIC_HOST if it should."
        )
    is_hook = request.path.startswith(("/hooks/", "/slack/"))  # signed by its sender, and never sent by a browser
    if request.method not in ("GET", "HEAD") and not is_hook and not _is_from_our_page(request):
        raise web.HTTPForbidden(text="This did not come from a page of Earshot. Open the page and try again.")
    await request.app[_PAGES].ready(request)
    if request.can_read_body:
        await _whole_body(request)
    return await handler(request)


async def _whole_body(request: web.Request) -> None:
    """Whoever sends a byte an hour is not waited for."""
    try:
        async with asyncio.timeout(request.app[_PATIENCE]):
            await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="This came too slowly. Send it again.") from None


def _is_from_our_page(request: web.Request) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None and site not in ("same-origin", "none"):
        return False
    if (
        origin == "null"
    ):  # our own forms come with it, because of no-referrer; what Sec-Fetch-Site says cannot be forged
        return site is not None
    return origin is None or _netloc(origin) == request.host.lower()


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _words_of(error: web.HTTPException) -> str:
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return f"This is too long: at most {LARGEST_BODY // 1000} kB are read."
    if isinstance(error, web.HTTPMethodNotAllowed):
        return f"This address does not take {error.method}."
    if error.text is None or error.text.startswith(f"{error.status}:"):
        return "There is nothing at this address." if error.status == 404 else "Earshot could not read this request."
    return error.text


def _sentence(request: web.Request, status: int, words: str) -> web.Response:
    if "text/html" in request.headers.get("Accept", ""):
        title = "Not found" if status == 404 else "That did not work"
        return request.app[_PAGES].plain(request, status, title, words, link="/", button="Go to the chat")
    return web.Response(status=status, text=words)


def _host_name(host: str) -> str:
    """The name in a Host header or setting, without its port. "" if it is not one."""
    try:
        return (urlsplit(f"//{host}").hostname or "") if host else ""
    except ValueError:
        return ""


def _static_files() -> Mapping[str, tuple[bytes, str]]:
    kinds = {".js": "text/javascript", ".svg": "image/svg+xml", ".css": "text/css"}
    return {
        path.relative_to(_STATIC).as_posix(): (
            path.read_bytes(),
            kinds.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream",
        )
        for path in sorted(_STATIC.rglob("*"))
        if path.is_file()
    }


def _fingerprint(files: Mapping[str, object]) -> str:
    return hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:16]


def _static_route(static: str, files: Mapping[str, tuple[bytes, str]]) -> web.RouteDef:
    """The page's own files. Their address changes with their content, so that browsers keep them for good."""

    async def file(request: web.Request) -> web.Response:
        found = files.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        body, kind = found
        return web.Response(
            body=body, content_type=kind, headers={"Cache-Control": "public, max-age=31536000, immutable"}
        )

    return web.get(static + "/{name:.+}", file)


def _is_from_this_machine(request: web.Request) -> bool:
    """Anybody can send any Host, so the connection must come from here too, and not for somebody else: a proxy may
    stand here, and may name this machine as the host.
    """
    is_for_another = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded"))
    return is_loopback(request.host) and request.remote in LOOPBACK and not is_for_another


async def _health(request: web.Request) -> web.Response:
    health = await request.app[_DESK].health()
    shown = health if _is_from_this_machine(request) else {"ok": health["ok"]}
    return web.json_response(dict(shown), status=200 if health["ok"] else 503)


def _metrics_route(registry: CollectorRegistry) -> web.RouteDef:
    async def metrics(request: web.Request) -> web.Response:
        if not _is_from_this_machine(request):
            raise web.HTTPForbidden(text="Metrics are told on the machine itself only, at 127.0.0.1.")
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return web.get("/metrics", metrics)
