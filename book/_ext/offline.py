"""Sphinx extension: a built site that works with no network, is light, and can be read aloud.

MathJax is copied into the site from the package sphinx-mathjax-offline, only what a page asks for (`mathjax_path` in
_config.yml names it). Scripts of the theme that would fetch something from elsewhere are taken out, and so is that of
its icons, 1.5 MB on every page: the same icons stand in the theme's style sheet as a font a tenth as large.

A screen reader finds its way by landmarks and table headings: the sidebar becomes a landmark, and the empty headings
that pandas writes become plain cells.
"""

import re
import shutil
from importlib.util import find_spec
from pathlib import Path

# MathJax's start-up script and the fonts that it loads: 2 MB of the package's 24.
SCRIPT, FONTS = "tex-chtml.js", "output/chtml/fonts/woff-v2"
# Thebe runs cells on a server from the page; it comes from a content network and has no button here.
UNWANTED = "thebe"
ICONS = re.compile(r"<script[^>]*scripts/fontawesome\.js[^>]*></script>\s*")
TOGGLE = '<summary><span class="toctree-toggle"'
SIDEBAR = '<div id="pst-primary-sidebar"'
ROLES = re.compile(r' role="(?:doc-biblioentry|list)"(?= class="citation-list"|>)')  # of references, out of use
BLANK = re.compile(r"<th\b[^>]*>(?:&nbsp;|\s)*</th>")


def drop_scripts(app, pagename, templatename, context, doctree):
    """Take the scripts out of a page that it must not load."""
    context["script_files"] = [
        script for script in context["script_files"] if UNWANTED not in f"{script}{script.attributes}".lower()
    ]


def finish(app, exception):
    """Put MathJax where `mathjax_path` points to; take out the icons' script and the themes' templates, no pages."""
    if exception or app.builder.format != "html":
        return
    source = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
    static = Path(app.outdir) / "_static"
    shutil.copytree(source / FONTS, static / "mathjax" / FONTS, dirs_exist_ok=True)
    shutil.copy(source / SCRIPT, static / "mathjax")
    for unused in (
        *static.glob("*webpack-macros.html"),
        *static.glob("**/*.map"),
        *static.glob("scripts/fontawesome*"),
    ):
        unused.unlink(missing_ok=True)
    for page in Path(app.outdir).rglob("*.html"):
        page.write_text(mended(page.read_text(encoding="utf-8")), encoding="utf-8")
    (Path(app.outdir) / ".nojekyll").touch()  # where GitHub serves the site it would leave out _static


def mended(page):
    """A page without the icons' script, with its sidebar as a landmark and no empty headings in its tables."""
    page = BLANK.sub("<td></td>", ICONS.sub("", page))
    page = page.replace(SIDEBAR, SIDEBAR + ' role="navigation" aria-label="the book"')
    page = page.replace(
        '<summary><span class="toctree-toggle"', '<summary aria-label="unfold"><span class="toctree-toggle"'
    )
    return ROLES.sub("", page)


def setup(app):
    """Connect both steps; called by Sphinx."""
    app.connect("html-page-context", drop_scripts, priority=900)
    app.connect("build-finished", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
