"""Files that go to Slack: put where Slack says, then finished; each call is made once, and an orphan harms nobody."""

import re
from dataclasses import dataclass

from bot.chats.slack.directory import Directory
from bot.chats.slack.refusals import SlackClosed
from bot.chats.slack.wire import Wire
from bot.chats.wording import literal
from handlers.ports import ChatDoubtful, ChatError
from handlers.requests import File

SCOPE = "files:write"
_ID = re.compile(r"F[A-Z0-9]{4,40}")
_TITLE = 200


@dataclass(frozen=True, slots=True)
class Handed:
    """What she is told of her file."""

    words: str
    is_error: bool = False


async def put(wire: Wire, name: str, content: bytes) -> str:
    """Bring the bytes to Slack; the id of the file, which nobody sees until it is finished. Raises ChatError."""
    told = await wire.call("files.getUploadURLExternal", filename=name, length=len(content))
    file_id = str(told.get("file_id") or "")
    if not _ID.fullmatch(file_id):
        raise ChatDoubtful("Slack did not say what the file is called there.")
    await wire.upload(str(told.get("upload_url") or ""), content)
    return file_id


async def finish(wire: Wire, file_id: str, title: str, channel: str = "") -> None:
    """Make it a file of ours alone, or show it in a channel, by its id. Raises ChatError."""
    named = {"id": file_id, "title": literal(title, _TITLE) or "file"}
    where = {"channel_id": channel} if channel else {}
    await wire.call("files.completeUploadExternal", files=[named], **where)


class Files:
    """Hands a file to the one who asked for it, and to nobody else: in her direct messages with us."""

    def __init__(self, wire: Wire, directory: Directory) -> None:
        self._wire = wire
        self._directory = directory

    async def hand_over(self, user_id: str, file: File) -> Handed:
        """Bring it to her; in a sentence where it is, or why it is not there and what to do. Never raises ChatError."""
        try:
            direct = await self._directory.direct_to(user_id)
            file_id = await put(self._wire, file.name, file.text.encode("utf-8", "replace") or b"\n")
        except ChatError as error:
            return Handed(f"The file was not handed over. {_why(error)}", is_error=True)
        try:
            await finish(self._wire, file_id, file.name, direct)
        except ChatDoubtful:
            where = f"your direct messages with {self._directory.bot_handle}"
            return Handed(
                f"Slack's answer was lost: look for {file.name} in {where}, and ask again if it is not there.",
                is_error=True,
            )
        except ChatError as error:
            return Handed(f"The file was not handed over. {_why(error)}", is_error=True)
        return Handed(f"{file.name} is in your direct messages with {self._directory.bot_handle}.")


def _why(error: ChatError) -> str:
    if isinstance(error, SlackClosed) and error.code in ("missing_scope", "no_permission"):
        return f"{error} Until then, get it on the page in your browser."
    return f"{error} Ask again in a moment, or get it on the page in your browser."
