"""Take the pictures of the README: a fresh demo, one case played in it; two weeks of numbers; Slack; Discord. To
docs/images.

Run: PYTHONPATH=. python docs/screenshots.py [demo] [numbers] [slack] [discord]. It needs Chromium at /usr/bin/chromium,
for Slack also the local-slack that .ci/run installs, for Discord what discord_pictures.py says, and nothing from the
internet.
"""

import asyncio
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.async_api import Browser, Locator, Page, Route, async_playwright

from bench.replay import Life, replay
from bench.replay import page as page_of
from bot.app import utc_now
from bot.cli.demo import CONFIG
from bot.policy_file import read_policy
from bot.sources.sample import DAY_FILE, read_day
from docs.discord_pictures import take_discord
from storage.types import RawMention, to_text
from tests.slack.local_person import LocalPerson
from tests.slack.local_slack import BOT_TOKEN, PEOPLE, LocalSlack, words_of
from tests.slack.local_team import team

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
STORY = "free of nuts"  # a mention of the sample that nobody would want to miss
REPLY = "We are very sorry. Please keep the bag. We stop that batch today, and our head of safety wants to call you."


@contextmanager
def demo() -> Iterator[str]:
    """A fresh demo on a free port, in a folder that is gone afterwards; gives its address."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "EARSHOT_DATA": folder, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "bot", "demo", "--fresh", "--port", "0", "--minutes", "1"]
        started = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)  # noqa: S603
        try:
            line = started.stdout.readline() if started.stdout else ""
            found = re.search(r"http://\S+", line)
            if found is None:
                raise SystemExit(f"The demo did not start: {line}")
            yield found[0]
        finally:
            started.terminate()
            started.wait()


async def opened(browser: Browser, url: str, *, width: int = 1180, height: int = 760, dark: bool = False) -> Page:
    """A tab of its own, on the channel of all cards."""
    context = await browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
    )
    page = await context.new_page()
    await page.goto(f"{url}/c/alerts")
    await page.locator("body[data-ready]").wait_for()
    return page


async def be(page: Page, member: str) -> None:
    async with page.expect_navigation():
        await page.locator(f"button.member[value={member}]").click()
    await page.locator("body[data-ready]").wait_for()


async def say(page: Page, line: str) -> None:
    """Type a command and wait for its answer."""
    answers = page.locator(".answer")
    before = await answers.count()
    await page.fill("#line", line)
    await page.press("#line", "Enter")
    await answers.nth(before).wait_for()


async def tidy(page: Page) -> None:
    """Without answers, and at rest."""
    while await page.locator("[data-dismiss]").count():
        await page.locator("[data-dismiss]").first.click()
    await rest(page)


async def rest(page: Page) -> None:
    """Nothing has the focus or the pointer, and nothing moves."""
    await page.mouse.move(0, 0)
    await page.evaluate("document.activeElement.blur()")
    await page.wait_for_timeout(400)


async def take(browser: Browser, url: str) -> None:
    """One case from its card to its approved reply, with a picture at each station."""
    ana = await opened(browser, url)
    card = ana.locator(".message", has_text=STORY).filter(has=ana.locator(".c-red")).first
    await card.wait_for(timeout=120_000)
    await ana.wait_for_timeout(20_000)  # the rest of the sample's day
    await card.locator(".card").screenshot(path=IMAGES / "card.png")
    number = (await card.get_attribute("data-case")) or ""
    card = ana.locator(f'#messages .message[data-case="{number}"]')  # by its number: a claim changes its colour

    await say(ana, f"claim {number}")
    await tidy(ana)
    await card.scroll_into_view_if_needed()
    await card.get_by_role("button", name="Draft reply").click()
    await ana.locator("dialog.form textarea").fill(REPLY)
    await ana.wait_for_timeout(300)
    await ana.screenshot(path=IMAGES / "form.png")
    await ana.locator("dialog.form [type=submit]").click()
    await ana.locator("dialog.form").wait_for(state="detached")

    bo = await opened(browser, url)
    await be(bo, "bo")
    await say(bo, f"approve {number}")
    await tidy(ana)
    await ana.set_viewport_size({"width": 1240, "height": 800})
    await card.locator("a.number").click()
    await ana.locator("#thread .draft", has_text="approved by Bo").wait_for()
    await tidy(ana)
    await card.scroll_into_view_if_needed()
    await ana.screenshot(path=IMAGES / "thread.png")
    await ana.locator("[data-close-thread]").click()
    await ana.set_viewport_size({"width": 1180, "height": 760})

    await say(ana, "queue")
    await rest(ana)
    await ana.screenshot(path=IMAGES / "queue.png")

    phone = await opened(browser, url, width=375, height=740, dark=True)
    await tidy(phone)
    await phone.screenshot(path=IMAGES / "phone-dark.png")


async def take_numbers(browser: Browser) -> None:
    """What a manager and a director read, after the sample's mentions came over two weeks and a team worked on them."""
    with tempfile.TemporaryDirectory() as folder:
        policy = read_policy(CONFIG)
        zone = ZoneInfo(policy.timezone)
        this_morning = utc_now().astimezone(zone).replace(hour=8, minute=45, second=0, microsecond=0)
        first = this_morning.replace(hour=0, minute=0) - timedelta(days=DAYS)
        life = Life(policy, first.astimezone(UTC), Path(folder))
        await life.app.bridge.start()
        await life.do("mia", "briefing", "add daily 08:30 local:#leadership")
        await replay(life, fortnight(first), this_morning.astimezone(UTC))
        async with page_of(life) as url:
            page = await opened(browser, url, width=1000, height=2400)
            await be(page, "mia")
            await page.evaluate("document.querySelector('.answers').style.maxHeight = 'none'")
            await say(page, "summary 7d")
            await picture_of(page, page.locator(".answer").last, "summary")
            await page.goto(f"{url}/c/leadership")
            await picture_of(page, page.locator(".message").last, "briefing")
            phone = await opened(browser, url, width=375, height=1500, dark=True)
            await phone.goto(f"{url}/c/leadership")
            await picture_of(phone, phone.locator(".message").last, "briefing-phone")
        await life.app.stop()


