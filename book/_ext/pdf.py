"""The whole book as one PDF: `python book/_ext/pdf.py SITE FILE` has Chromium print what sphinx wrote as one page."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

# An interactive figure in a shadow root does not print well and cannot be used on paper: its text stands for it.
REPLACE = """for (const graph of document.querySelectorAll("unit-graph")) {
    const text = document.createElement("p");
    text.textContent = `${graph.getAttribute("aria-label")} (Interactive on the book's page.)`;
    graph.replaceWith(text);
}"""
READY = "window.MathJax?.startup?.promise"
NUMBER = "<p style='width: 100%; text-align: center; font-size: 8px'><span class='pageNumber'></span></p>"


def print_book(page, source: Path, target: Path) -> None:
    """Print the page when its formulas are drawn, figures that wait to be seen included."""
    page.goto(source.resolve().as_uri(), wait_until="load")
    page.evaluate(READY)
    page.evaluate(REPLACE)
    page.evaluate("document.querySelectorAll('img').forEach((image) => { image.loading = 'eager'; })")
    page.wait_for_function("[...document.images].every((image) => image.complete)")
    margin = dict.fromkeys(("top", "bottom", "left", "right"), "15mm")
    footer = {"display_header_footer": True, "header_template": "<p></p>", "footer_template": NUMBER}
    page.pdf(path=target, format="A4", scale=0.75, margin=margin, outline=True, tagged=True, **footer)


def main(site: str, target: str) -> None:
    """Open the only page of the site offline and print it."""
    path = shutil.which("chromium")
    if path is None:
        sys.exit("make pdf needs Chromium on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        context = browser.new_context(offline=True, color_scheme="light")
        context.set_default_timeout(300_000)
        # Sphinx links its only page's figures and styles as if the page lay at the top.
        source = shutil.copyfile(Path(site, "book", "index.html"), Path(site, "book.html"))
        print_book(context.new_page(), source, Path(target))
        browser.close()
    print(f"The book: {Path(target).resolve()}")


if __name__ == "__main__":
    main(*sys.argv[1:])
