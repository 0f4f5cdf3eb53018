"""What `link` joins is in force in the running program at once, and after a restart."""

import re
from pathlib import Path

from handlers.requests import Reply, Request
from handlers.rules.roster import Person
from tests.bot.running import CONFIG, Running, running

ROLES = f'{CONFIG}\n[slack.groups]\nsupport = ["agent"]\n\n[discord.roles]\nSupport = ["agent"]\n'


async def does(site: Running, chat: str, account: str, words: str = "", **values: str) -> Reply:
    member = site.app.policy().member_on(chat, account)
    key = f"{chat}:{words}:{values}"
    return await site.app.act(Request(member, "link", words, values, chat, "#alerts", key, user_id=account))


async def test_it_is_in_force_at_once_and_after_a_restart(tmp_path: Path) -> None:
    bo, bo_there = Person("slack", "UBO", "bo.m", "Bo M.", ("support",)), Person("discord", "72", "bom", "Bo", ())
    async with running(tmp_path, config=ROLES) as site:
        site.app.meet("slack", [bo], groups_are_known=True)
        site.app.meet("discord", [bo_there], groups_are_known=True)
        told = await does(site, "slack", "UBO")
        assert told.screen is not None
        found = re.search(r"link (?:words:)?([\w-]+)\"", told.screen.intro)
        assert found
        asked = await does(site, "discord", "72", found[1])
        assert asked.screen is not None
        assert not (await does(site, "discord", "72", **dict(asked.screen.buttons[0].values))).is_error
        assert site.app.policy().member_on("discord", "72") == site.app.policy().member("bo.m")
        await site.app.remember("discord", [bo_there])
    async with running(tmp_path, config=ROLES) as site:
        site.app.meet("slack", [bo], groups_are_known=True)
        assert site.app.policy().member_on("discord", "72") == site.app.policy().member("bo.m")
