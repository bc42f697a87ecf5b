"""Chromium: a page's own EventSource and WebSocket, by the cookie of somebody who has signed in."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

URL = urlsplit(os.environ["HUB_STREAMS"])
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
SCRIPT = Path(__file__).with_name("page.js").read_text()


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=FLAGS)
        page = browser.new_page()
        page.expose_function("saw", lambda line: print(line, flush=True))
        page.goto(f"{URL.scheme}://{URL.netloc}/sign-in")
        who = {"email": os.environ["HUB_EMAIL"], "password": os.environ["HUB_PASSWORD"]}
        page.evaluate(SCRIPT, {"path": URL.path, **who})
        page.wait_for_event("close", timeout=0)


main()
