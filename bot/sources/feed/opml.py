"""OPML: the list of feeds that every reader of feeds can save."""

from xml.parsers.expat import ExpatError, ParserCreate

from bot.sources.fieldmap import storable
from bot.sources.markup import decoded, refuse_entities
from handlers.ports import BadSource
from handlers.rules.text import safe_url

MAX_FEEDS = 10_000
_MAX_BYTES = 20_000_000


def read_opml(body: bytes) -> list[tuple[str, str]]:
    """Title and address of each feed, in the list's order, each address once; folders make no difference.

    Raises BadSource when it is no such list, or names more than 10,000 feeds.
    """
    if len(body) > _MAX_BYTES:
        raise BadSource(f"The list of feeds is larger than {_MAX_BYTES // 1_000_000} MB.")
    text = decoded(body, "")
    refuse_entities(text)
    found: dict[str, str] = {}
    outermost: list[str] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        if not outermost:
            outermost.append(name.lower())
        if name.lower() != "outline":
            return
        told = {key.lower(): value for key, value in attributes.items()}
        address = safe_url(told.get("xmlurl", ""))
        if address:
            title = " ".join(storable(told.get("title") or told.get("text") or "").split())[:200]
            found.setdefault(address, title)
        if len(found) > MAX_FEEDS:
            raise BadSource(f"The list names more than {MAX_FEEDS:,} feeds.", "Split it into several sources.")

    parser = ParserCreate("utf-8")
    parser.StartElementHandler = begin
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except ExpatError as error:
        raise BadSource(f"The list of feeds is not well-formed in line {error.lineno}.", _SAVE_AGAIN) from None
    if outermost != ["opml"]:
        raise BadSource("This is no list of feeds.", _SAVE_AGAIN)
    return [(title, address) for address, title in found.items()]


_SAVE_AGAIN = "Save it again from your reader, as OPML."
