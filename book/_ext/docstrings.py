"""Sphinx extension: the library's docstrings, written in Markdown's manner, on pages that read reStructuredText."""

import re

CITATION = re.compile(r"\{(cite:[pt])\}`")
MARKUP = re.compile(r"[|*]")  # in a sentence these are a norm and a product


def convert(line):
    """A line whose citations are roles and whose signs outside of code are signs."""
    parts = CITATION.sub(r":\1:`", line).split("`")
    return "`".join(part if place % 2 else MARKUP.sub(r"\\\g<0>", part) for place, part in enumerate(parts))


def rewrite(app, what, name, obj, options, lines):
    """Every docstring on its way to a page."""
    lines[:] = map(convert, lines)


def setup(app):
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", rewrite)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
