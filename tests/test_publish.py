"""A small book with the extensions and settings of this one, told where it is served and where its repository lies."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import urljoin

import nbformat
import pytest
from PIL import Image

from spareparts import drawn
from spareparts.documents import read_yaml
from spareparts.execute import ROOT

BASE, REPOSITORY = "https://example.org/books/parts/", "https://github.com/someone/parts"
TABLE = '<table><tbody><tr><td class="number">1</td></tr></tbody></table>'
CELLS = {
    "tab-small": {"text/html": TABLE},
    "fig-small": {"text/html": "<p>drawn</p>", drawn.MEDIA: "panel,x,y\n1,0.5,2\n"},
}


def small_notebook(path):
    """A page with a numbered table and a figure that brings its data along; the text refers to both."""
    text = "# Audit\n\nA paragraph about {numref}`tab-small` and {numref}`fig-small`."
    cells = [nbformat.v4.new_markdown_cell(text)]
    for name, data in CELLS.items():
        about = {"figure": {"caption": f"Small, with $x_1$: {name}.", "name": name}}
        cells.append(nbformat.v4.new_code_cell("shown", metadata={"mystnb": about}))
        cells[-1].outputs = [nbformat.v4.new_output("display_data", data=data)]
    path.parent.mkdir(parents=True)
    metadata = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)


@pytest.fixture(scope="session", params=[BASE, ""], ids=["served", "local"])
def site(request, tmp_path_factory):
    """The small book, built twice: with both settings and with none."""
    book = tmp_path_factory.mktemp("small")
    settings = (ROOT / "_config.yml").read_text(encoding="utf-8")
    if request.param:
        settings = settings.replace('baseurl: ""', f'baseurl: "{BASE}"').replace('url: ""', f'url: "{REPOSITORY}"', 1)
    (book / "_config.yml").write_text(settings, encoding="utf-8")
    chapters = "parts:\n  - numbered: 2\n    chapters:\n      - file: book/executed/audit\n"
    (book / "_toc.yml").write_text(f"format: jb-book\nroot: book/index\n{chapters}", encoding="utf-8")
    small_notebook(book / "book" / "executed" / "audit.ipynb")
    for folder in ("_ext", "_static"):
        shutil.copytree(ROOT / "book" / folder, book / "book" / folder)
    shutil.copy(ROOT / "book" / "captured" / "verdicts.png", book / "book" / "executed")
    (book / "book" / "index.md").write_text("# Parts\n\nWhat this book is about.\n", encoding="utf-8")
    (book / "book" / "references.bib").touch()
    command = [Path(sys.executable).with_name("jupyter-book"), "build", "-nW", "--keep-going", book]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return book / "_build" / "html", bool(request.param)


def test_the_sitemap_lists_the_pages_where_they_are_served(site):
    folder, served = site
    assert (folder / "sitemap.xml").is_file() == served
    if served:
        places = re.findall("<loc>(.*?)</loc>", (folder / "sitemap.xml").read_text(encoding="utf-8"))
        assert places == [f"{BASE}book/executed/audit.html", f"{BASE}book/index.html"]
        assert all((folder / place.removeprefix(BASE)).is_file() for place in places)


def test_a_page_names_a_card_of_the_size_that_others_show(site):
    folder, served = site
    page = (folder / "book" / "index.html").read_text(encoding="utf-8")
    named = re.findall(r'<meta property="og:image" content="(.*?)"', page)
    assert bool(named) == served
    assert '<meta name="description" content="What this book is about."' in page
    if served:
        with Image.open(folder / named[0].removeprefix(BASE)) as card:
            assert card.size == (1200, 630)
            assert len(card.getcolors(2**20)) > 100  # the picture is on it


def test_the_page_for_a_missing_one_finds_everything_from_any_folder(site):
    folder, served = site
    page = (folder / "404.html").read_text(encoding="utf-8")
    assert ("<base href=" in page) == served
    links = re.findall(r'(?:href|src)="([^"#]+)"', page)
    root = BASE if served else folder.as_uri() + "/"
    asked = urljoin(BASE, "no/such/page.html") if served else f"{root}404.html"
    base = re.findall(r'<base href="(.*?)"', page)
    whole = [
        urljoin(urljoin(asked, base[0]) if base else asked, link) for link in links if not link.startswith("data:")
    ]
    assert any(link.endswith("book/index.html") for link in whole)
    lost = [link for link in whole if not (folder / link.removeprefix(root).partition("?")[0]).exists()]
    assert lost == []


def test_pages_lead_to_their_sources_only_where_the_repository_is_known(site):
    folder, served = site
    for name, source in {"book/index": "book/index.md", "book/executed/audit": "notebooks/audit.py"}.items():
        page = (folder / f"{name}.html").read_text(encoding="utf-8")
        assert (f'href="{REPOSITORY}/edit/main/{source}"' in page) == served
        assert (f'href="{REPOSITORY}/issues/new?title=' in page) == served
        assert ("mybinder.org/v2/gh/someone/parts/main?labpath=digits.ipynb" in page) == served


def test_a_table_and_a_figure_have_numbers_of_their_chapter_and_are_referred_to(site):
    page = (site[0] / "book" / "executed" / "audit.html").read_text(encoding="utf-8")
    table = re.search(r'<figure class="numbered-table" id="tab-small">.*?</figure>', page, re.S)[0]
    caption, below = table.split("</figcaption>")
    assert ">Table 1.1 </span>" in caption and TABLE in below
    assert ">Figure 1.1 </span>" in page
    for name, number in {"tab-small": "Table 1.1", "fig-small": "Figure 1.1"}.items():
        assert re.search(rf'<a class="reference internal" href="#{name}">.*?{number}', page)


def test_what_a_figure_draws_is_offered_under_its_number(site):
    page = (site[0] / "book" / "executed" / "audit.html").read_text(encoding="utf-8")
    assert re.search(r'href="../../downloads/fig-small.csv" download>1\.1</a>', page)
    assert (site[0] / "downloads" / "fig-small.csv").read_text() == CELLS["fig-small"][drawn.MEDIA]


# Binder

BINDER = ROOT / ".binder"


def test_binder_installs_what_is_pinned_and_all_that_the_library_imports():
    pinned = dict(re.findall(r"^(\S+)==(\S+)", (ROOT / "constraints.txt").read_text(), re.M))
    locked = dict(re.findall(r"^(\S+)==([^ ;]+)", (ROOT / "requirements.lock").read_text(), re.M))
    asked = re.findall(r"^(\w\S*)", (BINDER / "requirements.txt").read_text(), re.M)
    versions = dict(text.partition("==")[::2] for text in asked)
    assert {version for version in versions.values() if version} == {
        f"{locked['torch']}+cpu",
        f"{locked['torchvision']}+cpu",
    }
    assert all(pinned[name] == locked[name] for name in versions)
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert set(wanted) <= set(versions)


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_what_binder_runs_can_be_read_by_a_shell(name):
    assert subprocess.run(["bash", "-n", BINDER / name]).returncode == 0
    assert (BINDER / name).stat().st_mode & 0o111


def test_binder_opens_the_notebook_that_it_makes_and_the_addresses_are_left_open():
    assert "--output digits.ipynb" in (BINDER / "postBuild").read_text()
    assert "labpath=digits.ipynb" in (ROOT / "book" / "_ext" / "take_away.py").read_text()
    settings = read_yaml((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert settings["repository"]["url"] == settings["html"]["baseurl"] == ""
