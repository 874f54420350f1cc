"""The pages of the book, as its table of contents has them, and what each must be to a reader."""

import re

from axe_playwright_python.sync_playwright import Axe

from spareparts.execute import ROOT
from spareparts.verify import papers

PAGES = re.findall(r"(?:root|file): (\S+)", (ROOT / "_toc.yml").read_text())
EXECUTED = [page for page in PAGES if "/executed/" in page]
CHAPTERS = [f"book/executed/{paper}" for paper in papers()]
# One style sheet colours all pages, so that one of each kind stands for them; axe takes seconds to see its contrasts.
COLOURED = ("index", "methods", "experts_details", "class_rates", "redundancy", "ledger")

FITS = "document.documentElement.scrollWidth - window.innerWidth <= 2"
RAW = "[...document.querySelectorAll('.math')].filter(formula => !formula.querySelector('mjx-container'))"
LOST = """[...document.querySelectorAll("article table")].filter((table) => {
    const box = table.closest(".parts, .output, .pst-scrollable-table-container");
    if (!box || box.scrollWidth <= box.clientWidth + 1) return false;
    return getComputedStyle(box).overflowX !== "auto" || !table.querySelector("tbody .first-column");
}).map((table) => table.textContent.slice(0, 80))"""


def readable(page, name):
    """Fails unless a page fits both screens, shows its formulas, figures and tables, and axe finds nothing amiss."""
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(FITS, timeout=30_000)  # at last: what another width moves comes to rest first
        assert page.evaluate(LOST) == []  # a table fits, or scrolls beside its first column
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert page.evaluate(f"{RAW}.map(formula => formula.textContent)") == []
    assert page.locator("mjx-merror").count() == 0
    if name in CHAPTERS:
        assert page.locator("mjx-container").count() > 0
        alternatives = page.evaluate("[...document.querySelectorAll('article img')].map(image => image.alt)")
        assert alternatives and all(alternatives)
    assert page.wrong == []  # so far: axe asks for style sheets, which a browser refuses among files
    coloured = name.rsplit("/", 1)[1] in COLOURED
    assert violations(page, rules={"color-contrast": {"enabled": coloured}}) == []
    if coloured:
        page.emulate_media(color_scheme="dark")
        page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
        page.evaluate("Promise.all(document.getAnimations().map(animation => animation.finished))")
        assert violations(page, runOnly=["color-contrast"]) == []  # all that the colours can change


def violations(page, **options):
    """What axe finds: each rule that is broken, how often, and where first."""
    # Without `resultTypes` axe writes down everything that is as it should be too, for twice as long.
    found = Axe().run(page, options={"resultTypes": ["violations"], **options}).response["violations"]
    return [(rule["id"], len(rule["nodes"]), rule["nodes"][0]["html"][:200]) for rule in found]
