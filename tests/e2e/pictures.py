"""`make pictures`: the pictures of 使用帮助, taken anew from the running product.

    python -m tests.e2e.pictures                       # starts a portal with demonstration data
    python -m tests.e2e.pictures --url http://…        # of one that runs
    python -m tests.e2e.pictures desk sheet            # these alone

Chinese pages, 1,100 px wide, as WebP of at most 40 KB under static/help/. A scene that finds no
page of its kind stops the run: a picture that is not renewed would show another product.
"""

import argparse
import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import django
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "static" / "help"
MOST_BYTES = 40_000
WIDTH, HEIGHT = 1100, 680


def at(path: str) -> Callable[[Page, str], None]:
    """Open an address."""

    def go(page: Page, url: str) -> None:
        page.goto(url + path)

    return go


def through(path: str, *links: str) -> Callable[[Page, str], None]:
    """Open an address, then follow the first link (a CSS selector) that is there, and so on."""

    def go(page: Page, url: str) -> None:
        page.goto(url + path)
        for link in links:
            page.locator(link).first.click(timeout=5_000)
            page.wait_for_load_state()

    return go


def keys(page: Page, url: str) -> None:
    """The desk with its dialog of keys."""
    through("/reviews/", DESK)(page, url)
    page.keyboard.press("?")
    page.locator("dialog#keys[open]").wait_for()


def large(page: Page, url: str) -> None:
    """The home page in large print and high contrast."""
    page.goto(url + "/")
    for name in ("large", "contrast"):
        page.locator(f"button[name=toggle][value={name}]").first.click()
        page.wait_for_load_state()


DESK = "main a[href^='/reviews/cases/'], main a[href^='/reviews/desk/']"
CALL = "main a[href^='/calls/']"
DRAFT = "main a[href^='/applications/']"


@dataclass(frozen=True)
class Scene:
    name: str
    account: str
    go: Callable[[Page, str], None]
    height: int = HEIGHT


SCENES: list[Scene] = []


@contextmanager
def portal(url: str) -> Iterator[str]:
    """The address of the portal to look at: the one named, or one of our own."""
    if url:
        yield url.rstrip("/")
        return
    from tests.e2e.stack import Stack

    stack = Stack(ROOT / "var" / "pictures")
    stack.start()
    try:
        yield stack.url
    finally:
        stack.stop()


def take(browser: Browser, scene: Scene, url: str, password: str) -> bytes:
    context = browser.new_context(viewport={"width": WIDTH, "height": scene.height})
    page = context.new_page()
    if scene.account:
        page.goto(url + "/accounts/login/")
        page.fill("[name=login]", f"{scene.account}@demo.example")
        page.fill("[name=password]", password)
        page.locator("main form button[type=submit]").first.click()
        page.wait_for_load_state()
    scene.go(page, url)
    if page.locator("main h1, dialog[open] h2").count() == 0:
        raise SystemExit(f"{scene.name}: {page.url} is no page of the portal")
    picture = page.screenshot(caret="initial", animations="disabled")
    context.close()
    return small(picture)


def small(picture: bytes) -> bytes:
    """As WebP, in the best quality that stays within the bytes."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    for quality in range(80, 20, -6):
        target = io.BytesIO()
        image.save(target, "WEBP", quality=quality, method=6)
        if target.tell() <= MOST_BYTES:
            return target.getvalue()
    raise SystemExit("a picture does not get small enough: show less of the page")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="only these pictures")
    parser.add_argument("--url", default="", help="a portal that runs, with demonstration data")
    options = parser.parse_args()
    django.setup()
    from django.conf import settings

    from tests.e2e import look

    FOLDER.mkdir(exist_ok=True)
    chosen = [scene for scene in SCENES if not options.names or scene.name in options.names]
    with portal(options.url) as url, sync_playwright() as playwright:
        browser = look.launch(playwright)
        for scene in chosen:
            content = take(browser, scene, url, settings.DEMO_PASSWORD)
            (FOLDER / f"{scene.name}.webp").write_bytes(content)
            print(f"{scene.name:14} {len(content) / 1000:5.1f} KB", file=sys.stderr)


if __name__ == "__main__":
    main()
