"""Servers that mean harm, in a process of their own: `python -m tests.prove.hostile_servers CANARY` tells its port.

Which one answers is the first word of the host that is asked (`bomb.example`), or of the path where that is a number.
"""

import asyncio
import gzip
import socket
import struct
import sys
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import cache

Writer = asyncio.StreamWriter
Kind = Callable[[Writer], Awaitable[None]]

_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
_ITEM = b"<item><guid>%s</guid><title>Heron</title><description>The heron is late again</description></item>"
_PIECE = b"<!-- " + b"x" * 65_000 + b" -->"


def feed(guid: bytes, words: bytes = b"") -> bytes:
    item = _ITEM % guid + (b"<item><guid>more</guid><description>%s</description></item>" % words if words else b"")
    return b'<rss version="2.0"><channel><title>Birds</title>' + item + b"</channel></rss>"


def whole(body: bytes, more: bytes = b"", status: bytes = b"200 OK") -> bytes:
    head = b"HTTP/1.1 " + status + b"\r\nContent-Type: application/rss+xml\r\nContent-Length: %d\r\n" % len(body)
    return head + more + b"\r\n" + body


def says(answer: bytes) -> Kind:
    async def kind(writer: Writer) -> None:
        writer.write(answer)

    return kind


def endless(head: bytes, piece: bytes, pause: float = 0.0) -> Kind:
    async def kind(writer: Writer) -> None:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return kind


async def silence(writer: Writer) -> None:
    await asyncio.Event().wait()


async def reset(writer: Writer) -> None:
    writer.write(whole(feed(b"reset"))[:150])
    await writer.drain()
    made: socket.socket = writer.get_extra_info("socket")
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def bomb(writer: Writer) -> None:
    writer.write(whole(_bomb(), b"Content-Encoding: gzip\r\n"))


async def bomb_in_a_bomb(writer: Writer) -> None:
    writer.write(whole(gzip.compress(_bomb()), b"Content-Encoding: gzip, gzip\r\n"))


@cache
def _bomb() -> bytes:
    packing = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packing.compress(b" " * 1_000_000) for _ in range(400)) + packing.flush()


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece)


def _laughs() -> bytes:
    entities = b"".join(b'<!ENTITY a%d "%s">' % (n + 1, b"&a%d;" % n * 10) for n in range(12))
    return (
        b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a0 "heron">' + entities + b"]><rss><channel>&a12;</channel></rss>"
    )


