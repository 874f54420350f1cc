"""Sphinx extension: a link to the glossary says what the term means, where a pointer rests on it."""

import functools

from docutils import nodes


@functools.cache
def meanings(app):
    """Each term of the glossary and its meaning in one line, by its anchor; read once, not for every page."""
    found = {}
    for name in app.env.found_docs:
        if not name.endswith("glossary"):
            continue
        for item in app.env.get_doctree(name).findall(nodes.definition_list_item):
            text = " ".join(item[-1].astext().split())
            found |= {anchor: text for term in item.findall(nodes.term) for anchor in term["ids"]}
    return found


def explain(app, doctree, docname):
    """Put the meaning into every link to a term; sphinx has resolved them all."""
    known = meanings(app)
    for link in doctree.findall(nodes.reference):
        anchor = link.get("refid") or link.get("refuri", "").partition("#")[2]
        if anchor in known:
            link["reftitle"] = known[anchor]


def setup(app):
    """Called by Sphinx; after links are resolved, which is at priority 500."""
    app.connect("doctree-resolved", explain, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
