"""mail-devel: a mailbox that takes mail by SMTP and gives it by IMAP, as a process of its own."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

USER, PASSWORD = "care@lamp.example", "correct-horse"


@dataclass(frozen=True)
class Ports:
    imap: int
    smtp: int


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    try:
        with closing(socket.create_connection(("127.0.0.1", port), timeout=1)):
            return True
    except OSError:
        return False


def wait_for(port: int, process: subprocess.Popen[bytes], seconds: float = 20.0) -> None:
    """Until somebody listens there."""
    deadline = time.monotonic() + seconds
    while not answers(port):
        assert process.poll() is None, "the mail server ended"
        assert time.monotonic() < deadline, "the mail server does not come up"
        time.sleep(0.05)


@contextmanager
def mail_devel() -> Iterator[Ports]:
    ports = Ports(free_port(), free_port())
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "mail_devel", "--host", "127.0.0.1", "--no-http"),
            *("--user", USER, "--password", PASSWORD),
            *("--imap-port", str(ports.imap), "--smtp-port", str(ports.smtp)),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(ports.imap, process)
        wait_for(ports.smtp, process)
        yield ports
    finally:
        process.terminate()
        process.wait(10)