def kinds(canary: str) -> dict[str, Kind]:
    """Each kind by its name."""
    path = canary.encode()
    xxe = b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file://%s">]>' % path
    page = b"<html><head><title>Birds</title></head><body>No feed is named here.</body></html>"
    moved = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: "
    big = b"".join([b'<rss version="2.0"><channel>', _ITEM % b"big" * 600_000])
    quadratic = b'<!DOCTYPE r [<!ENTITY a "%s">]><rss><channel>%s</channel></rss>' % (b"x" * 60_000, b"&a;" * 60_000)
    fine = whole(feed(b"fine"))
    return {
        "good": says(fine),
        "silent": silence,
        "slowhead": endless(b"HTTP/1.1 200 OK\r\n", b"X", 0.3),
        "slowheaders": endless(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", 0.3),
        "slowbody": endless(_OK + b"Content-Length: 100000\r\n\r\n<rss>", b" ", 0.3),
        "slowchunks": endless(_CHUNKED, _chunk(b" "), 0.3),
        "slowpacked": endless(
            _OK + b"Content-Encoding: gzip\r\nContent-Length: 99999\r\n\r\n" + gzip.compress(b"")[:8], b"", 0.3
        ),
        "endless": endless(_CHUNKED, _chunk(_PIECE)),
        "endlessclose": endless(_OK + b"Connection: close\r\n\r\n", _PIECE),
        "bomb": bomb,
        "bombinbomb": bomb_in_a_bomb,
        "brotli": says(whole(b"\x8b\x08" * 900, b"Content-Encoding: br\r\n")),
        "fifty": says(whole(big)),
        "fiftychunks": endless(_CHUNKED, _chunk(_ITEM % b"a" * 1_000)),
        "redirectloop": says(moved + b"/again\r\n\r\n"),
        "redirectfile": says(moved + b"file://%s\r\n\r\n" % path),
        "redirectlong": says(moved + b"/" + b"a" * 300_000 + b"\r\n\r\n"),
        "tooshort": says(_OK + b"Content-Length: 90000\r\n\r\n" + feed(b"short")),
        "toolong": says(_OK + b"Content-Length: 20\r\n\r\n" + feed(b"long") * 99),
        "reset": reset,
        "headers": says(_OK + b"".join(b"X-%d: y\r\n" % n for n in range(200_000)) + b"\r\n"),
        "header": says(_OK + b"X-Long: " + b"y" * 20_000_000 + b"\r\n\r\n"),
        "statusline": endless(b"HTTP/1.1 200 ", b"O" * 60_000),
        "continues": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        "hints": endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
        "cookies": says(
            whole(feed(b"cookies"), b"".join(b"Set-Cookie: c%d=%s\r\n" % (n, b"z" * 900) for n in range(25)))
        ),
        "utf7": says(whole(feed(b"utf7")).replace(b"rss+xml\r", b"rss+xml; charset=utf-7\r")),
        "idna": says(whole(b"a." * 200_000).replace(b"rss+xml\r", b"rss+xml; charset=idna\r")),
        "laughs": says(whole(_laughs())),
        "quadratic": says(whole(quadratic)),
        "xxe": says(
            whole(xxe + b"<rss version='2.0'><channel><item><guid>x</guid><title>&x;</title></item></channel></rss>")
        ),
        "path": says(whole(path)),
        "pathurl": says(whole(b"file://" + path)),
        "nocontent": says(whole(feed(b"204"), status=b"204 No Content")),
        "partial": says(whole(feed(b"206"), b"Content-Range: bytes 0-9/10\r\n", b"206 Partial Content")),
        "unchanged": says(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
        "poison": says(fine + whole(feed(b"poison", b"heron poison"))),
        "badchunk": says(_CHUNKED + b"FFFFFFFFFFFFFFFFFFFF\r\n" + feed(b"chunk")),
        "badlength": says(_OK + b"Content-Length: -5\r\n\r\n" + feed(b"minus")),
        "twolengths": says(_OK + b"Content-Length: 5\r\nContent-Length: 5000\r\n\r\n" + feed(b"two")),
        "nohttp": says(b"SSH-2.0-OpenSSH_9.2\r\n" * 99),
        "deepxml": says(whole(b"<rss><channel>" + b"<item>" * 90_000)),
        "attributes": says(whole(b"<rss " + b"".join(b'a%d="b" ' % n for n in range(90_000)) + b"><channel/></rss>")),
        "markup": says(whole(b"<rss><channel><item>" + b"<b>x</b>" * 49_000 + b"</item></channel></rss>")),
        "pagethensilence": _page_then_silence(whole(page).replace(b"rss+xml", b"xhtml+xml")),
        "tls": silence,
    }


def _page_then_silence(answer: bytes) -> Kind:
    asked = 0

    async def kind(writer: Writer) -> None:
        nonlocal asked
        asked += 1
        if asked > 1:
            await asyncio.Event().wait()
        writer.write(answer)

    return kind


async def _served(reader: asyncio.StreamReader, writer: Writer, told: dict[str, Kind]) -> None:
    with suppress(ConnectionError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        async for name in _asked(reader):
            await told.get(name, told["silent"])(writer)
            await writer.drain()
            if name not in ("good", "poison", "unchanged"):
                break
    writer.close()


async def _asked(reader: asyncio.StreamReader) -> AsyncIterator[str]:
    while True:
        first = await reader.readexactly(1)
        if first == b"\x16":
            yield "tls"
            return
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        host = head.lower().partition("\r\nhost:")[2].partition("\r\n")[0].strip()
        path = head.split(" ")[1]
        yield path.strip("/").partition("/")[0] if host[:1].isdigit() else host.partition(".")[0]


async def main(canary: str) -> None:
    told = kinds(canary)
    _bomb()
    server = await asyncio.start_server(
        lambda reader, writer: _served(reader, writer, told), "127.0.0.1", 0, limit=2**20
    )
    print(server.sockets[0].getsockname()[1], *told, flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
