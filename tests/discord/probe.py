"""A small bot on the real discord.py, to prove the fake Discord with. Run as a program it is a bot to be killed."""

import asyncio
import io
import logging
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import discord
from discord import app_commands, ui

from tests.discord.fake import FakeDiscord, discord_server, point_at

PNG = b"\x89PNG picture"


class Claim(ui.DynamicItem[ui.Button], template=r"probe:claim:(?P<case>\d+)"):
    """The first one has it; everybody after is told so."""

    def __init__(self, case: int) -> None:
        super().__init__(ui.Button(label="Claim", custom_id=f"probe:claim:{case}"))
        self.case = case

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, found: re.Match[str]) -> "Claim":
        return cls(int(found["case"]))

    async def callback(self, interaction: discord.Interaction["Probe"]) -> None:
        owner = interaction.client.owners.setdefault(self.case, interaction.user.name)
        if owner != interaction.user.name:
            await interaction.response.send_message(f"{owner} has it.", ephemeral=True)
            return
        await interaction.response.edit_message(content=f"#{self.case} is {owner}'s", view=card(self.case))


class Words(ui.Modal, title="Reply"):
    """A form with most kinds of fields."""

    reply = ui.Label(text="Reply", component=ui.TextInput(custom_id="reply", max_length=20, default="Hello"))
    why = ui.Label(
        text="Reason",
        component=ui.Select(custom_id="why", options=[discord.SelectOption(label=one) for one in ("Fixed", "Spam")]),
    )
    tone = ui.Label(
        text="Tone",
        component=ui.RadioGroup(
            custom_id="tone", required=False, options=[discord.RadioGroupOption(label=one) for one in ("Warm", "Dry")]
        ),
    )
    proof = ui.Label(text="Proof", component=ui.FileUpload(custom_id="proof", required=False))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        told = [self.reply.component.value, *self.why.component.values, self.tone.component.value or "-"]
        told += [(await one.read()).decode() for one in self.proof.component.values]
        await interaction.response.send_message(" · ".join(told), ephemeral=True)


class More(ui.View):
    """A menu, a menu of people, and buttons of all sorts."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.add_item(ui.Button(label="Grey", custom_id="probe:grey", disabled=True))
        self.add_item(ui.Button(label="Open", url="https://heron.test/142"))

    @ui.button(label="Write", custom_id="probe:write")
    async def write(self, interaction: discord.Interaction, button: Any) -> None:
        await interaction.response.send_modal(Words())

    @ui.select(custom_id="probe:more", options=[discord.SelectOption(label=one) for one in ("Snooze…", "Mute")])
    async def pick(self, interaction: discord.Interaction, select: Any) -> None:
        await interaction.response.send_message(f"chose {select.values[0]}", ephemeral=True)

    @ui.select(cls=ui.UserSelect, custom_id="probe:who", placeholder="Whose?")
    async def who(self, interaction: discord.Interaction, select: Any) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content=f"for {select.values[0].name}")


class Screen(ui.LayoutView):
    """A layout of the second kind."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        beside: ui.Section[Any] = ui.Section("**142** is waiting", accessory=ui.Button(label="Look", custom_id="s:1"))
        self.add_item(ui.Container(ui.TextDisplay("# Queue"), beside, accent_colour=0xAA0000))


def card(case: int) -> ui.View:
    view = ui.View(timeout=None)
    view.add_item(Claim(case))
    return view


class Probe(discord.Client):
    """Intents: servers only, as Earshot."""

    def __init__(self, **options: Any) -> None:
        calm: dict[str, Any] = {"guild_ready_timeout": 0.05, "allowed_mentions": discord.AllowedMentions.none()}
        super().__init__(**({"intents": discord.Intents(guilds=True)} | calm | options))
        self.tree = app_commands.CommandTree(self)
        self.owners: dict[int, str] = {}
        self.gone = asyncio.Event()  # a slow command waits for it
        self.clicks: list[discord.Interaction] = []
        self.is_up = asyncio.Event()

    async def setup_hook(self) -> None:
        self.add_dynamic_items(Claim)
        for one in _commands(self):
            self.tree.add_command(one)
        await self.tree.sync()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Without the five seconds that the library waits before it identifies again."""

    async def on_ready(self) -> None:
        self.is_up.set()

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        self.clicks.append(interaction)

    def place(self, name: str) -> discord.TextChannel:
        return next(one for one in self.guilds[0].text_channels if one.name == name)


def _commands(bot: Probe) -> list[Any]:
    top = app_commands.Group(name="earshot", description="Earshot", guild_only=True)
    more = app_commands.Group(name="more", description="More", parent=top)

    @top.command(name="claim", description="Take a case")
    async def claim(interaction: discord.Interaction, case: app_commands.Range[int, 1, 999], note: str = "") -> None:
        await interaction.response.send_message(f"#{case} claimed {note}".strip(), ephemeral=True)

    @claim.autocomplete("case")
    async def cases(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[int]]:
        every = [app_commands.Choice(name=f"#{one} Berlin", value=one) for one in (3, 31, 4)]
        return [one for one in every if str(one.value).startswith(str(typed))]

    @more.command(name="digest", description="Numbers")
    async def digest(interaction: discord.Interaction, for_whom: discord.Member) -> None:
        await interaction.response.defer(ephemeral=True)
        await interaction.edit_original_response(content=f"Numbers for {for_whom.name}")
        await interaction.followup.send("and a file", file=discord.File(io.BytesIO(PNG), "chart.png"), ephemeral=True)

    @more.command(name="screen", description="A layout")
    async def screen(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(view=Screen(), ephemeral=True)

    @more.command(name="late", description="Says that it thinks")
    async def late(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        await interaction.followup.send("for you alone", ephemeral=False)

    @more.command(name="slow", description="Answers late")
    async def slow(interaction: discord.Interaction) -> None:
        await bot.gone.wait()
        with suppress(discord.NotFound):
            await interaction.response.send_message("too late")

    @app_commands.context_menu(name="Track as mention")
    async def track(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"tracked: {message.content}", ephemeral=True)

    return [top, track]


@asynccontextmanager
async def running(fake: FakeDiscord, **options: Any) -> AsyncIterator[Probe]:
    """The bot, ready, until the end of the block."""
    bot = Probe(**options)
    with point_at(fake.url):
        async with bot:
            task = asyncio.create_task(bot.start(fake.token))
            up = asyncio.create_task(bot.is_up.wait())
            await asyncio.wait([task, up], return_when=asyncio.FIRST_COMPLETED)
            up.cancel()
            if task.done():
                task.result()
            yield bot
        await asyncio.gather(task, return_exceptions=True)


async def until(claim: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not claim():  # noqa: ASYNC110 - made so by the server or the bot
            await asyncio.sleep(0.001)


@asynccontextmanager
async def town(**options: Any) -> AsyncIterator[tuple[FakeDiscord, Probe]]:
    """A Discord with ana (Support) and ben, #alerts, and the bot in it."""
    async with discord_server() as fake:
        fake.add_user("ana", roles=["Support"])
        fake.add_user("ben")
        fake.add_channel("alerts")
        async with running(fake, **options) as bot:
            yield fake, bot


if __name__ == "__main__":
    logging.basicConfig(level=logging.CRITICAL)
    with point_at(sys.argv[1]):
        asyncio.run(Probe().start(sys.argv[2]))
