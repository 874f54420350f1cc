"""Sphinx extension: a built site that works with no network.

MathJax is copied into the site from the package sphinx-mathjax-offline, only what a page asks for (`mathjax_path` in
_config.yml names it). Scripts of the theme that would fetch something from elsewhere are taken out.
"""

import shutil
from importlib.util import find_spec
from pathlib import Path

# MathJax's start-up script and the fonts that it loads: 2 MB of the package's 24.
SCRIPT, FONTS = "tex-chtml.js", "output/chtml/fonts/woff-v2"
# Thebe runs cells on a server from the page; it comes from a content network and has no button here.
UNWANTED = "thebe"


def drop_scripts(app, pagename, templatename, context, doctree):
    """Take the scripts out of a page that it must not load."""
    context["script_files"] = [
        script for script in context["script_files"] if UNWANTED not in f"{script}{script.attributes}".lower()
    ]


def finish(app, exception):
    """Put MathJax where `mathjax_path` points to, and take out the themes' templates, which are no pages."""
    if exception or app.builder.format != "html":
        return
    source = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
    static = Path(app.outdir) / "_static"
    shutil.copytree(source / FONTS, static / "mathjax" / FONTS, dirs_exist_ok=True)
    shutil.copy(source / SCRIPT, static / "mathjax")
    (Path(app.outdir) / ".nojekyll").touch()  # where GitHub serves the site it would leave out _static
    for template in static.glob("*webpack-macros.html"):
        template.unlink()


def setup(app):
    """Connect both steps; called by Sphinx."""
    app.connect("html-page-context", drop_scripts, priority=900)
    app.connect("build-finished", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
