"""The page in a real browser: a manager's walk, every page readable for everybody, light, and by itself.

Screenshots of every page, at a desk's and a phone's width and in both languages, are left in the folder that
DUEWISE_SCREENSHOTS names, else in a temporary one.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_core_python
import httpx
import pytest
import yaml
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import text_to_be_present_in_element, url_contains
from selenium.webdriver.support.ui import Select, WebDriverWait

from duewise.web.users import keep_user
from page_visits import NIGHTS, PASSWORD, page_portfolio
from synthetic_nights import publish_synthetic_night

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="needs chromium and chromedriver (Debian: chromium, chromium-driver)"
)

WIDTHS = {"desk": 1440, "phone": 390}
LARGEST_PAGE = 200 * 1024
PATIENCE = 20
AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
AXE_RUN = "const done = arguments[arguments.length - 1]; axe.run({resultTypes: ['violations']}).then(done);"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Two nights, one manager, and `duewise serve` in a process of its own."""
    folder = tmp_path_factory.mktemp("served")
    for night in NIGHTS:
        publish_synthetic_night(page_portfolio(folder / "runs"), night, 200)
    keep_user(folder / "users.yaml", "mei", "manager", [], [], password=PASSWORD)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "portfolio": {"name": "shown", "language": "en"},
        "sources": {"path": str(folder)},
        "publish": {"runs": str(folder / "runs")},
        "serve": {"port": port, "users": str(folder / "users.yaml")},
    }
    (folder / "portfolio.yaml").write_text(yaml.safe_dump(settings))
    command = [sys.executable, "-m", "duewise.cli", "serve", str(folder / "portfolio.yaml")]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stderr=log) as server:
        try:
            yield _answering(f"http://127.0.0.1:{port}", server)
        finally:
            server.terminate()
    told = [json.loads(line) for line in (folder / "log").read_text().splitlines()]
    assert [line for line in told if line["level"] == "error"] == []


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for switch in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        f"--user-data-dir={tmp_path_factory.mktemp('profile')}",
    ):
        options.add_argument(switch)
    options.add_experimental_option(
        "prefs", {"download.default_directory": str(tmp_path_factory.mktemp("downloads"))}
    )
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    driver.set_page_load_timeout(60)
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture(scope="module")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    named = os.environ.get("DUEWISE_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def wait_for(browser, selector: str, text: str) -> None:
    """A click returns before the page it leads to has come."""
    WebDriverWait(browser, PATIENCE, ignored_exceptions=(StaleElementReferenceException,)).until(
        text_to_be_present_in_element((By.CSS_SELECTOR, selector), text)
    )


def test_a_manager_walks_from_signing_in_to_the_printed_list(browser, address, screenshots):
    browser.get(address)
    assert "/sign-in" in browser.current_url
    assert findings(browser) == []
    picture(browser, screenshots, "sign-in", "en")
    browser.find_element(By.ID, "name").send_keys("mei")
    browser.find_element(By.ID, "password").send_keys(PASSWORD)
    browser.find_element(By.CSS_SELECTOR, "main button").click()

    wait_for(browser, "h1", "Monday, 1 June 2026")
    browser.find_element(By.LINK_TEXT, "Worklist").click()
    wait_for(browser, "h1", "Worklist")
    Select(browser.find_element(By.ID, "by-stage")).select_by_value("reminder")
    browser.find_element(By.CSS_SELECTOR, ".filters button").click()
    WebDriverWait(browser, PATIENCE).until(url_contains("stage=reminder"))
    wait_for(browser, ".list .debtor .sub", "Reminder")
    stages = browser.find_elements(By.CSS_SELECTOR, ".list .debtor .sub")
    assert stages
    assert {stage.text.split(" · ")[-1] for stage in stages} == {"Reminder"}

    first = browser.find_element(By.CSS_SELECTOR, ".list .debtor a")
    debtor = first.text
    first.click()
    wait_for(browser, "h1", debtor)
    assert "days past due" in browser.find_element(By.CSS_SELECTOR, ".falls").text
    assert "GB/T 45251-2025 § 5.2" in browser.find_element(By.CSS_SELECTOR, ".denied").text

    browser.find_element(By.CSS_SELECTOR, ".languages a").click()
    wait_for(browser, ".languages a", "English")
    assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "zh"
    assert browser.find_element(By.TAG_NAME, "h1").text == debtor
    assert "履约较好" in browser.find_element(By.CSS_SELECTOR, ".falls").text
    browser.find_element(By.CSS_SELECTOR, ".languages a").click()
    wait_for(browser, ".languages a", "中文")
    browser.get(f"{address}/worklist?stage=reminder")
    link = browser.find_element(By.LINK_TEXT, "CSV").get_attribute("href")
    cookies = {cookie["name"]: cookie["value"] for cookie in browser.get_cookies()}
    exported = httpx.get(link, headers={"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())})
    assert exported.status_code == 200
    assert debtor in exported.text

    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    for hidden in (".top", ".filters", ".tools"):
        assert not browser.find_element(By.CSS_SELECTOR, hidden).is_displayed()
    assert browser.find_element(By.CSS_SELECTOR, ".list").is_displayed()
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert printed["data"].startswith("JVBERi")  # %PDF-
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_what_is_said_back_in_the_browser_is_kept(browser, address):
    browser.get(f"{address}/worklist")
    first = browser.find_element(By.CSS_SELECTOR, ".list .debtor a")
    debtor = first.text
    first.click()
    wait_for(browser, "h1", debtor)
    Select(browser.find_element(By.ID, "kind")).select_by_value("disputes")
    browser.find_element(By.ID, "note").send_keys("says it was paid in March")
    browser.find_element(By.CSS_SELECTOR, ".say button").click()
    wait_for(browser, ".said", "says it was paid in March")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("page", ["/", "/worklist", "/debtor", "/rules", "/models", "/runs", "/nowhere"])
def test_every_page_is_accessible_light_and_by_itself(browser, address, screenshots, page, language):
    browser.get(f"{address}/language?to={language}")
    if page == "/debtor":
        browser.get(f"{address}/worklist?stage=reminder")
        page = (
            browser.find_element(By.CSS_SELECTOR, ".list .debtor a")
            .get_attribute("href")
            .removeprefix(address)
        )
    browser.get_log("performance")
    for width in WIDTHS.values():
        _resize(browser, width, 900)
        browser.get(address + page)
        assert findings(browser) == [], f"{page} at {width}"
        beyond = browser.execute_script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert beyond <= 0, f"{page} is wider than {width} pixels"
    requests, size = _traffic(browser)
    assert {url for url in requests if not url.startswith((address, "data:"))} == set()
    assert size / len(WIDTHS) < LARGEST_PAGE
    said = [entry for entry in browser.get_log("browser") if "favicon" not in entry["message"]]
    assert [entry for entry in said if "/nowhere" not in entry["message"]] == []
    picture(browser, screenshots, re.sub(r"\W.*", "", page.strip("/")) or "tonight", language)


@pytest.mark.parametrize("page", ["/", "/worklist", "/runs"])
def test_the_dark_page_is_as_accessible(browser, address, screenshots, page):
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    try:
        browser.get(f"{address}/language?to=en")
        browser.get(address + page)
        assert findings(browser) == []
        picture(browser, screenshots, f"dark-{page.strip('/') or 'tonight'}", "en")
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def findings(browser: webdriver.Chrome) -> list[tuple[str, str]]:
    """Return the serious and critical findings of axe on the page that is shown."""
    browser.execute_script(AXE)
    found: dict[str, Any] = browser.execute_async_script(AXE_RUN)
    return [
        (violation["id"], violation["nodes"][0]["html"][:200])
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
    ]


def picture(browser: webdriver.Chrome, folder: Path, name: str, language: str) -> None:
    """Keep a screenshot of the whole page at each width."""
    for place, width in WIDTHS.items():
        _resize(browser, width, 900)
        height = browser.execute_script("return document.documentElement.scrollHeight")
        _resize(browser, width, min(height, 4000))
        assert browser.save_screenshot(str(folder / f"{name}-{language}-{place}.png"))
    _resize(browser, WIDTHS["desk"], 900)


def _resize(browser: webdriver.Chrome, width: int, height: int) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
    )


def _traffic(browser: webdriver.Chrome) -> tuple[list[str], int]:
    """Return the addresses that were asked since the log was read, and the bytes that came."""
    urls, size = [], 0
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            urls.append(message["params"]["request"]["url"])
        elif message["method"] == "Network.loadingFinished":
            size += int(message["params"]["encodedDataLength"])
    return urls, size


def _answering(address: str, server: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert server.poll() is None, "the server has ended"
        try:
            httpx.get(f"{address}/sign-in")
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return address
    raise TimeoutError(address)
