"""Sphinx extension: a chapter ends with what a reader may take along: notebook, source, runs, and how to cite it."""

import shutil
from functools import cache
from html import escape
from pathlib import Path

from spareparts import records, table
from spareparts.documents import read_yaml
from spareparts.execute import ROOT
from spareparts.sweep.survey import paper_module

FOLDER = "downloads"
CHAPTERS = "book/executed/"


def word_of(name):
    """The paper whose records stand behind a chapter or its details, None where there is none."""
    word = name.removesuffix("_details")
    return word if paper_module(word) else None


def files_of(name):
    """What a chapter offers: file name and what it is."""
    offered = {f"{name}.ipynb": "this page as an executed notebook", f"{name}.py": "its source, as text"}
    if word := word_of(name):
        offered[f"{word}.csv"] = "all its runs, one row each (CSV)"
    return offered


@cache
def about():
    """The project as CITATION.cff describes it."""
    return read_yaml((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


def bibtex(name, title, year):
    """An entry that cites the page."""
    cited = about()
    fields = {
        "title": f"{title}, in: {cited['title']}",
        "author": f"{{{' and '.join(author['name'] for author in cited['authors'])}}}",
        "note": f"Version {cited['version']}",
        "year": year,
    }
    lines = ",\n".join(f"  {key} = {{{value}}}" for key, value in fields.items())
    return f"@misc{{spareparts-{name},\n{lines}\n}}"


def add(app, pagename, templatename, context, doctree):
    """Write the box under a chapter."""
    if not pagename.startswith(CHAPTERS) or "body" not in context:
        return
    name = pagename.removeprefix(CHAPTERS)
    top = "../" * pagename.count("/")
    items = "".join(
        f'<li><a href="{top}{FOLDER}/{file}" download>{file}</a>: {what}</li>' for file, what in files_of(name).items()
    )
    entry = escape(bibtex(name, context["title"], app.config.copyright))
    cite = f"<details><summary>Cite this page</summary><pre>{entry}</pre></details>"
    licence = f"Text, code and figures: {escape(str(about()['license']))}."
    context["body"] += (
        f'<aside class="take-away"><h2>Take it with you</h2><ul>{items}</ul>{cite}<p>{licence}</p></aside>'
    )


def finish(app, exception):
    """Put the files beside the pages."""
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir) / FOLDER
    folder.mkdir(exist_ok=True)
    for page in sorted((Path(app.outdir) / CHAPTERS).glob("*.html")):
        shutil.copy(Path(app.srcdir) / CHAPTERS / f"{page.stem}.ipynb", folder)
        shutil.copy(ROOT / "notebooks" / f"{page.stem}.py", folder)
        if page.stem == (word := word_of(page.stem)):
            table.write(records.frame(paper_module(word).Config), folder / f"{word}.csv")


def setup(app):
    """Connect both steps; called by Sphinx."""
    app.connect("html-page-context", add)
    app.connect("build-finished", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
