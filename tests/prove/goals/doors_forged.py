"""Nobody gets in by a forged delivery, a forged form or a broken request, and no door falls over.

Honest deliveries are changed in one way or another, signed with a wrong secret, for another door or too long ago; forms
come with tokens that were never given; bodies are cut, deep, wrongly encoded, sent in pieces without end, or stop in
the middle. Between them honest ones are sent. What was stored is read from the database.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from urllib.parse import urlencode

from tests.bot.fakes import Clock
from tests.hostile import BODIES
from tests.prove.doors import SOURCES, Door, Sent, delivery, opened, signed
from tests.prove.texts import Texts
from tests.prove.trial import Trial
from tests.slack.fake import fake_slack

GOAL = "G11"
FAULTS = (32, 41, 42)
MINUTES = (4, 20)

REFUSALS = {400, 401, 403, 404, 405, 408, 409, 411, 413, 415, 421, 429, 431}
_AT_ONCE = 25  # then time goes by: else nearly all would be told to wait
_KINDS = (
    "application/json",
    "application/x-www-form-urlencoded",
    "text/plain",
    "application/json; charset=nonsense",
    "",
)
_SLACK = "s3cret-of-the-proof"


@dataclass
class Forger:
    """Makes what must be refused. Whatever it writes says that it is forged."""

    chance: Random
    clock: Clock
    token: str  # an honest one of the form

    def __post_init__(self) -> None:
        self._texts = Texts(self.chance)
        self._number = 0
        self._ways: tuple[Callable[[], Sent], ...] = (
            self._changed, self._changed, self._unsigned, self._other_secret, self._other_door, self._other_time,
            self._strange_header, self._strange_body, self._form, self._form, self._slack, self._nowhere,
        )  # fmt: skip

    def one(self) -> Sent:
        self._number += 1
        return self.chance.choice(self._ways)()

    def _honest(self) -> Sent:
        return delivery(
            self.chance.choice(SOURCES), 10_000_000 + self._number, f"forged {self._texts.text()}", self.clock
        )

    def _changed(self) -> Sent:
        """A byte more, less or other than was signed."""
        sent, chance = self._honest(), self.chance
        place, body = chance.randrange(len(sent.body)), bytearray(sent.body)
        way = chance.randrange(4)
        if way == 0:
            body[place] ^= 1 << chance.randrange(8)
        elif way == 1:
            del body[place:]
        elif way == 2:
            body[place:place] = chance.choice((b" ", b"\x00", b"x", b"\r\n"))
        else:
            body += chance.choice((b" ", b"\n", b"{}", b"\x00"))
        return replace(sent, body=bytes(body))

    def _unsigned(self) -> Sent:
        sent = self._honest()
        return replace(sent, headers={name: told for name, told in sent.headers.items() if "Signature" not in name})

    def _other_secret(self) -> Sent:
        source = self.chance.choice(SOURCES)
        secret = self.chance.choice(("a", "secret", "password", " ", f"{source}-secret", self._texts.line(30) or "x"))
        return delivery(source, self._number, "forged with a guess", self.clock, secret=secret)

    def _other_door(self) -> Sent:
        """Honest, but for another door."""
        sent = self._honest()
        others = [f"/hooks/{one}" for one in SOURCES if f"/hooks/{one}" != sent.path]
        return replace(sent, path=self.chance.choice(others))

    def _other_time(self) -> Sent:
        """Signed with the secret itself, too long ago or too far ahead."""
        off = self.chance.choice((-1, 1)) * self.chance.choice((302, 600, 86_400, 10**9))
        stamp = str(max(int(self.clock().timestamp()) + off, 0))
        body = json.dumps({"id": f"late-{self._number}", "text": "forged by an old signature"}).encode()
        return signed("desk", body, self.clock, stamp=stamp)

    def _strange_header(self) -> Sent:
        sent, chance = self._honest(), self.chance
        names = [one for one in sent.headers if one not in ("Content-Type", "X-Earshot-Delivery")]
        name = chance.choice(names)
        value = sent.headers[name]
        strange = chance.choice((
            "", " ", "v1=", "v1=" + "0" * 64, value.upper() + "A", value[:-1], value + "0", f"{value},{value}",
            value[::-1], "é" * 9, "9" * 5_000, "-1", "1e9", "NaN", "٣" * 10, "0x7f", "\x7f", "sha256=",
            self._texts.line(200),
        )).replace("\r", "").replace("\n", "")  # fmt: skip
        strange = "".join(one for one in strange if one.isprintable()).strip()
        return replace(sent, headers={**sent.headers, name: strange if strange != value else ""})

    def _strange_body(self) -> Sent:
        """Whatever it is, nobody has signed it."""
        body = self.chance.choice((*BODIES.values(), self.chance.randbytes(200), b"forged" * 60_000))
        headers = {"Content-Type": self.chance.choice(_KINDS), "X-Earshot-Timestamp": "1", "Tally-Signature": "x"}
        if self.chance.random() < 0.2:
            headers["Content-Encoding"] = self.chance.choice(("gzip", "deflate", "br", "nonsense"))
        return Sent(f"/hooks/{self.chance.choice(SOURCES)}", body, headers)

    def _form(self) -> Sent:
        chance, kind = self.chance, "application/x-www-form-urlencoded"
        payload, _, mark = self.token.partition(".")
        content = json.loads(base64.urlsafe_b64decode(payload + "=="))
        later = (
            base64.urlsafe_b64encode(json.dumps([content[0], content[1] + 10**6, "x"]).encode()).decode().rstrip("=")
        )
        other = base64.urlsafe_b64encode(json.dumps(["other", *content[1:]]).encode()).decode().rstrip("=")
        fields = {"text": f"forged {self._texts.line()}", "token": self.token, "stars": "", "email": "", "name": ""}
        headers = {"Content-Type": kind}
        match chance.randrange(8):
            case 0:
                fields["token"] = chance.choice(("", ".", "x.y", mark, f"{payload}.{mark[:-1]}", self._texts.line()))
            case 1:
                fields["token"] = f"{chance.choice((later, other))}.{mark}"
            case 2:
                headers["Origin"] = chance.choice(("https://evil.example", "null", "http://127.0.0.1.evil.example"))
            case 3:
                headers["Sec-Fetch-Site"] = chance.choice(("cross-site", "same-site"))
            case 4:
                headers["Content-Type"] = chance.choice(
                    ("application/json", "multipart/form-data; boundary=x", "", "text/plain")
                )
            case 5:
                headers["Content-Type"] = f"{kind}; charset={chance.choice(('nonsense', 'utf-7', 'utf-16', 'idna'))}"
            case 6:
                headers["Host"] = chance.choice(("evil.example", "[", "a:b:c", "127.0.0.1.evil.example"))
            case 7:
                return Sent("/feedback/desk", b"token=\xff\xfe&text=forged\xc3", headers)
        return Sent("/feedback/desk", urlencode(fields).encode(), headers)

    def _slack(self) -> Sent:
        event = {
            "type": "message",
            "channel_type": "im",
            "user": "U0ANA",
            "text": "forged",
            "channel": "D0X",
            "ts": "1.1",
        }
        told = {"type": "event_callback", "event_id": f"Ev{self._number}", "event": event}
        body = self.chance.choice((
            json.dumps(told).encode(), b'{"type": "url_verification", "challenge": "x"}', b'{"ssl_check": "1"}',
            urlencode({"command": "/earshot", "text": "claim 1", "user_id": "U0ANA"}).encode(), *BODIES.values(),
        ))  # fmt: skip
        moment = self.chance.choice((str(int(datetime.now(UTC).timestamp())), "", "abc", "9" * 400, "٣٣", "0"))
        secret = self.chance.choice((_SLACK[:-1], "x", ""))
        mark = hmac.new(secret.encode(), f"v0:{moment}:".encode() + body, hashlib.sha256).hexdigest()
        mark = self.chance.choice((f"v0={mark}", "", "v0=", "v0=é", mark, "v0=" + "0" * 64))
        kind = self.chance.choice(_KINDS)
        return Sent(
            "/slack/events",
            body,
            {"Content-Type": kind, "X-Slack-Request-Timestamp": moment, "X-Slack-Signature": mark},
        )

    def _nowhere(self) -> Sent:
        sent = self._honest()
        return replace(
            sent, path=self.chance.choice(("/hooks/x", "/hooks/", "/hooks/calls", "/feedback/x", "/feedback/tally"))
        )


async def run(trial: Trial) -> None:
    clock, count = Clock(), trial.of(800, 20_000)
    async with fake_slack() as slack:
        keys = {
            "EARSHOT_SLACK_BOT_TOKEN": slack.bot_token, "EARSHOT_SLACK_API_URL": slack.api_url,
            "EARSHOT_SLACK_SIGNING_SECRET": _SLACK,
        }  # fmt: skip
        async with opened(trial.folder, clock, more=keys, patience=1.0) as door:
            await _knock(trial, door, clock, count)


async def _knock(trial: Trial, door: Door, clock: Clock, count: int) -> None:
    forger = Forger(trial.chance, clock, await _token(door))
    statuses, honest, wrong = Counter[int](), 0, Counter[str]()
    for start in range(0, count, _AT_ONCE):
        sent = [forger.one() for _ in range(_AT_ONCE)]
        for one, (status, words) in zip(sent, await _all(door, sent), strict=True):
            statuses[status] += 1
            wrong["let in"] += status < 400
            wrong["fell over"] += status >= 500
            wrong["other answers"] += 400 <= status < 500 and status not in REFUSALS
            if status not in REFUSALS:
                print(status, words[:200], one.path, dict(one.headers), one.body[:300], flush=True)
        clock.pass_by(seconds=2.0 * _AT_ONCE)
        status, words = await door.post(delivery("desk", start, f"An honest word {start} on heron", clock))
        honest += status == 202
        wrong["honest ones refused"] += status != 202
    broken = await _broken(trial, door)
    trial.tell("forged requests", count)
    for name in ("let in", "fell over", "other answers", "honest ones refused"):
        trial.none(name if name != "fell over" else "answers 5xx", wrong[name])
    trial.none("broken requests without an answer or an end", broken)
    stored = door.value("select count(*) from mentions where text like '%honest word%'")
    trial.exactly("honest ones stored between them", stored, honest)
    trial.none("others stored", door.value("select count(*) from mentions") - stored)
    trial.none("in quarantine", door.value("select count(*) from quarantine"))
    acts = "select count(*) from case_events where actor not in ('', 'earshot')"
    trial.none("acts of strangers", door.value(acts))
    trial.tell("answered 413", statuses[413])
    for status in (400, 401, 403, 415):
        trial.at_least(f"answered {status}", statuses[status], 1)
    await _too_often(trial, door, clock)


async def _all(door: Door, sent: list[Sent]) -> list[tuple[int, str]]:
    return list(await asyncio.gather(*map(door.post, sent)))


async def _token(door: Door) -> str:
    async with door.client.get(f"{door.url}/feedback/desk") as answer:
        return (await answer.text()).partition('name="token" value="')[2].partition('"')[0]


async def _too_often(trial: Trial, door: Door, clock: Clock) -> None:
    """A stranger who does not stop, while an honest sender at the same address goes on."""
    clock.pass_by(hours=1)
    forged = [
        replace(delivery("desk", 1, "forged", clock), headers={"Content-Type": "application/json"}) for _ in range(200)
    ]
    told = [status for status, _ in await _all(door, forged)]
    trial.at_least("of 200 at once told to wait", told.count(429), 150)
    status, _ = await door.post(delivery("desk", 99_999_999, "An honest word after all on heron", clock))
    trial.exactly("answer to an honest one then", status, 202)
    forms = Counter[int]()
    for _ in range(60):
        body = urlencode({"token": await _token(door), "text": "Heron, heron"}).encode()
        status, _ = await door.post(Sent("/feedback/desk", body, {"Content-Type": "application/x-www-form-urlencoded"}))
        forms[status] += 1
    trial.at_least("of 60 feedback forms at once told to wait", forms[429], 20)
    trial.at_least("of them taken", forms[303], 20)


async def _broken(trial: Trial, door: Door) -> int:
    """How many broken requests were neither answered nor hung up on within a minute."""
    head = b"POST /hooks/desk HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    chunked, one = head + b"Transfer-Encoding: chunked\r\n\r\n", b"Content-Length: 1\r\n"
    forms = (
        head + b"Content-Length: 500\r\n\r\n{", head + b"Content-Length: -1\r\n\r\n", b"POST /hooks/desk\r\n\r\n",
        head + one + b"Content-Length: 2\r\n\r\nab", head + one + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        head + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00", b"\x00" * 500,
        head + b"X: " + b"a" * 20_000 + b"\r\n\r\n", head + b"Content-Length: 99999999999\r\n\r\n" + b"a" * 400_000,
        chunked + b"5\r\nabc", chunked + b"ZZ\r\nabc\r\n0\r\n\r\n", chunked + b"400\r\n" + b"a" * 1024 + b"\r\n",
        b"GET /hooks/desk HTTP/9.9\r\n\r\n",
    )  # fmt: skip
    trial.tell("broken requests", len(forms))
    return sum(await asyncio.gather(*(_hangs(door.port, form) for form in forms)))


async def _hangs(port: int, sent: bytes) -> bool:
    """Whether nothing comes back, and nobody hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(60):
            writer.write(sent)
            await reader.read(12)
            return False
    except TimeoutError:
        print("no answer to", sent[:200], flush=True)
        return True
    except ConnectionError:
        return False
    finally:
        writer.close()
