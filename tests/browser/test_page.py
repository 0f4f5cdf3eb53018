"""The page as a person uses it."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from handlers.cards import Notice
from tests.bot.chats import gallery
from tests.bot.chats.local.site import Site, open_site
from tests.browser.conftest import Tabs

pytestmark = [pytest.mark.browser, pytest.mark.long]


async def be(page: Page, label: str) -> None:
    await page.get_by_role("button", name=label).click()
    await page.locator("body[data-ready]").wait_for()
    await page.locator(".live[data-state=live]").wait_for()


async def test_a_command_by_keyboard_alone(site: Site, tabs: Tabs) -> None:
    await site.desk.open_case(gallery.card())
    page = await tabs.open()
    line = page.get_by_role("combobox", name="Command for Earshot")
    await page.keyboard.press("/")
    await expect(line).to_be_focused()
    await expect(page.get_by_role("option")).to_have_count(12)
    await page.keyboard.type("que")
    await expect(page.get_by_role("option")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(line).to_have_value("/earshot queue ")
    await page.keyboard.press("Enter")
    answer = page.get_by_role("article", name="Answer, only you can see this")
    await expect(answer).to_contain_text("Queue, page 1")
    await answer.get_by_role("button", name="Next page").press("Enter")
    await expect(answer).to_contain_text("Queue, page 2")
    await expect(answer).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(answer).to_have_count(0)
    await expect(line).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await expect(line).to_have_value("/earshot queue")


async def test_arguments_are_completed_too(site: Site, tabs: Tabs) -> None:
    await site.desk.open_case(gallery.card(case=142))
    await site.desk.open_case(gallery.card(case=150))
    page = await tabs.open()
    line = page.locator("#line")
    await line.press_sequentially("/assign ")
    await expect(page.get_by_role("option").first).to_contain_text("#150")
    await line.press_sequentially("14")
    await page.keyboard.press("Tab")
    await expect(line).to_have_value("/earshot assign 142 ")
    await line.press_sequentially("m")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(line).to_have_value("/earshot assign 142 @mia ")
    await page.keyboard.press("Enter")
    await expect(page.locator("#answers")).to_contain_text("assign 142 @mia")


async def test_a_claim_is_seen_in_every_tab(site: Site, tabs: Tabs) -> None:
    await site.desk.open_case(gallery.card())
    ana, bo = await tabs.open(), await tabs.open()
    await be(bo, "Bo agent, approver")
    await ana.get_by_role("button", name="Claim, case 142").dblclick()
    for page in (ana, bo):
        await expect(page.get_by_role("article", name="Case 142, urgent, claimed by Ana")).to_be_visible()
        await expect(page.get_by_role("button", name="Claim, case 142")).to_have_count(0)
    await expect(ana.locator("#answers")).to_contain_text("You have #142 now.")
    await expect(bo.locator("#answers")).to_be_empty()
    assert [request.verb for request in site.desk.asked] == ["claim"]


async def test_a_form_complains_beside_the_field_and_keeps_the_words(site: Site, tabs: Tabs) -> None:
    await site.desk.open_case(gallery.card())
    page = await tabs.open()
    await page.get_by_role("button", name="Draft reply, case 142").press("Enter")
    dialog = page.get_by_role("dialog", name="Reply to #142")
    reply = dialog.get_by_role("textbox", name="Reply")
    await expect(reply).to_be_focused()
    await dialog.get_by_role("button", name="Ask for approval").click()
    await expect(dialog.get_by_role("alert").filter(has_text="Reply is missing.")).to_be_visible()
    assert len(site.desk.asked) == 1
    await reply.fill("We refund <b>everything</b>")
    await expect(dialog.locator(".counter")).to_have_text("27 / 280")
    await dialog.get_by_role("button", name="Ask for approval").click()
    await expect(dialog.get_by_text("Do not promise a refund here.")).to_be_visible()
    await expect(reply).to_have_value("We refund <b>everything</b>")
    await expect(reply).to_have_attribute("aria-invalid", "true")
    await expect(reply).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    opener = page.get_by_role("button", name="Draft reply, case 142")
    await expect(opener).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(reply).to_have_value("We refund <b>everything</b>")  # closing it by mistake costs nothing
    await reply.fill("We are sorry.")
    await page.keyboard.press("Control+Enter")
    await expect(dialog).to_have_count(0)
    await page.get_by_role("link", name="1 in thread").click()
    thread = page.get_by_role("complementary", name="Thread")
    await expect(thread.get_by_role("article", name="Draft reply for case 142, proposed by Ana")).to_contain_text(
        "We are sorry."
    )
    await page.keyboard.press("Escape")
    await expect(thread).to_be_hidden()


async def test_a_template_fills_the_form_and_asks_before_it_replaces_typed_words(site: Site, tabs: Tabs) -> None:
    await site.desk.open_case(gallery.card())
    page = await tabs.open()
    await page.get_by_role("button", name="Draft reply, case 142").click()
    dialog = page.get_by_role("dialog", name="Reply to #142")
    reply, template = dialog.get_by_role("textbox", name="Reply"), dialog.get_by_label("Template")
    await template.select_option("Sorry")
    await expect(reply).to_have_value("We are sorry.")
    await expect(template).to_have_value("Sorry")
    assert site.desk.asked[-1].values == {"case": "142", "template": "Sorry"}
    await template.select_option("None")
    await reply.fill("My own words")
    await template.select_option("Sorry")
    question = page.get_by_role("dialog").filter(has_text="in the place of what you have typed")
    await question.get_by_role("button", name="Cancel").click()
    await expect(reply).to_have_value("My own words")
    await template.select_option("Sorry")
    await question.get_by_role("button", name="Replace it").click()
    await expect(reply).to_have_value("We are sorry.")


async def test_news_arrives_while_one_reads(site: Site, tabs: Tabs) -> None:
    await site.desk.open_case(gallery.card(case=1))
    first, second = await tabs.open(), await tabs.open("/c/urgent")
    await site.desk.open_case(gallery.card(case=2, words="<img src=x> The second one"))
    await expect(first.locator("#messages > .message")).to_have_count(2)
    await expect(first.locator("#messages > .message").last).to_contain_text("<img src=x> The second one")
    await expect(first.locator("#news")).to_contain_text("#2 urgent, open")
    unread = second.get_by_role("link", name="alerts").get_by_text("unread messages")
    await expect(unread).to_have_count(1)
    await second.get_by_role("link", name="alerts").click()
    await expect(second.locator("#messages > .message")).to_have_count(2)
    await expect(second.locator(".unread:visible")).to_have_count(0)


async def test_a_redraw_keeps_focus_and_open_menus(site: Site, tabs: Tabs) -> None:
    card = gallery.card()
    await site.desk.open_case(card)
    page = await tabs.open()
    await page.locator("summary").click()
    await page.keyboard.press("ArrowDown")
    snooze = page.get_by_role("button", name="Snooze…, case 142")
    await page.keyboard.press("ArrowDown")
    await expect(snooze).to_be_focused()
    await site.desk.redraw(replace(card, status="open, 9 alike"))
    await expect(page.get_by_text("open, 9 alike")).to_be_visible()
    await expect(snooze).to_be_visible()
    await expect(snooze).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(snooze).to_be_hidden()


async def test_a_dangerous_button_asks_first(site: Site, tabs: Tabs) -> None:
    await site.desk.open_case(gallery.card())
    page = await tabs.open()
    release = page.get_by_role("button", name="Release, case 142")
    await release.click()
    dialog = page.get_by_role("dialog", name="Give case #142 back to the team?")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog).to_be_hidden()
    assert site.desk.asked == []
    await release.click()
    await dialog.get_by_role("button", name="Release").click()
    await expect(page.locator("#answers")).to_contain_text("There is no command release")
    assert [request.verb for request in site.desk.asked] == ["release"]


async def test_an_answer_can_be_shared(site: Site, tabs: Tabs) -> None:
    await site.desk.open_case(gallery.card())
    ana, bo = await tabs.open(), await tabs.open()
    await ana.locator("#line").fill("/earshot queue")
    await ana.keyboard.press("Enter")
    await ana.get_by_role("button", name="Share to channel").click()
    for page in (ana, bo):
        await expect(page.locator("#messages")).to_contain_text("shared by Ana")
        await expect(page.locator("#messages")).to_contain_text("Queue, page 1")
    await expect(ana.get_by_role("button", name="Share to channel")).to_have_count(0)


async def test_a_tab_that_is_out_of_date_says_so(site: Site, tabs: Tabs) -> None:
    page = await tabs.open()
    other = await page.context.new_page()
    await other.goto(site.url)
    await be(other, "Mia manager, approver, admin")
    await page.locator("#line").fill("/earshot queue")
    await page.keyboard.press("Enter")
    await expect(page.locator("#answers")).to_contain_text("signed in as Mia")
    await expect(page.locator("#line")).to_have_value("/earshot queue")
    assert site.desk.asked == []
    tabs.complaints.clear()  # the refused request itself stands in the console


@pytest.mark.parametrize(("width", "dark"), [(375, False), (375, True), (768, False), (1280, True)])
async def test_it_fits_every_screen(site: Site, tabs: Tabs, tmp_path: Path, width: int, dark: bool) -> None:
    for number, card in enumerate(gallery.CARDS.values()):
        ref = await site.desk.open_case(replace(card, case=number))
    await site.desk.chat.post("#alerts", gallery.DRAFT, "draft:7", ref)
    await site.desk.chat.post("#alerts", Notice("x" * 500, ping="ana"), "notice:1", ref)
    await site.desk.chat.post("#alerts", gallery.SCREEN, "screen:1", "")
    await site.desk.chat.post("#alerts", gallery.SUMMARY, "screen:2", "")
    await site.desk.chat.post("#alerts", gallery.REMINDER, "notice:2", "")
    page = await tabs.open(width=width, height=740, dark=dark)
    assert await overflow(page) <= 0
    await page.get_by_role("link", name="2 in thread").click()
    await expect(page.locator("#thread-list [data-ref]")).to_have_count(3)
    assert await overflow(page) <= 0
    await page.screenshot(path=tmp_path / "thread.png")
    await page.get_by_role("button", name="Close the thread").click()
    if width < 760:
        side = page.get_by_role("navigation", name="Kettle & Co")
        await expect(side).to_be_hidden()
        await page.get_by_role("button", name="Open the channel list").click()
        await expect(side.get_by_role("link", name="urgent")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(side).to_be_hidden()
    assert await brightness(page) < 80 if dark else await brightness(page) > 200
    await page.get_by_role("button", name="Change between light and dark").click()
    assert await brightness(page) > 200 if dark else await brightness(page) < 80
    await page.reload()
    assert await brightness(page) > 200 if dark else await brightness(page) < 80


async def overflow(page: Page) -> int:
    """How many pixels anything reaches beyond the right edge."""
    return int(
        await page.evaluate(
            "Math.max(document.documentElement.scrollWidth - innerWidth,"
            " ...['#scroll', '#thread-list'].map((name) => document.querySelector(name))"
            ".map((box) => box.scrollWidth - box.clientWidth))"
        )
    )


async def brightness(page: Page) -> int:
    colour = str(await page.evaluate("getComputedStyle(document.body).backgroundColor"))
    return int(colour.removeprefix("rgb(").partition(",")[0])


async def test_the_channel_reads_without_a_script(site: Site, tabs: Tabs) -> None:
    await site.desk.open_case(gallery.card())
    page = await tabs.open(script=False)
    await expect(page.get_by_text("Third broken kettle this month.")).to_be_visible()
    await page.get_by_role("link", name="Case 142, open its thread").click()
    await expect(page.get_by_role("complementary", name="Thread")).to_be_visible()


async def test_the_first_tab_stops_skip_ahead(site: Site, tabs: Tabs) -> None:
    page = await tabs.open()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the messages")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("#line")).to_be_focused()


async def test_feedback_works_without_a_script(site: Site, tabs: Tabs) -> None:
    page = await tabs.open("/feedback/feedback-form", script=False, width=375)
    await page.get_by_label("Your words").fill("It leaks.")
    await page.get_by_role("radio", name="2 stars").check(force=True)
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert [(fields["text"], fields["stars"]) for fields in site.desk.feedback] == [("It leaks.", "2")]


async def test_the_page_comes_back_with_its_server(tabs: Tabs) -> None:
    async with open_site() as old:
        await old.desk.open_case(gallery.card(case=1))
        await old.desk.open_case(gallery.card(case=2))
        page = await tabs.open(f"{old.url}/c/alerts")
        port = old.client.port
    await expect(page.locator(".live")).to_have_text("Reconnecting…")
    await page.locator("#line").fill("/earshot queue")
    await page.keyboard.press("Enter")
    await expect(page.locator("#answers")).to_contain_text("Earshot cannot be reached.")
    async with open_site(port=port) as new:
        await new.desk.open_case(gallery.card(case=3))
        await expect(page.locator("#messages > .message")).to_have_count(1, timeout=15_000)
        await expect(page.locator("#messages")).to_contain_text("#3")
        await expect(page.locator(".live")).to_have_text("Live")
        await page.context.close()
    tabs.complaints.clear()  # the console tells of every connection that failed


async def test_a_tab_in_the_background_gives_its_stream_back_and_still_hears(site: Site, tabs: Tabs) -> None:
    page = await tabs.open()
    await page.clock.install()
    await page.evaluate(
        "Object.defineProperty(document, 'hidden', { value: true, configurable: true });"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    async with page.expect_response("**/changes?*"):
        await page.clock.fast_forward(21_000)
        await site.desk.open_case(gallery.card())
        await page.clock.fast_forward(16_000)
    await expect(page).to_have_title("(1) #alerts · Kettle & Co")
    async with page.expect_request("**/events?*since=1"):
        await page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    await expect(page).to_have_title("#alerts · Kettle & Co")


@pytest.mark.parametrize("dark", [False, True])
async def test_a_chart_is_seen_in_an_answer_and_in_a_message(site: Site, tabs: Tabs, dark: bool) -> None:
    await site.desk.chat.post("#alerts", gallery.SUMMARY, "briefing:1", "")
    page = await tabs.open(width=375, height=740, dark=dark)
    await page.locator("#line").fill("/earshot summary")
    await page.keyboard.press("Enter")
    answer = page.get_by_role("article", name="Answer, only you can see this")
    for place in (answer, page.locator("#messages")):
        picture = place.get_by_role("img", name="Mentions per day, 16–22 Feb: 4,310 in all")
        await expect(picture).to_have_count(1)
        await picture.scroll_into_view_if_needed()
        await expect(picture).to_have_js_property("naturalWidth", 1000)
        await expect(picture).to_have_class("when-dark" if dark else "when-light")
    assert {is_dark for _, is_dark in site.desk.painted} == {dark}  # the hidden look is never fetched
    assert await overflow(page) <= 0
    await page.get_by_role("button", name="Change between light and dark").click()
    await expect(answer.get_by_role("img")).to_have_class("when-light" if dark else "when-dark")
    await expect(answer.get_by_role("img")).to_have_js_property("naturalWidth", 1000)


async def test_nothing_jumps_while_a_picture_comes(site: Site, tabs: Tabs) -> None:
    await site.desk.chat.post("#alerts", gallery.SUMMARY, "briefing:1", "")
    page = await tabs.open("/c/urgent")
    held = asyncio.Event()

    async def hold(route: Route) -> None:
        await held.wait()
        await route.continue_()

    await page.route("**/chart/*", hold)
    await page.goto(f"{site.url}/c/alerts", wait_until="domcontentloaded")
    picture = page.locator("#messages .when-light")
    before = await picture.bounding_box()
    held.set()
    await expect(picture).to_have_js_property("naturalWidth", 1000)
    after = await picture.bounding_box()
    assert before is not None
    assert before["height"] > 200
    assert before == after


async def test_a_file_is_downloaded_under_its_name(site: Site, tabs: Tabs, tmp_path: Path) -> None:
    page = await tabs.open()
    await page.locator("#line").fill("/earshot export")
    await page.keyboard.press("Enter")
    link = page.get_by_role("link", name="Download week.csv")
    async with page.expect_download() as coming:
        await link.press("Enter")
    download = await coming.value
    assert download.suggested_filename == "week.csv"
    await download.save_as(tmp_path / "week.csv")
    assert (tmp_path / "week.csv").read_bytes() == b"what,now\r\nmentions,1021\r\n"
    await expect(link).to_be_visible()  # it may be wanted again
    await page.get_by_role("button", name="Dismiss this answer").click()
    await expect(link).to_have_count(0)


async def test_a_notice_is_answered_by_its_buttons(site: Site, tabs: Tabs) -> None:
    await site.desk.chat.post("#alerts", gallery.REMINDER, "notice:1", "")
    await site.desk.chat.post("#alerts", gallery.CALL, "notice:2", "")
    page = await tabs.open()
    await expect(page.locator("#messages")).to_contain_text("To the group leads: Nobody has taken case #142.")
    await page.get_by_role("button", name="Still on it, case 142").click()
    await expect(page.locator("#answers")).to_contain_text("#142 stays yours.")
    assert [(asked.verb, asked.values) for asked in site.desk.asked] == [("still", {"case": "142"})]
