# SPDX-License-Identifier: MIT
"""Pages of berth serve in a real browser, in a network of their own: what happens on the machine is
on the page within a second."""

from collections.abc import Iterator

import pytest
from berthds import berthd
from browsers import DARK, PHONE, Browser, browsing, install, shot
from servings import Serving, serving
from support import BERTH
from worlds import REASON, World, needs_namespaces, world

pytestmark = needs_namespaces

MODES = {"light": {}, "dark": DARK, "phone": PHONE}
SECOND = 1000


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    if REASON:
        pytest.skip(REASON)
    install()
    with world("leases_world.py") as made:
        yield made


@pytest.fixture(scope="module")
def server(here: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    home = tmp_path_factory.mktemp("serving")
    with berthd(here, home / "history"), serving(
            home, "--listen", "127.0.0.1:0", "--history", str(home / "history"),
            before=here.enter, network=here.pid) as made:
        yield made


@pytest.fixture(scope="module")
def browser(here: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("browser"), before=here.enter) as made:
        yield made


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("place", ["", "ls", "doctor", "ephemeral", "leases", "history", "443", "60587"])
def test_every_page_is_sound(browser: Browser, server: Serving, place: str, mode: str) -> None:
    seen = browser.visit(server.line, f"""
        await page.goto(new URL("/{place}", page.url()).href);
        await page.waitForSelector({'"canvas"' if not place else '"main"'});
        {shot(f"served-{place or 'index'}-{mode}.png")}
        return {{faults: await judge(page), wide: await page.evaluate(() => document.documentElement.scrollWidth)}};
        """, **MODES[mode]).value
    assert seen["faults"] == []
    assert seen["wide"] <= (360 if mode == "phone" else 1280), "it has to be scrolled sideways"


def test_a_server_appears_on_its_page_within_a_second(browser: Browser, server: Serving) -> None:
    seen = browser.visit(server.line, """
        await page.goto(new URL("/7911", page.url()).href);
        const before = await page.locator("#here").innerText();
        await page.waitForTimeout(500); // until it listens to events
        const took = [];
        for (let i = 0; i < 3; i++) {
            const server = await listen(7911), began = performance.now();
            await page.locator("#here", {hasText: `node[`}).waitFor();
            took.push(performance.now() - began);
            server.close();
            await page.locator("#here", {hasText: "No socket has it"}).waitFor();
        }
        return {before, took};""").value
    assert "No socket has it" in seen["before"]
    assert max(seen["took"]) < SECOND


def test_a_server_appears_on_the_map_and_in_the_search(browser: Browser, server: Serving) -> None:
    used = "#c8501e"  # --k8 of style.css
    seen = browser.visit(server.line, f"""
        const canvas = await page.waitForSelector("canvas");
        const box = await canvas.boundingBox();
        await page.mouse.move(box.x + (7912 % 256 + .5) * box.width / 256, box.y + (30 + .5) * box.height / 256);
        const reading = page.locator("#reading");
        await page.waitForTimeout(500);
        const before = [await reading.innerText(), await colours(page, 7912)];
        const server = await listen(7912), began = performance.now();
        await page.locator("#reading", {{hasText: "here: node"}}).waitFor();
        const took = performance.now() - began;
        const now = [await reading.innerText(), await colours(page, 7912)];
        await page.fill("#query", "node");
        const found = await page.locator("#found a").allInnerTexts();
        {shot("served-map.png")}
        server.close();
        await page.locator("#reading", {{hasNotText: "here: node"}}).waitFor();
        return {{before, now, took, found}};""", viewport={"width": 1200, "height": 1200}).value
    assert seen["before"][0].startswith("7912") and "in use here now" not in seen["before"][0]
    assert "in use here now" in seen["now"][0]
    assert seen["now"][1] == used != seen["before"][1]
    assert seen["took"] < SECOND
    assert "7912" in seen["found"]


def test_leases_and_history_are_layers(browser: Browser, here: World, server: Serving) -> None:
    here.run(str(BERTH), "lease", "the-map", "--ttl", "1h", "--port", "7913")
    seen = browser.visit(server.line, """
        const server = await listen(7914);
        await page.waitForTimeout(1500); // berthd writes once a second
        await new Promise((resolve) => server.close(resolve));
        await page.waitForTimeout(1500);
        await page.reload();
        await page.waitForSelector("canvas");
        await page.getByLabel("was in use here").and(page.locator(":enabled")).waitFor();
        await page.waitForTimeout(500);
        const before = await colours(page);
        const box = await page.locator("canvas").boundingBox();
        const read = {};
        for (const port of [7913, 7914]) {
            await page.mouse.move(box.x + (port % 256 + .5) * box.width / 256, box.y + (30 + .5) * box.height / 256);
            read[port] = await page.locator("#reading").innerText();
        }
        await page.getByLabel("leased").uncheck();
        return {before, read, without: await colours(page)};""", viewport={"width": 1200, "height": 1200}).value
    leased = "#1c8a70"
    assert "leased" in seen["read"]["7913"]
    assert "was in use here for less than a minute" in seen["read"]["7914"]
    assert seen["before"][leased] >= 1 and leased not in seen["without"]


def test_what_cannot_be_read_is_said(browser: Browser, here: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Without a history there is no empty layer, but a switch that says so."""
    home = tmp_path_factory.mktemp("bare")
    with serving(home, "--listen", "127.0.0.1:0", "--history", str(home / "none"),
                 before=here.enter, network=here.pid) as bare:
        said = browser.visit(bare.line, """
            await page.locator("#legend", {hasText: "(not known)"}).waitFor();
            return page.locator("#legend label", {hasText: "not known"}).allInnerTexts();""").value
    assert [one.strip() for one in said] == ["was in use here (not known)"]


def test_without_javascript_the_pages_tell_of_the_machine(browser: Browser, server: Serving) -> None:
    seen = browser.visit(server.line, f"""
        const server = await listen(7915);
        await page.waitForTimeout(1000); // what a page tells is at most that old
        await page.goto(new URL("/7915", page.url()).href);
        const text = await page.locator("#here").innerText();
        server.close();
        await page.getByRole("link", {{name: "Sockets"}}).click();
        {shot("served-no-javascript.png")}
        return {{text, title: await page.title()}};""", javaScriptEnabled=False).value
    assert "node[" in seen["text"] and "LISTEN" in seen["text"]
    assert "Sockets" in seen["title"]
