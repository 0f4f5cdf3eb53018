"""The web server: the local chat, the feedback form, webhooks, health and metrics, all behind the same guards.

Every response carries a strict Content-Security-Policy. Every request must name a host that is ours (a page elsewhere
cannot reach us through a DNS name that it points at this machine), and every act must come from a page of ours.
"""

import hashlib
import ipaddress
import logging
import mimetypes
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from bot.chats.local.acts import Acts
from bot.chats.local.adapter import Bell, Desk
from bot.chats.local.events import Events
from bot.chats.local.pages import LOOPBACK, Mode, Pages, is_loopback
from bot.chats.local.pictures import Pictures
from bot.chats.local.session import Sessions
from storage.errors import ConfigError, Conflict, EarshotError, InvalidInput, NotAllowed, NotFound

log = logging.getLogger("earshot.web")

LARGEST_BODY = 300_000  # bytes
FEEDBACK_LIMITS = {"name": 200, "email": 320, "stars": 1, "text": 5_000}  # characters
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
_SESSIONS = web.AppKey("sessions", Sessions)
_PUBLIC_HOST = web.AppKey("public_host", str)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


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
) -> web.Application:
    """The whole server. `bell` is the one that the LocalChatAdapter rings; `heartbeat` is in seconds; `slack` takes
    what Slack sends by HTTP.

    Raises ConfigError when mode is "signed-in" and there is no secret.
    """
    if mode == "signed-in" and not secret:
        raise ConfigError("EARSHOT_WEB_SECRET is empty.", "Run `earshot init`, or set it to 32 random characters.")
    app = web.Application(client_max_size=LARGEST_BODY, middlewares=[_errors, _guard])
    files = _static_files()
    static = "/static/" + _fingerprint(files)
    sessions = Sessions(secret, now)
    pages = Pages(desk, sessions, mode, static, now)
    pictures = Pictures(desk, pages.looking_member)
    events = Events(desk, pages, bell, now, heartbeat)
    app[_DESK], app[_PAGES], app[_SESSIONS] = desk, pages, sessions
    app[_PUBLIC_HOST] = _host_name(public_host)
    app.add_routes([*pages.routes(), *pictures.routes(), *events.routes()])
    app.add_routes(Acts(desk, pages, pictures, bell).routes())
    app.add_routes([_static_route(static, files), web.get("/healthz", _health), _metrics_route(registry)])
    app.add_routes([web.post("/hooks/{source}", _hook), web.get("/feedback/{source}/thanks", _thanks)])
    app.add_routes([web.get("/feedback/{source}", _feedback), web.post("/feedback/{source}", _send_feedback)])
    if slack is not None:
        app.router.add_post("/slack/events", slack)
    Gauge("earshot_open_tabs", "Open tabs of the local chat.", registry=registry).set_function(lambda: events.open_tabs)

    async def close_tabs(_: web.Application) -> None:
        bell.close()

    app.on_shutdown.append(close_tabs)
    app.on_response_prepare.append(_add_headers)
    return app


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


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers[name] = value
    response.headers.setdefault("Cache-Control", "no-store")


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong becomes a sentence: a page for those who read pages, plain text for scripts."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _sentence(request, error.status, _words_of(error))
    except EarshotError as error:
        status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 503)
        return _sentence(request, status, str(error))
    except Exception:
        log.exception("a request failed: %s", request.match_info.route.resource)
        return _sentence(request, 500, "Something broke here; the log says more. Nothing of yours was changed.")


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    host = request.host.lower()
    if not is_loopback(host) and _host_name(host) != (request.app[_PUBLIC_HOST] or None):
        raise web.HTTPMisdirectedRequest(
            text="Earshot does not answer under this name. Set EARSHOT_PUBLIC_HOST if it should."
        )
    is_hook = request.path.startswith(("/hooks/", "/slack/"))  # signed by its sender, and never sent by a browser
    if request.method not in ("GET", "HEAD") and not is_hook and not _is_from_our_page(request):
        raise web.HTTPForbidden(text="This did not come from a page of Earshot. Open the page and try again.")
    return await handler(request)


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
    """Anybody can send any Host, so the connection must come from here too."""
    return is_loopback(request.host) and request.remote in LOOPBACK


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


async def _hook(request: web.Request) -> web.Response:
    body = await request.read()
    status, words = await request.app[_DESK].receive(request.match_info["source"], request.headers, body)
    return web.json_response({"ok": status < 400, "words": words}, status=status)


async def _feedback(request: web.Request) -> web.Response:
    return _feedback_page(request, 200, "", {})


async def _send_feedback(request: web.Request) -> web.Response:
    source = request.match_info["source"]
    _brand(request)
    if request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPUnsupportedMediaType(text="Send this form from its page.")
    posted = {name: str(value) for name, value in (await request.post()).items()}
    fields = {name: posted.get(name, "").strip() for name in FEEDBACK_LIMITS}
    token = posted.get("token", "")
    if not request.app[_SESSIONS].is_form_token(source, token):
        return _feedback_page(request, 403, "The page was open for too long. Please send it again.", fields)
    if error := _mistake(fields):
        return _feedback_page(request, 400, error, fields)
    if not posted.get("website"):  # people do not see this field, programs fill it in
        identity = hashlib.sha256(token.encode()).hexdigest()[:24]  # the same page sent twice is one mention
        status, words = await request.app[_DESK].submit_form(source, {**fields, "id": identity})
        if status >= 400:
            return _feedback_page(request, status, words, fields)
    return web.Response(status=303, headers={"Location": f"{request.path}/thanks"})


def _mistake(fields: Mapping[str, str]) -> str:
    if not fields["text"]:
        return "Please write a few words."
    long = next((name for name, most in FEEDBACK_LIMITS.items() if len(fields[name]) > most), "")
    if long:
        return f"Please shorten the {long} to {FEEDBACK_LIMITS[long]} characters."
    if fields["stars"] not in ("", "1", "2", "3", "4", "5"):
        return "Please give 1 to 5 stars, or none."
    if fields["email"] and "@" not in fields["email"]:
        return "Please give a whole e-mail address, or none."
    return ""


async def _thanks(request: web.Request) -> web.Response:
    brand = _brand(request)
    return request.app[_PAGES].plain(
        request, 200, "Thank you", f"{brand} has received your words. A person reads them."
    )


def _feedback_page(request: web.Request, status: int, error: str, fields: Mapping[str, str]) -> web.Response:
    source = request.match_info["source"]
    shown = {name: fields.get(name, "") for name in FEEDBACK_LIMITS}
    token = request.app[_SESSIONS].form_token(source)
    return request.app[_PAGES].page(
        request,
        "feedback.html",
        status,
        brand=_brand(request),
        action=request.path,
        token=token,
        error=error,
        fields=shown,
    )


def _brand(request: web.Request) -> str:
    brand = request.app[_DESK].forms().get(request.match_info["source"])
    if brand is None:
        raise web.HTTPNotFound
    return brand
