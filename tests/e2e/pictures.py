"""`make pictures`: the pictures of 使用帮助, taken anew from the running product.

    python -m tests.e2e.pictures                       # starts a portal with demonstration data
    python -m tests.e2e.pictures --url http://…        # of one that runs
    python -m tests.e2e.pictures desk sheet            # these alone

Chinese pages as WebP of at most 40 KB under static/help/. A scene that finds no
page of its kind stops the run: a picture that is not renewed would show another product.
"""

import argparse
import io
import os
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
DESKTOP = (1366, 768)


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


def large(page: Page, url: str) -> None:
    """The home page in large print and high contrast."""
    page.goto(url + "/")
    for name in ("large", "contrast"):
        page.locator(f"button[name=toggle][value={name}]").first.click()
        page.wait_for_load_state()


DESK = "main a[href^='/reviews/cases/']"
CALL = "main a[href^='/calls/']"
CASE = "main a.task[href^='/applications/'], main td a[href^='/applications/']"


def keys(page: Page, url: str) -> None:
    """The desk with its dialog of keys."""
    through("/reviews/", DESK)(page, url)
    page.keyboard.press("?")
    page.locator("dialog#keys[open]").wait_for()


@dataclass(frozen=True)
class Scene:
    name: str
    account: str
    go: Callable[[Page, str], None]
    width: int = WIDTH
    height: int = HEIGHT


# Organisations' people with a draft that is nearly filled in, and with a submitted case.
FILLER, ADMIN = "longtan.filler@org", "nongke.admin@org"
SUBMITTED = "zidong.admin"
SCENES = [
    Scene("home", "", at("/")),
    Scene("large", "", large, *DESKTOP),
    Scene("register", "newcomer.admin", at("/organisation/")),
    Scene("workspace", FILLER, through("/applications/", CASE)),
    Scene("section", FILLER, through("/applications/", CASE, "a.task:has-text('总投入')")),
    Scene("table", FILLER, through("/applications/", CASE, "a.task:has-text('投入明细')")),
    Scene("attachments", FILLER, through("/applications/", CASE, "a.task:has-text('附件')")),
    Scene("check", ADMIN, through("/applications/", CASE, "a:has-text('检查全部内容')")),
    Scene("case", SUBMITTED, through("/applications/", CASE)),
    Scene("questions", SUBMITTED, through("/calls/", CALL, "a:has-text('咨询答疑')")),
    Scene("notice", "", through("/public-notices/", "main a[href^='/public-notices/']")),
    Scene("verification", "qixia.clerk", at("/verification/")),
    Scene("desk", "lead.clerk", through("/reviews/", DESK), *DESKTOP),
    Scene("keys", "lead.clerk", keys, *DESKTOP),
    Scene("release", "qixia.head", at("/reviews/release/")),
    Scene("sheet", "expert1", through("/reviews/expert/", "main td a"), *DESKTOP),
    Scene("finance", "finance.clerk", at("/awards/finance/")),
    Scene("call-review", "policy.admin1", through("/policy-admin/calls/", "main td a")),
    Scene("users", "account.admin", at("/users/")),
    Scene("audit", "auditor", at("/audit/")),
]


@contextmanager
def portal(url: str) -> Iterator[str]:
    """The address of the portal to look at: the one named, or one of our own."""
    if url:
        yield url.rstrip("/")
        return
    from tests.e2e.stack import Stack

    stack = Stack(ROOT / "var" / "pictures", size="life")
    stack.start()
    try:
        yield stack.url
    finally:
        stack.stop()


def take(browser: Browser, scene: Scene, url: str, password: str) -> bytes:
    context = browser.new_context(
        viewport={"width": scene.width, "height": scene.height}, locale="zh-CN"
    )
    page = context.new_page()
    if scene.account:
        page.goto(url + "/accounts/login/")
        domain = ".demo.example" if "@" in scene.account else "@demo.example"
        page.fill("[name=login]", scene.account + domain)
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
    """As WebP, in the best quality that stays within the bytes; a dense page a little smaller."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    for share in (1, 0.88, 0.78, 0.7):
        size = (round(image.width * share), round(image.height * share))
        shown = image.resize(size, Image.Resampling.LANCZOS) if share < 1 else image
        for quality in range(80, 38, -6):
            target = io.BytesIO()
            shown.save(target, "WEBP", quality=quality, method=6)
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
    os.environ["LANGUAGE"] = "zh_CN"  # of the browser's own words, in inputs of dates
    chosen = [scene for scene in SCENES if not options.names or scene.name in options.names]
    with portal(options.url) as url, sync_playwright() as playwright:
        browser = look.launch(playwright)
        for scene in chosen:
            content = take(browser, scene, url, settings.DEMO_PASSWORD)
            (FOLDER / f"{scene.name}.webp").write_bytes(content)
            print(f"{scene.name:14} {len(content) / 1000:5.1f} KB", file=sys.stderr)


if __name__ == "__main__":
    main()
