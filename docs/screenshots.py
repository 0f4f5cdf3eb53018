"""Take the pictures of the README: a fresh demo, one case played in it; the same in Slack. They go to docs/images.

Run: python docs/screenshots.py [demo] [slack]. It needs Chromium at /usr/bin/chromium, for Slack also the local-slack
that .ci/run installs, and nothing from the internet.
"""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.async_api import Browser, Locator, Page, async_playwright

from bot.app import utc_now
from tests.slack.local_person import LocalPerson
from tests.slack.local_slack import PEOPLE, LocalSlack, words_of
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
    await page.goto(slack.url)
    await page.add_style_tag(content=STYLE)
    await page.locator(".channel-title").wait_for()
    return page


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
        if "slack" in wanted:
            await take_slack(browser)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or ["demo", "slack"]))
