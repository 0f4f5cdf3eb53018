"""Words made fit for Slack's mrkdwn: disarmed, and cut so that they fit once they are."""

import re

from bot.chats import wording
from bot.chats.wording import measure

_EMOJI_CODE = re.compile(r":(?=[^\s:]+:|[^\s:]*\Z)")  # also one that what is written behind it could complete
_EDGE_UNDERLINE = re.compile(r"(?<!\w)_|_(?!\w)|(?<=_)_")
_LOOKALIKES = str.maketrans({"*": "∗", "~": "∼", "`": "ˋ"})  # mrkdwn knows no way to write these literally
_GROWN = {"&": 5, "<": 4, ">": 4, ":": 2}  # lengths after `escape`


def escape(words: str) -> str:
    """The words as mrkdwn that shows them: no pings, links, dates, emoji codes or formatting come to life.

    The four marks of formatting become characters that look like them; an emoji code gets an invisible gap.
    """
    words = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _EDGE_UNDERLINE.sub("＿", _EMOJI_CODE.sub(":\u200b", words)).translate(_LOOKALIKES)


def escaped_length(words: str) -> int:
    """What `measure` gives at most for the escaped words."""
    return measure(words) + sum(words.count(sign) * (grown - 1) for sign, grown in _GROWN.items())


def one_line(words: str, limit: int) -> str:
    """A part of a heading: no line ends, and no longer than `limit` when it is escaped."""
    return wording.one_line(words, limit, escaped_length)
