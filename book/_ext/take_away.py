"""Sphinx extension: a chapter ends with what a reader may take along: notebook, source, runs, figures, how to cite it.

Where `repository.url` in _config.yml says where the project lies, every page links to its source, to a form for what is
wrong with it, and to a notebook that runs on Binder.
"""

import shutil
from functools import cache
from html import escape
from pathlib import Path
from urllib.parse import quote, urlencode

import nbformat

from spareparts import drawn, records, table
from spareparts.documents import read_yaml
from spareparts.execute import ROOT
from spareparts.sweep.survey import paper_module

FOLDER = "downloads"
CHAPTERS = "book/executed/"
BINDER = "https://mybinder.org/v2/gh/{project}/{branch}?labpath=digits.ipynb"  # .binder/postBuild makes that notebook


def word_of(name):
    """The paper whose records stand behind a chapter or its details, None where there is none."""
    word = name.removesuffix("_details")
    return word if paper_module(word) else None


def files_of(name):
    """What a chapter offers: file name and what it is."""
    offered = {f"{name}.ipynb": "this page as an executed notebook", f"{name}.py": "its source, as text"}
    if word := word_of(name):
        offered[f"{word}.csv"] = "all its runs, one row each"
        offered[f"{word}.parquet"] = "the same as Parquet"
    return offered


@cache
def tables_of(notebook):
    """What each figure of an executed notebook draws, as CSV by the figure's name."""
    found = {}
    for cell in nbformat.read(notebook, as_version=4).cells:
        name = cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
        for output in cell.get("outputs", []) if name else ():
            if drawn.MEDIA in output.get("data", {}):
                found[name] = output.data[drawn.MEDIA]
    return found


def links(options, source, title):
    """Where a page is edited, reported on and run; nothing without a repository."""
    url, branch = options.get("repository_url", "").rstrip("/"), options.get("repository_branch", "main")
    if not url:
        return ""
    places = {
        "Edit this page": f"{url}/edit/{branch}/{quote(source)}",
        "Tell us what is wrong with it": f"{url}/issues/new?{urlencode({'title': title})}",
        "Run a chapter on the digits, on Binder": BINDER.format(project="/".join(url.split("/")[-2:]), branch=branch),
    }
    anchors = " · ".join(f'<a href="{escape(place)}">{text}</a>' for text, place in places.items())
    return f'<p class="repository-links">{anchors}</p>'


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
    """Write the box under a chapter, and under every page the links to the repository."""
    if doctree is None:
        return
    name = pagename.removeprefix(CHAPTERS)
    is_chapter = pagename.startswith(CHAPTERS)
    if is_chapter:
        context["body"] += box(app, pagename, name, context["title"])
    source = f"notebooks/{name}.py" if is_chapter else f"{pagename}.md"
    context["body"] += links(app.config.html_theme_options, source, context["title"])


def box(app, pagename, name, title):
    """What a chapter offers."""
    top = "../" * pagename.count("/") + FOLDER
    items = [f'<a href="{top}/{file}" download>{file}</a>: {what}' for file, what in files_of(name).items()]
    numbers = app.env.toc_fignumbers.get(pagename, {}).get("figure", {})
    figures = [
        f'<a href="{top}/{figure}.csv" download>{".".join(map(str, numbers[figure]))}</a>'
        for figure in tables_of(Path(app.srcdir) / f"{pagename}.ipynb")
    ]
    items += [f"what its figures draw, as CSV: {', '.join(figures)}"] if figures else []
    entry = escape(bibtex(name, title, app.config.copyright))
    cite = f"<details><summary>Cite this page</summary><pre>{entry}</pre></details>"
    licence = f"Text, code and figures: {escape(str(about()['license']))}."
    listed = "".join(f"<li>{item}</li>" for item in items)
    return f'<aside class="take-away"><h2>Take it with you</h2><ul>{listed}</ul>{cite}<p>{licence}</p></aside>'


def finish(app, exception):
    """Put the files beside the pages."""
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir) / FOLDER
    folder.mkdir(exist_ok=True)
    for page in sorted((Path(app.outdir) / CHAPTERS).glob("*.html")):
        notebook = Path(app.srcdir) / CHAPTERS / f"{page.stem}.ipynb"
        shutil.copy(notebook, folder)
        for figure, text in tables_of(notebook).items():
            (folder / f"{figure}.csv").write_text(text, encoding="utf-8")
        shutil.copy(ROOT / "notebooks" / f"{page.stem}.py", folder)
        if page.stem == (word := word_of(page.stem)):
            runs = records.frame(paper_module(word).Config)
            for suffix in (".csv", ".parquet"):
                table.write(runs, folder / f"{word}{suffix}")


def setup(app):
    """Connect both steps; called by Sphinx."""
    app.connect("html-page-context", add)
    app.connect("build-finished", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
