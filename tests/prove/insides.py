"""Addresses of one's own network in all their writings, and a watch on the last step of every connection.

What is inside is judged here by the registries of special addresses themselves, never by the program's own word.
"""

import random
import socket
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

INSIDE = (
    *("127.0.0.1", "169.254.169.254", "10.0.0.1", "192.168.1.1", "172.16.0.9", "100.64.0.1", "0.0.0.0", "127.255.3.9"),  # noqa: S104
    *("192.0.0.8", "198.18.0.1", "224.0.0.1", "255.255.255.255", "100.100.100.200", "192.88.99.1"),
)
_INSIDE_V6 = (
    *("::", "::1", "fe80::1", "fe80::1%lo", "fe80::1%25lo", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "100::1"),
    *("2001:db8::1", "2001:2::1", "2001:10::1", "3fff::1", "5f00::1", "64:ff9b:1::7f00:1", "2001:0:7f00:1::1"),
)
OUTSIDE, OUTSIDE_TOO = "93.184.216.34", "1.1.1.1"

_NOT_GLOBAL = tuple(
    ip_network(block)
    for block in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
        *("192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        *("224.0.0.0/4", "240.0.0.0/4"),
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
)
_GIVEN_OUT = ip_network("2000::/3")


def is_inside(address: str) -> bool:
    """Whether an address belongs to no place on the internet at large, or carries one inside that does not."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return is_inside(str(found.ipv4_mapped))
        if found not in _GIVEN_OUT:
            return True
    return any(found in block for block in _NOT_GLOBAL if block.version == found.version)


def forms(chance: random.Random) -> list[str]:
    """Addresses that lead inside, or are none at all, as somebody might write them into a setting or a redirect."""
    hosts = [host for address in INSIDE for host in _writings(IPv4Address(address))]
    hosts += [f"[{address}]" for address in _INSIDE_V6]
    hosts += [*_NAMES, "LOCALHOST", "localhost.", "LocalHost.LocalDomain", "ⓛocalhost", "local\u00adhost"]
    told = [f"http://{host}/" for host in hosts]
    told += [f"https://{host}/feed" for host in hosts[::7]]
    for host in chance.sample(hosts, 30):
        told += [
            f"http://{chance.choice(('user@', 'user:word@', f'{OUTSIDE}@', f'{OUTSIDE}:80@', 'a%40b:c@'))}{host}/",
            f"http://{host}:{chance.choice((80, 443, 22, 6379, 8080, 0, 65535))}/",
            chance.choice(
                ("HTTP://{}", "http://{}?x", "http://{}#@1.1.1.1", " http://{}/ ", "http:\\\\{}\\", "//{}/")
            ).format(host),
        ]
    return [*told, *_TRICKS]


_NAMES = (
    "localhost",
    "localhost.localdomain",
    "ip6-localhost",
    "metadata.google.internal",
    "inner.example",
    "xn--inner-.example",
)
_TRICKS = (
    *(f"http://{OUTSIDE}\\@127.0.0.1/", f"http://127.0.0.1\\@{OUTSIDE}/", "http://127.0.0.1#@outer.example/"),
    *("http://127.0.0.1;outer.example/", "http://outer.example@127.0.0.1:80@127.0.0.1/", "http://[::ffff:127.0.0.1]/"),
    *(
        "http://outer.example\r\nHost: 127.0.0.1/",
        "http://outer.example%0d%0aX:1/",
        "http://127.0.0.1%2f@outer.example/x",
    ),
    *("http://127.0.0.1%00.outer.example/", "http://127.0.0.1 .outer.example/", "http://127.0.0.1\t/", "http://[::1"),
    *(
        "file:///etc/passwd",
        "FILE:/etc/passwd",
        "gopher://127.0.0.1:6379/_INFO",
        "ftp://127.0.0.1/",
        "dict://127.0.0.1/",
    ),
    *(
        "data:text/xml,<rss/>",
        "jar:http://127.0.0.1!/",
        "http:127.0.0.1",
        "http:/127.0.0.1",
        "http:///127.0.0.1",
        "http://",
    ),
    *(
        "unix:/var/run/docker.sock",
        "http+unix://%2fvar%2frun%2fdocker.sock/",
        "http://%31%32%37.0.0.1/",
        "http://127.0.0.1:/",
    ),
    *(
        "http://[0:0:0:0:0:ffff:127.0.0.1]/",
        "http://[::127.0.0.1]/",
        "http://[fe80::5efe:7f00:1]/",
        "http://①②⑦.⓪.⓪.①/",
    ),
    *("http://127。0。0。1/", "http://127｡0｡0｡1/", "http://１２７.0.0.1/", "http://127.0.0.1./", "http://127..0.0.1/"),
    *(
        "ws://127.0.0.1/",
        "wss://[::1]/",
        "http://0/",
        "http://0x0/",
        "http://00/",
        "http://[::]/",
        "http://0.0/",
        "http://*/",
    ),
    *("http://1.1.1.1:22/", "http://1.1.1.1:6379/", "http://1.1.1.1:99999/", "http://1.1.1.1:-1/", "http://[1.1.1.1]/"),
)


def _writings(address: IPv4Address) -> Iterator[str]:
    """The writings of an IPv4 address that some library takes for it."""
    number, parts = int(address), [int(part) for part in str(address).split(".")]
    a, b, c, d = parts
    yield str(address)
    yield f"{address}."
    yield str(number)
    yield str(number + 2**32)
    yield hex(number)
    yield hex(number).upper()
    yield oct(number).replace("0o", "0")
    yield ".".join(hex(part) for part in parts)
    yield ".".join(f"0{part:o}" for part in parts)
    yield ".".join(f"{part:04}" for part in parts)
    yield f"{a}.{(b << 16) + (c << 8) + d}"
    yield f"{a}.{b}.{(c << 8) + d}"
    yield f"0x{a:x}.{b}.0{(c << 8) + d:o}"
    yield str(address).translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)})
    yield str(address).replace(".", "\u3002")
    yield f"[::ffff:{address}]"
    yield f"[::ffff:{number >> 16:x}:{number & 0xFFFF:x}]"
    yield f"[64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}]"
    yield f"[2002:{number >> 16:x}:{number & 0xFFFF:x}::1]"
    yield f"[2001:0:101:101:0:0:{(number ^ 0xFFFFFFFF) >> 16:x}:{(number ^ 0xFFFFFFFF) & 0xFFFF:x}]"
    yield f"[::{address}]"
    yield f"[::ffff:0:{address}]"
    yield f"{address}.nip.example"


class Watch:
    """Stands before every connection of this process and before every name that is looked up.

    Nothing leaves: what is bound for the outside ends at `stands_for` on loopback, or is refused; what is bound for the
    inside is written down and refused.
    """

    def __init__(self, names: Mapping[str, Sequence[Sequence[str]]], stands_for: int) -> None:
        self.inner: list[str] = []  # connections that must not have been tried
        self.outer: Counter[str] = Counter()
        self.looked_up: Counter[str] = Counter()
        self.label = ""
        self._names = names
        self._port = stands_for
        self._connect, self._getaddrinfo = socket.socket.connect, socket.getaddrinfo

    @contextmanager
    def on(self) -> Iterator["Watch"]:
        watch, connect = self, self._connect

        def connected(made: socket.socket, address: Any) -> None:
            host = str(address[0]) if isinstance(address, tuple) else str(address)
            if watch._is_inner(host):
                watch.inner.append(f"{host} by {watch.label}")
                raise ConnectionRefusedError("nothing inside is reached")
            watch.outer[host] += 1
            if made.family is not socket.AF_INET:
                raise ConnectionRefusedError("nothing leaves")
            connect(made, ("127.0.0.1", watch._port))

        def resolved(host: Any, port: Any, *asked: Any, **more: Any) -> Any:
            return watch._resolve(host, port, *asked, **more)

        def tried(made: socket.socket, address: Any) -> int:
            connected(made, address)
            return 0

        socket.socket.connect, socket.socket.connect_ex = connected, tried  # type: ignore[method-assign,assignment]
        socket.getaddrinfo = resolved
        try:
            yield self
        finally:
            del socket.socket.connect, socket.socket.connect_ex
            socket.getaddrinfo = self._getaddrinfo

    def _is_inner(self, host: str) -> bool:
        try:
            return is_inside(host)
        except ValueError:
            return True  # a path of a socket, or no address at all

    def _resolve(self, host: Any, port: Any, *asked: Any, **more: Any) -> Any:
        name = (host.decode() if isinstance(host, bytes) else str(host)).rstrip(".").lower()
        if name in self._names:
            told = self._names[name]
            answer = (
                told[min(self.looked_up[name], len(told) - 1)]
                if len(told) < 3
                else told[self.looked_up[name] % len(told)]
            )
            self.looked_up[name] += 1
            return [_row(address, port) for address in answer]
        if name.startswith("localhost") or name.startswith("ip6-"):
            return [_row("127.0.0.1", port)]
        self.looked_up["numbers"] += 1
        flags = socket.AI_NUMERICHOST
        return self._getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)


def _row(address: str, port: Any) -> Any:
    number = int(port or 0)
    if ":" in address:
        return socket.AF_INET6, socket.SOCK_STREAM, 6, "alias.example", (address, number, 0, 0)
    return socket.AF_INET, socket.SOCK_STREAM, 6, "alias.example", (address, number)
