"""Sphinx extension: the library's docstrings, written in Markdown's manner, on pages that read reStructuredText."""

import dataclasses
import re

from docutils import nodes
from sphinx import addnodes

ARRAY = re.compile(r"[~\w.]*_Buffer.*?\[complex \| bytes \| str\]")  # what NumPy makes of ArrayLike
BOUNDED = re.compile(r"Annotated\[(\w+)((?:, (?:Ge|Gt|Le|Lt)\(\w+=[^)]*\))+)\]")
SIGNS = {"ge=": "≥ ", "gt=": "> ", "le=": "≤ ", "lt=": "< "}
CITATION = re.compile(r"\{(cite:[pt])\}`")
MARKUP = re.compile(r"[|*]")  # in a sentence these are a norm and a product


def convert(line):
    """A line whose citations are roles and whose signs outside of code are signs."""
    parts = CITATION.sub(r":\1:`", line).split("`")
    return "`".join(part if place % 2 else MARKUP.sub(r"\\\g<0>", part) for place, part in enumerate(parts))


def rewrite(app, what, name, obj, options, lines):
    """Every docstring on its way to a page, but for what Python says of a field or a constant that has none."""
    own = [] if what == "data" else [line for line in lines if not line.startswith("Alias for field number")]
    lines[:] = map(convert, own)


def shorten(app, what, name, obj, options, signature, returned):
    """A signature as it was written; none of a class whose fields stand below it, with their types and defaults."""
    if what == "class" and dataclasses.is_dataclass(obj):
        return "", None
    return tuple(text and ARRAY.sub("~numpy.typing.ArrayLike", text) for text in (signature, returned))


def bounded(kind):
    """A type with its bounds as one would write them: `int ≥ 1`."""
    bounds = re.sub(r"(?:Ge|Gt|Le|Lt)\((\w+=)([^)]*)\)", lambda found: SIGNS[found[1]] + found[2], kind[2])
    return f"{kind[1]} {bounds.removeprefix(', ')}"


def rewrite_types(app, tree):
    """Every field's type on its way to a page."""
    for annotation in tree.findall(addnodes.desc_annotation):
        if BOUNDED.search(text := annotation.astext()):
            annotation.children = []
            annotation += nodes.Text(BOUNDED.sub(bounded, text))


def setup(app):
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", rewrite)
    app.connect("autodoc-process-signature", shorten)
    app.connect("doctree-read", rewrite_types)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
