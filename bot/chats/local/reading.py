"""What the forms of the page send, read strictly: one kind, one spelling, and a sentence for everything else."""

from aiohttp import web

_KIND = "application/x-www-form-urlencoded"


async def fields_of(request: web.Request) -> dict[str, str]:
    """The fields of a form by name. Raises HTTPUnsupportedMediaType for anything that no form of ours sends."""
    if request.content_type != _KIND or (request.charset or "utf-8").lower() != "utf-8":
        raise web.HTTPUnsupportedMediaType(text="Send this form from its page.")
    try:
        return {name: str(value) for name, value in (await request.post()).items()}
    except ValueError:  # bytes that are no UTF-8, or more fields than any form has
        raise web.HTTPBadRequest(text="Earshot could not read this form. Reload the page.") from None
