"""What is looked at in every answer of the page: status, kind, headers, cookies, and that nothing is inline."""

from collections.abc import Mapping
from html.parser import HTMLParser

from bot.web import HEADERS

_FOR_GOOD = ("public, max-age=31536000, immutable", "private, max-age=31536000, immutable")


class _Inline(HTMLParser):
    """Finds what the page's policy forbids: a script or style of its own, handlers, addresses elsewhere."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" or (tag == "script" and not given.get("src")) or tag in ("iframe", "object", "embed", "base"):
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "srcdoc"):
                self.found.append(f"{tag} {name}")
            if name in ("src", "href", "action", "formaction") and (value or "").strip().lower().startswith(
                ("javascript:", "vbscript:", "data:text")
            ):
                self.found.append(f"{tag} {name}={value}")
            if tag in ("script", "link", "img") and name in ("src", "href") and not (value or "").startswith("/"):
                self.found.append(f"{tag} from elsewhere")


def inline(html: str) -> list[str]:
    """What in a page would need an inline script or style, or something from elsewhere."""
    return _Inline(html).found


def faults(status: int, headers: Mapping[str, str], body: bytes) -> list[str]:
    """What is wrong with an answer, whatever was asked."""
    found = [f"{status}"] if status >= 500 and status != 503 else []
    found += [f"no {name}" for name, value in HEADERS.items() if headers.get(name) != value]
    cached = headers.get("Cache-Control", "")
    if cached != "no-store" and cached not in _FOR_GOOD:
        found.append(f"kept by caches: {cached}")
    if headers.get("Access-Control-Allow-Origin"):
        found.append("open to other pages")
    for cookie in [headers[name] for name in headers if name.lower() == "set-cookie"]:
        is_out = 'earshot=""' in cookie
        if not is_out and not ("HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie):
            found.append(f"a loose cookie: {cookie.partition('=')[0]}")
    if headers.get("Content-Type", "").startswith("text/html"):
        found += inline(body.decode("utf-8", "replace"))
    if b"Traceback" in body or b"aiohttp" in body:
        found.append("tells of its insides")
    return found
