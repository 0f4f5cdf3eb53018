"""`earshot`, `python -m bot`: the door to the command line."""

import os

from bot.cli import earshot


def main() -> None:
    """Run the command line. The database, backups and `.env` are for this user only, whatever makes them."""
    os.umask(0o077)
    earshot.main(prog_name="earshot")


if __name__ == "__main__":
    main()