DAYS = 14


def fortnight(first: datetime) -> list[RawMention]:
    """The lines of the sample, each at its time of day on one of the days."""
    chance = random.Random(3)  # noqa: S311
    found = []
    for line in read_day((ROOT / "bot" / "sources" / DAY_FILE).read_text("utf-8")):
        day = int(chance.triangular(0, DAYS, DAYS - 3))
        moment = first + timedelta(days=day, hours=7, seconds=line.at % 50_000)
        found.append(replace(line.mention, published_at=moment.astimezone(UTC)))
    return sorted(found, key=lambda item: to_text(item.published_at or first))


async def picture_of(page: Page, what: Locator, name: str) -> None:
    """With its chart."""
    await what.locator(".chart").scroll_into_view_if_needed()
    await page.wait_for_timeout(1_500)
    await rest(page)
    await what.screenshot(path=IMAGES / f"{name}.png")


# Slack, on the page of local-slack. docs/local_slack_page.js makes that page draw what Slack's own client draws.

PAGE = Path(__file__).with_name("local_slack_page.js")
STYLE = ".modal { width: 640px !important; max-width: 640px !important } .bk-plain-input { max-width: none !important }"
SAID = (
    (
        "jo.meyer",
        "Heron lost my suitcase in Oslo ten days ago and nobody answers. I am furious, my insulin was in it.",
    ),
    ("priya_k", "The Heron website charged my card twice for one ticket. Awful service, third mail without an answer."),
    ("tomas.l", "Stuck four hours on a cold Heron plane without water, the worst day of this year."),
    ("ines", "What a lovely Heron crew this morning, thank you all!"),
)
ANSWER = "We are very sorry, Jo. Your suitcase is found and on its way to you."


async def take_slack(browser: Browser) -> None:
    """One case from its alert to its small card, played by three people."""
    with tempfile.TemporaryDirectory() as folder:
        async with team(Path(folder)) as opened:
            now = utc_now().isoformat()
            opened.hear(
                *(
                    {"id": who, "author": who, "text": text, "date": now, "url": f"https://birds.example/{who}/1"}
                    for who, text in SAID
                )
            )
            page = await workspace_of(browser, opened.slack)
            await take_card(page, opened.slack, *(opened.person(name) for name in PEOPLE))


