# SPDX-License-Identifier: MIT
"""Pages of berth page and berth site in a real browser: drawn, read, searched, with a keyboard, in
the dark, on a phone, without JavaScript. Pictures of them are left in the build folder's screenshots."""

import functools
import http.server
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsers import DARK, MODULES, PHONE, Browser, browsing, install, shot
from support import BERTH, RECORDINGS, ROOT, environment, run_berth

PORTS_OF_KINDS = {0: "reserved", 443: "assigned", 5432: "claimed", 60587: "dynamic"}
MODES = {"light": {}, "dark": DARK, "phone": PHONE, "phone-dark": {**PHONE, **DARK}}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        super().end_headers()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    install()
    home = tmp_path_factory.mktemp("site")
    subprocess.run([BERTH, "site", home / "site"], env=environment(home), check=True, capture_output=True)
    yield home / "site"


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[str]:
    """The site below an address of its own, from a server of files."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder.parent)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/site"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("browser")) as made:
        yield made


def palette(name: str) -> list[str]:
    sheet = (ROOT / "src" / "web" / "style.css").read_text(encoding="utf-8")
    found = re.findall(r"--k\d: (#\w+);", sheet)
    return found[:len(found) // 2] if name == "light" else found[len(found) // 2:]


def width_of(mode: str) -> int:
    return 360 if "phone" in mode else 1280


# ---- The index ---------------------------------------------------------------------------------

@pytest.mark.parametrize("mode", MODES)
def test_the_map_is_drawn_and_nobody_is_shut_out(browser: Browser, site: str, mode: str) -> None:
    seen = browser.visit(f"{site}/index.html", f"""
        await page.waitForSelector("canvas");
        const drawn = await colours(page);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        {shot(f"index-{mode}.png")}
        return {{drawn, wide, faults: await judge(page)}};""", **MODES[mode]).value
    assert seen["faults"] == []
    assert seen["wide"] <= width_of(mode), "it has to be scrolled sideways"
    assert sum(seen["drawn"].values()) == 65536
    assert set(seen["drawn"]) <= set(palette("dark" if "dark" in mode else "light"))
    assert len(seen["drawn"]) >= 5 and min(seen["drawn"].values()) > 50


def test_pointing_reads_a_port_and_a_click_opens_it(browser: Browser, site: str) -> None:
    seen = browser.visit(f"{site}/index.html", """
        const box = await page.locator("canvas").boundingBox();
        const at = (port) => [box.x + (port % 256 + .5) * box.width / 256,
            box.y + (Math.floor(port / 256) + .5) * box.height / 256];
        const read = {};
        for (const port of [0, 443, 5432, 60587]) {
            await page.mouse.move(...at(port));
            read[port] = await page.locator("#reading").innerText();
        }
        await page.mouse.click(...at(5432));
        await page.waitForURL("**/05/5432.html");
        return {read, title: await page.title()};""", viewport={"width": 1200, "height": 1200}).value
    for port, kind in PORTS_OF_KINDS.items():
        assert seen["read"][str(port)].split("\n")[0] == str(port)
        assert kind in seen["read"][str(port)]
    assert "https" in seen["read"]["443"]
    assert seen["title"] == "Port 5432"


def test_the_keyboard_reaches_everything(browser: Browser, site: str) -> None:
    seen = browser.visit(f"{site}/index.html", f"""
        const stops = [];
        for (let i = 0; i < 40; i++) {{
            await page.keyboard.press("Tab");
            stops.push(await page.evaluate(() => {{
                const {{id, type, tagName}} = document.activeElement;
                return id || type || tagName;
            }}));
            if (stops.at(-1) === "sheet")
                break;
        }}
        const outline = await page.locator("#sheet").evaluate((sheet) => getComputedStyle(sheet).outlineWidth);
        const read = [];
        for (const key of ["ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft", "ArrowLeft", "ArrowLeft", "End",
                "PageDown", "ArrowUp", "Home"]) {{
            await page.keyboard.press(key);
            read.push(Number((await page.locator("#reading").innerText()).split("\\n")[0]));
        }}
        {shot("keyboard.png", whole=False)}
        await page.keyboard.press("Enter");
        await page.waitForURL("**/*.html");
        await page.waitForSelector(".verdict");
        return {{stops, outline, read, url: page.url()}};""").value
    assert seen["stops"][-1] == "sheet" and "query" in seen["stops"]
    assert seen["outline"] == "3px"
    assert seen["read"] == [0, 1, 257, 256, 256, 256, 511, 4607, 4351, 4096]
    assert seen["url"].endswith("/04/4096.html")


def test_search_finds_numbers_names_and_owners(browser: Browser, site: str) -> None:
    seen = browser.visit(f"{site}/index.html", f"""
        const ask = async (text) => {{
            await page.fill("#query", text);
            return [await page.locator("#count").innerText(), await page.locator("#found a").allInnerTexts()];
        }};
        const found = {{}};
        for (const text of ["postgresql", "60587", "http-alt", "nothing-is-called-this", "HTTPS", "<b>"])
            found[text] = await ask(text);
        await ask("postgres");
        {shot("search.png", whole=False)}
        const faults = await judge(page);
        await page.press("#query", "Enter");
        await page.waitForURL("**/05/5432.html");
        return {{found, faults}};""").value
    assert seen["faults"] == []
    found = seen["found"]
    assert found["postgresql"][1][0] == "5432"
    assert found["60587"] == ["1 port", ["60587"]]
    assert "8080" in found["http-alt"][1]
    assert found["HTTPS"][1][0] == "443"
    assert found["nothing-is-called-this"] == ["0 ports", []] == found["<b>"]


def test_layers_are_switched(browser: Browser, site: str) -> None:
    seen = browser.visit(f"{site}/index.html", """
        const kinds = await page.locator("#legend [data-kind] input").count();
        const before = await colours(page);
        await page.getByLabel("claimed by number").uncheck();
        const without = await colours(page);
        for (const box of await page.locator("#legend [data-kind] input").all())
            await box.uncheck();
        const nothing = await colours(page);
        for (const box of await page.locator("#legend [data-kind] input").all())
            await box.check();
        await page.getByLabel("Hilbert").check();
        return {kinds, before, without, nothing, curve: await colours(page)};""").value
    light = palette("light")
    assert seen["kinds"] == 4
    assert light[5] in seen["before"] and light[5] not in seen["without"]
    assert seen["nothing"] == {light[0]: 65536}
    assert seen["curve"] == seen["before"]


def test_without_javascript_there_is_a_map_and_a_way_to_each_port(browser: Browser, site: str) -> None:
    seen = browser.visit(f"{site}/index.html", f"""
        const drawn = await page.locator("#sheet img").evaluate((img) => img.complete && img.naturalWidth > 0);
        const hidden = await page.locator("#search").isHidden();
        {shot("index-no-javascript.png")}
        await page.getByRole("link", {{name: "59392–60415"}}).click();
        await page.goBack();
        await page.getByRole("link", {{name: "60416–61439"}}).click();
        await page.getByRole("link", {{name: "60587", exact: true}}).click();
        return {{drawn, hidden, title: await page.title()}};""", javaScriptEnabled=False).value
    assert seen == {"drawn": True, "hidden": True, "title": "Port 60587"}


# ---- A port ------------------------------------------------------------------------------------

@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("port", [0, 443, 8080, 60587])
def test_a_port_reads_well(browser: Browser, site: str, port: int, mode: str) -> None:
    seen = browser.visit(f"{site}/{port // 1024:02}/{port}.html", f"""
        {shot(f"port-{port}-{mode}.png")}
        return {{faults: await judge(page), title: await page.locator("h1").innerText(),
            size: await page.evaluate(() => parseFloat(getComputedStyle(document.querySelector("main p")).fontSize)),
            wide: await page.evaluate(() => document.documentElement.scrollWidth)}};""",
                         **MODES[mode]).value
    assert seen["faults"] == []
    assert seen["wide"] <= width_of(mode), "it has to be scrolled sideways"
    assert seen["size"] >= 15
    assert seen["title"].split() == ["Port", str(port)]


def test_lists_and_site_map_are_sound(browser: Browser, site: str) -> None:
    for path in ("08/index.html", "sitemap.html"):
        # 65,536 links are many for axe-core: it looks at the first hundred.
        value = browser.visit(f"{site}/{path}", """
            await page.evaluate(() => document.querySelectorAll("li:nth-child(n + 100), tr:nth-child(n + 100)").forEach((row) => row.remove()));
            return judge(page);""").value
        assert value == []


@pytest.mark.parametrize("mode", MODES)
def test_a_page_that_stands_alone_needs_nothing(browser: Browser, tmp_path: Path, mode: str) -> None:
    page = tmp_path / "page.html"
    assert run_berth(tmp_path, "--replay", str(RECORDINGS / "town"), "page", "-o", str(page), "8080").code == 0
    visit = browser.visit(page.as_uri(), f"""
        {shot(f"page-8080-{mode}.png")}
        return {{faults: await judge(page), here: await page.locator("#here").isVisible(),
            background: await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)}};""",
                          **MODES[mode])
    assert visit.value["faults"] == [] and visit.value["here"]
    assert visit.value["background"] == ("rgb(21, 24, 28)" if "dark" in mode else "rgb(251, 250, 247)")
    assert visit.requests == [page.as_uri()]


def test_a_site_works_from_a_disk(browser: Browser, folder: Path) -> None:
    value = browser.visit((folder / "index.html").as_uri(), """
        await page.fill("#query", "5432");
        await page.press("#query", "Enter");
        await page.waitForURL("**/05/5432.html");
        return page.evaluate(() => getComputedStyle(document.querySelector(".verdict")).borderLeftStyle);""").value
    assert value == "solid"


# ---- HTML --------------------------------------------------------------------------------------

def shape(path: Path) -> int:
    """Pages with the same tags, but for numbers, are of one shape."""
    return hash(tuple(re.findall(r"<[^>]*>", re.sub(r"\d", "", path.read_text(encoding="utf-8")))))


def test_it_is_valid_html(folder: Path, pytestconfig: pytest.Config, tmp_path: Path) -> None:
    """html-validate on a sample; --soak: on one page of each shape that there is, some 1,700."""
    # Not the site map: for 65,536 links it takes minutes. tests/markup.py reads that.
    pages = sorted(folder.rglob("[0-9]*.html"))
    chosen = [path for path in pages if int(path.stem) % 401 == 0 or path.stem in ("443", "8080", "60587")]
    if pytestconfig.getoption("--soak"):
        chosen = list({shape(path): path for path in pages}.values())
        assert len(chosen) > 1000
    chosen += [folder / "index.html", folder / "00" / "index.html", folder / "59" / "index.html"]
    alone = tmp_path / "page.html"
    assert run_berth(tmp_path, "--replay", str(RECORDINGS / "town"), "page", "-o", str(alone), "8080").code == 0
    listed = tmp_path / "list"
    listed.write_text("".join(f"{path}\n" for path in [*chosen, alone]), encoding="utf-8")
    done = subprocess.run(["node", ROOT / "tests" / "pages" / "validate.mjs", MODULES, listed],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[:4000] + done.stderr[:2000]
    assert done.stdout == f"{len(chosen) + 1} pages are valid\n"
    assert len(chosen) > 160
