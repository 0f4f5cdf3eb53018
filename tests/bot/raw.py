"""Requests as bytes, for shapes that no HTTP client sends."""

import asyncio


async def answers(port: int, sent: bytes, seconds: float = 10.0) -> bytes:
    """All that the server answers until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        await writer.drain()
        async with asyncio.timeout(seconds):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """A request on 127.0.0.1; `headers` are named with underscores, and given ones stand instead of usual ones."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    told = {"Host": "localhost", "Content-Length": str(len(body)), "Connection": "close"} | named
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items() if value)
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body