async def workspace_of(browser: Browser, slack: LocalSlack) -> Page:
    page = await browser.new_page(viewport={"width": 1000, "height": 620}, device_scale_factor=1.5)
    await page.add_init_script(path=PAGE)
    await page.route("**/files-pri/**", as_the_bot)  # that page has no right to the pictures
    await page.goto(slack.url)
    await page.add_style_tag(content=STYLE)
    await page.locator(".channel-title").wait_for()
    return page


async def as_the_bot(route: Route) -> None:
    await route.continue_(headers={**route.request.headers, "Authorization": f"Bearer {BOT_TOKEN}"})


async def take_card(page: Page, slack: LocalSlack, ana: LocalPerson, bo: LocalPerson, mia: LocalPerson) -> None:
    def found() -> dict[str, str] | None:
        return next((one for one in slack.in_channel("#alerts") if SAID[0][1] in words_of(one)), None)

    card = await slack.until(found, "the alert")
    at = page.locator(f'.msg[data-ts="{card["ts"]}"]').first
    await picture(at, "slack-card")

    await ana.click(card, "Claim")
    await at.get_by_text("claimed by Ana").wait_for()
    await picture(at, "slack-claimed")
    await act_as(page, "Bo")
    refused = await bo.command("claim 1")
    await picture(page.locator(f'.msg[data-ts="{refused["ts"]}"]').first, "slack-refused")

    await act_as(page, "Ana")
    await ana.click_for_modal(card, "Draft reply")
    await page.locator(".modal .bk-input input").first.fill(ANSWER)
    await picture(page.locator(".modal"), "slack-draft")
    await ana.submit(reply=ANSWER)
    draft = await slack.until(lambda: next(iter(slack.in_thread(card)), None), "the draft")

    await act_as(page, "Bo")
    await bo.click(draft, "Approve")
    await at.locator(".thread-summary").click()
    await page.get_by_text("approved by Bo").first.wait_for()
    await picture(page.locator(".thread-pane .msg", has_text="approved by Bo"), "slack-approval")
    await page.locator(".thread-pane button", has_text="✕").first.click()

    await ana.click_for_modal(draft, "Mark as sent")
    await ana.submit(link="https://birds.example/reply/9")
    await at.get_by_text("answered by Ana").wait_for()
    await ana.click_for_modal(card, "Resolve")
    await ana.submit(why="Fixed: put right")
    await at.get_by_text("resolved: fixed").wait_for()
    await picture(at, "slack-resolved")

    await act_as(page, "Mia")
    queue = await mia.command("queue")
    await picture(page.locator(f'.msg[data-ts="{queue["ts"]}"]').first, "slack-queue")
    await mia.command("claim 3")
    await page.set_viewport_size({"width": 1000, "height": 1700})
    for name, line in (("slack-summary", "summary today"), ("slack-briefing", "briefing now")):
        answer = await mia.command(line)
        await page.wait_for_timeout(1_500)  # the picture is brought
        await picture(page.locator(f'.msg[data-ts="{answer["ts"]}"]').first, name)
    await mia.open_home()
    await page.locator(".sidebar-item", has_text="earshot").click()
    await page.locator(".main .blocks").wait_for()
    await page.set_viewport_size({"width": 1000, "height": 490})
    await picture(page.locator(".main"), "slack-home")


async def act_as(page: Page, name: str) -> None:
    await page.locator(".actas select").select_option(label=name)


async def picture(what: Locator, name: str) -> None:
    """Nothing has the pointer, as that shows more buttons."""
    await what.scroll_into_view_if_needed()
    await what.page.mouse.move(0, 0)
    await what.page.wait_for_timeout(300)
    await what.screenshot(path=IMAGES / f"{name}.png")


async def main(wanted: list[str]) -> None:
    IMAGES.mkdir(exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        if "demo" in wanted:
            with demo() as url:
                await take(browser, url)
        if "numbers" in wanted:
            await take_numbers(browser)
        if "slack" in wanted:
            await take_slack(browser)
        if "discord" in wanted:
            await take_discord(browser, IMAGES, SAID, ANSWER)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or ["demo", "numbers", "slack", "discord"]))
