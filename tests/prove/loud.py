"""`python -m tests.prove.loud …`: the command line with every library's log at its loudest, in our own form."""

import logging

from bot import __main__ as earshot
from bot import log


def main() -> None:
    quiet = log.set_up

    def loud(level: str, *told: object) -> None:
        quiet(level, *told)  # type: ignore[arg-type]
        logging.getLogger().setLevel(logging.DEBUG)
        for name in (*log.OURS, *log.QUIET, "slack_sdk", "slack_bolt", "discord", "aiohttp", "asyncio"):
            logging.getLogger(name).setLevel(logging.DEBUG)

    log.set_up = loud  # type: ignore[assignment]
    earshot.main()


if __name__ == "__main__":
    main()
