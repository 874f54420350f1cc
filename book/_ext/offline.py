"""Sphinx extension: a built site that works with no network, is light, and can be read aloud.

MathJax is copied into the site from the package sphinx-mathjax-offline, in parts (`mathjax_path` and `mathjax3_config`
in _config.yml name them): without its menu it is a third lighter. Scripts and styles of the theme that would fetch
something from elsewhere, or that no page uses, are taken out, and of its icons those that no page shows.

A screen reader finds its way by landmarks and table headings: the sidebar becomes a landmark, and the empty headings
that pandas writes become plain cells.
"""

import re
import shutil
from importlib.util import find_spec
from pathlib import Path

from fontTools import subset

FONTS = "output/chtml/fonts"
# Thebe runs cells on a server from the page; it comes from a content network and has no button here. No page has tabs
# or cards of sphinx-design.
UNWANTED = ("thebe", "sphinx-design", "design-tabs")
UNUSED = ("*webpack-macros.html", "**/*.map", "**/fontawesome.js*", "*thebe*", "sphinx-design*", "design-tabs*")
SCRIPTS = re.compile(r"<script[^>]*scripts/fontawesome\.js[^>]*></script>\s*")
SEARCH = re.compile(r'<script src="[^"]*search(?:tools|index)\.js[^"]*"></script>\s*')  # its own page has them
RULE = re.compile(r"(?<=[{}])([^{}@]+)\{[^{}]*\}")
WORD = re.compile(r"[\w-]+")
SIDEBAR = '<div id="pst-primary-sidebar"'
ROLES = re.compile(r' role="(?:doc-biblioentry|list)"(?= class="citation-list"|>)')  # of references, out of use
BLANK = re.compile(r"<th\b[^>]*>(?:&nbsp;|\s)*</th>")


def drop_unwanted(app, pagename, templatename, context, doctree):
    """Take the scripts and styles out of a page that it must not load."""
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context[kind] if not any(name in _told(file) for name in UNWANTED)]


def _told(file):
    return f"{file}{getattr(file, 'attributes', '')}".lower()


def finish(app, exception):
    """Copy MathJax, lighten the theme, take out what no page loads, and mend every page."""
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    copy_mathjax(static / "mathjax", app.config.mathjax3_config["loader"]["load"])
    for path in {path for pattern in UNUSED for path in static.glob(pattern)}:
        path.unlink()
    used = {word for script in static.rglob("*.js") for word in WORD.findall(script.read_text(encoding="utf-8"))}
    for page in Path(app.outdir).rglob("*.html"):
        text = mended(page.read_text(encoding="utf-8"))
        text = text if page.stem == "search" else SEARCH.sub("", text)
        page.write_text(text, encoding="utf-8")
        used.update(WORD.findall(text))
    lighten(static, used)
    (Path(app.outdir) / ".nojekyll").touch()  # where GitHub serves the site it would leave out _static


def copy_mathjax(folder, parts):
    """The start-up script, the parts that it loads, and the fonts: 1 MB of the package's 24."""
    source = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
    shutil.copytree(source / FONTS, folder / FONTS, dirs_exist_ok=True)
    for part in ("startup", *parts):
        name = part.replace("[tex]", "input/tex/extensions") + ".js"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / name, folder / name)


def lighten(static, used):
    """Keep what is used, by the words of pages and scripts, of the theme's style sheet and of its icons' font."""
    sheet = static / "styles" / "pydata-sphinx-theme.css"
    css = RULE.sub(lambda rule: rule[0] if applies(rule[1], used) else "", sheet.read_text(encoding="utf-8"))
    sheet.write_text(re.sub(r'url\([^)]*woff2\) format\("woff2"\),', "", css), encoding="utf-8")
    letters = {int(code, 16) for code in re.findall(r"\\([ef][0-9a-f]{3})", css)} | {ord(letter) for letter in css}
    for path in static.glob("vendor/fontawesome/webfonts/*.ttf"):
        path.with_suffix(".woff2").unlink(missing_ok=True)
        font, small = subset.load_font(path, subset.Options()), subset.Subsetter()
        small.populate(unicodes=letters)
        small.subset(font)
        font.save(path)


def applies(selectors, used):
    """Whether some page may have what one of the selectors asks for; names that scripts put together begin with bs-."""
    for selector in re.sub(r":not\([^)]*\)", "", selectors).split(","):
        if all(name in used or name.startswith("bs-") for name in re.findall(r"\.([a-zA-Z][\w-]*)", selector)):
            return True
    return False


def mended(page):
    """A page without the icons' script, with its sidebar as a landmark and no empty headings in its tables."""
    page = BLANK.sub("<td></td>", SCRIPTS.sub("", page))
    page = page.replace(SIDEBAR, SIDEBAR + ' role="navigation" aria-label="the book"')
    page = page.replace(
        '<summary><span class="toctree-toggle"', '<summary aria-label="unfold"><span class="toctree-toggle"'
    )
    return ROLES.sub("", page)


def setup(app):
    """Connect both steps; called by Sphinx."""
    app.connect("html-page-context", drop_unwanted, priority=900)
    app.connect("build-finished", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
