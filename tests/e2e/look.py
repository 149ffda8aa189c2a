"""Looking at a page as its readers do: widths, languages, axe, targets, pictures.

``faults(page, name)`` walks the page that is open through all widths and returns what is
wrong in words; ``tests/e2e/shots/`` holds a picture for each width.
"""

import os
import shutil
from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, Playwright

WIDTHS = (375, 768, 1366, 1920)
AXE_WIDTHS = (375, 1366)
TARGET_PX = 44
SHOTS = Path(__file__).parent / "shots"
FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
# Links inside a sentence are exempt (WCAG 2.5.8), as are controls that a label enlarges.
_SMALL_TARGETS = """(least) => {
  const seen = [];
  const inline = (el) => {
    if (getComputedStyle(el).display !== "inline") return false;
    return el.closest("p, li, dd, dt, td, th, figcaption, blockquote, .small, .prose, .card-header") !== null;
  };
  for (const el of document.querySelectorAll("a[href], button, summary, select, input:not([type=hidden])")) {
    const box = el.getBoundingClientRect();
    if (!box.width || !box.height || !el.checkVisibility({visibilityProperty: true})) continue;
    if (el.matches(".skip-link") || inline(el)) continue;
    const label = el.labels && el.labels[0] ? el.labels[0].getBoundingClientRect() : null;
    const height = Math.max(box.height, label ? label.height : 0);
    const checkable = el.matches("input[type=checkbox], input[type=radio]");
    const around = checkable ? el.closest(".form-check") : null;
    const tall = around ? Math.max(height, around.getBoundingClientRect().height) : height;
    const wide = Math.max(box.width, label ? label.width : 0);
    if (tall < least - 0.5 || (wide < least - 0.5 && !checkable))
      seen.push(`${el.tagName.toLowerCase()} "${(el.textContent || el.name || "").trim().slice(0, 20)}" ${Math.round(box.width)}×${Math.round(box.height)}`);
  }
  return seen;
}"""
_OVERFLOWING = """() => {
  const width = document.documentElement.clientWidth;
  const wide = [];
  for (const el of document.querySelectorAll("body *")) {
    const box = el.getBoundingClientRect();
    if (!box.width || box.right <= width + 1) continue;
    let scrolled = false;
    for (let up = el.parentElement; up; up = up.parentElement) {
      const over = getComputedStyle(up).overflowX;
      if (over === "auto" || over === "scroll" || over === "hidden") { scrolled = true; break; }
    }
    if (!scrolled) wide.push(`${el.tagName.toLowerCase()}.${el.className} ends at ${Math.round(box.right)}`);
  }
  return document.documentElement.scrollWidth > width ? wide.slice(0, 5).concat(`scroll width ${document.documentElement.scrollWidth}`) : [];
}"""


def launch(playwright: Playwright) -> Browser:
    """Chromium without network of its own: $CHROMIUM, Playwright's, or the system's."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    own = playwright.chromium.executable_path
    candidates = [os.environ.get("CHROMIUM"), own if Path(own).exists() else None]
    candidates += [shutil.which(name) for name in names]
    return playwright.chromium.launch(
        executable_path=next(filter(None, candidates), None), args=list(FLAGS)
    )


def shoot(page: Page, name: str) -> Path:
    """A picture of the whole page as it stands; none where nobody looks (``CI``)."""
    SHOTS.mkdir(exist_ok=True)
    path = SHOTS / f"{name}.png"
    if os.environ.get("CI"):
        return path
    # Hiding the caret would write style attributes into the page, which its CSP refuses to copy.
    page.screenshot(path=str(path), full_page=True, caret="initial")
    return path


def axe_findings(page: Page) -> list[str]:
    """What axe objects to on the page, a line for each node."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    violations = page.evaluate(
        "axe.run({resultTypes: ['violations']}).then((results) => results.violations)"
    )
    return [
        f"axe {finding['id']}: {finding['help']} at {' '.join(map(str, node['target']))}"
        f" — {(node.get('failureSummary') or '').splitlines()[1:2]}"
        for finding in violations
        for node in finding["nodes"]
    ]


def faults(page: Page, name: str, *, widths=WIDTHS, height: int = 768) -> list[str]:
    """Overflow at every width, small targets on the phone, axe's findings; a picture of each."""
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": height})
        found += [f"{name} at {width}: overflow: {text}" for text in page.evaluate(_OVERFLOWING)]
        if width == min(WIDTHS):
            small = page.evaluate(_SMALL_TARGETS, TARGET_PX)
            found += [f"{name} at {width}: small target {text}" for text in small]
        if width in AXE_WIDTHS:
            found += [f"{name} at {width}: {text}" for text in axe_findings(page)]
        shoot(page, f"{name}-{width}")
    return found
