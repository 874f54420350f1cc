"""Sphinx extension: the table that a cell shows is numbered as a table where its figure's name begins with `tab-`.

MyST-NB puts any output of a cell with the metadata `figure` into a figure; of tables this makes tables again, with
their caption above. So a table is declared as a figure is: `"figure": {"caption": "...", "name": "tab-..."}`.
"""

from docutils import nodes
from sphinx.transforms import SphinxTransform


class numbered_table(nodes.figure):
    """A caption, and below it what a cell shows."""


class Tables(SphinxTransform):
    """Replace the figures that hold tables before sphinx collects what has a number."""

    default_priority = 500

    def apply(self):
        """Called by Sphinx for every page."""
        for figure in list(self.document.findall(nodes.figure)):
            if any(name.startswith("tab-") for name in figure["names"]):
                *shown, caption = figure.children
                table = numbered_table("", caption, *shown, **figure.attributes)
                figure.replace_self(table)
                self.document.ids |= dict.fromkeys(table["ids"], table)


def visit(translator, node):
    """A figure with the caption first: docutils would close the caption behind the table."""
    caption, *shown = node.children
    translator.body.append(translator.starttag(node, "figure", CLASS="numbered-table"))
    caption.walkabout(translator)
    translator.body.append("</figcaption>")
    for child in shown:
        child.walkabout(translator)
    translator.body.append("</figure>")
    raise nodes.SkipNode


def setup(app):
    """Called by Sphinx."""
    app.add_enumerable_node(numbered_table, "table", html=(visit, None))
    app.add_transform(Tables)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
