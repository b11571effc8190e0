"""Takes the picture of the README: the worklist page of a published night, in a real browser.

After ``make demo``, ``python docs/images/worklist.py pipelines/sample.yaml`` writes ``worklist.png`` beside
itself; it needs chromium, chromedriver and the development environment.
"""

import socket
import subprocess
import sys
import time
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

PICTURE = Path(__file__).with_suffix(".png")
WIDTH, HEIGHT = 1440, 1000
SWITCHES = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")


def main(portfolio: str) -> None:
    """Serve the portfolio's nights for as long as the picture takes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    served = subprocess.Popen(
        [sys.executable, "-m", "duewise.cli", "serve", portfolio, "--port", str(port)],
        stderr=subprocess.DEVNULL,
    )
    try:
        take(f"http://127.0.0.1:{port}", port)
    finally:
        served.terminate()
        served.wait()


def take(address: str, port: int) -> None:
    """Wait until the page answers, and keep what it shows in English."""
    while True:
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.2)
    options = webdriver.ChromeOptions()
    for switch in SWITCHES:
        options.add_argument(switch)
    browser = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    try:
        browser.set_window_size(WIDTH, HEIGHT)
        browser.get(f"{address}/language?to=en")
        browser.get(f"{address}/worklist")
        browser.save_screenshot(str(PICTURE))
    finally:
        browser.quit()


if __name__ == "__main__":
    main(*sys.argv[1:])
