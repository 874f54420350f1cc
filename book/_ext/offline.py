"""Sphinx extension: a built site that works with no network.

MathJax is copied into the site from the package sphinx-mathjax-offline, only what a page asks for (`mathjax_path` in
_config.yml names it). Scripts of the theme that would fetch something from elsewhere are taken out.
"""

import shutil
from importlib.util import find_spec
from pathlib import Path

# The start-up script and the fonts that it loads: 2 MB of the package's 24.
MATHJAX = ("tex-chtml.js", "output/chtml/fonts/woff-v2")
# Thebe runs cells on a server from the page; it comes from a content network and has no button here.
UNWANTED = "thebe"


def drop_scripts(app, pagename, templatename, context, doctree):
    """Take the scripts out of a page that it must not load."""
    context["script_files"] = [
        script for script in context["script_files"] if UNWANTED not in f"{script}{script.attributes}".lower()
    ]


def copy_mathjax(app, exception):
    """Put MathJax into the site, where `mathjax_path` points to."""
    if exception or app.builder.format != "html":
        return
    source = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
    target = Path(app.outdir) / "_static" / "mathjax"
    for name in MATHJAX:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (source / name).is_dir() else shutil.copyfile
        copy(source / name, target / name, **({"dirs_exist_ok": True} if copy is shutil.copytree else {}))


def setup(app):
    """Connect both steps; called by Sphinx."""
    app.connect("html-page-context", drop_scripts, priority=900)
    app.connect("build-finished", copy_mathjax)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
