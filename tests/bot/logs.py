"""The log of the whole program on a stream of the test, and afterwards as it was before."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

from bot import log


@contextmanager
def own_log(level: str = "") -> Iterator[StringIO]:
    """A stream that is no terminal; with a level everything is logged there."""
    root = logging.getLogger()
    handlers, names = root.handlers[:], ("", *log.OURS, *log.QUIET)
    levels = {name: logging.getLogger(name or None).level for name in names}
    stream = StringIO()
    if level:
        log.set_up(level, [], stream)
    try:
        yield stream
    finally:
        root.handlers[:] = handlers
        for name, before in levels.items():
            logging.getLogger(name or None).setLevel(before)
