"""A small book told where it is served and where its repository lies, which the real one in test_book is not."""

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

from spareparts.documents import read_yaml
from spareparts.execute import ROOT

BASE, REPOSITORY = "https://example.org/books/parts/", "https://github.com/someone/parts"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The small book with both settings, and with the extensions of this one."""
    book = tmp_path_factory.mktemp("small")
    settings = (ROOT / "_config.yml").read_text(encoding="utf-8")
    settings = settings.replace('baseurl: ""', f'baseurl: "{BASE}"').replace('url: ""', f'url: "{REPOSITORY}"', 1)
    (book / "_config.yml").write_text(settings, encoding="utf-8")
    chapters = "parts:\n  - numbered: 2\n    chapters:\n      - file: book/executed/audit\n"
    (book / "_toc.yml").write_text(f"format: jb-book\nroot: book/index\n{chapters}", encoding="utf-8")
    (book / "book" / "executed").mkdir(parents=True)
    audit = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Audit\n\nA paragraph.")])
    nbformat.write(audit, book / "book" / "executed" / "audit.ipynb")
    for folder in ("_ext", "_static"):
        shutil.copytree(ROOT / "book" / folder, book / "book" / folder)
    shutil.copy(ROOT / "book" / "captured" / "verdicts.png", book / "book" / "executed")
    (book / "book" / "index.md").write_text("# Parts\n\nWhat this book is about.\n", encoding="utf-8")
    (book / "book" / "references.bib").touch()
    command = [Path(sys.executable).with_name("jupyter-book"), "build", "-nW", "--keep-going", book]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return book / "_build" / "html"


def test_the_sitemap_lists_the_pages_and_each_names_a_card_of_the_size_that_others_show(site):
    places = re.findall("<loc>(.*?)</loc>", (site / "sitemap.xml").read_text(encoding="utf-8"))
    assert places == [f"{BASE}book/executed/audit.html", f"{BASE}book/index.html"]
    assert all((site / place.removeprefix(BASE)).is_file() for place in places)
    page = (site / "book" / "index.html").read_text(encoding="utf-8")
    assert '<meta name="description" content="What this book is about."' in page
    (named,) = re.findall(r'<meta property="og:image" content="(.*?)"', page)
    with Image.open(site / named.removeprefix(BASE)) as card:
        assert card.size == (1200, 630)
        assert len(card.getcolors(2**20)) > 100  # the picture is on it


def test_the_page_for_a_missing_one_finds_everything_from_any_folder(site):
    page = (site / "404.html").read_text(encoding="utf-8")
    (base,) = re.findall(r'<base href="(.*?)"', page)
    root = urljoin(urljoin(BASE, "no/such/page.html"), base)
    links = [link for link in re.findall(r'(?:href|src)="([^"#]+)"', page) if not link.startswith("data:")]
    whole = [urljoin(root, link) for link in links]
    assert any(link.endswith("book/index.html") for link in whole)
    assert [link for link in whole if not (site / link.removeprefix(BASE).partition("?")[0]).exists()] == []


def test_pages_lead_to_their_sources(site):
    for name, source in {"book/index": "book/index.md", "book/executed/audit": "notebooks/audit.py"}.items():
        page = (site / f"{name}.html").read_text(encoding="utf-8")
        assert f'href="{REPOSITORY}/edit/main/{source}"' in page
        assert f'href="{REPOSITORY}/issues/new?title=' in page
        assert "mybinder.org/v2/gh/someone/parts/main?labpath=digits.ipynb" in page


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


def test_binder_opens_the_notebook_that_it_makes_and_the_addresses_are_left_open():
    for name in ("postBuild", "start"):
        assert subprocess.run(["bash", "-n", BINDER / name]).returncode == 0
        assert (BINDER / name).stat().st_mode & 0o111
    assert "--output digits.ipynb" in (BINDER / "postBuild").read_text()
    assert "labpath=digits.ipynb" in (ROOT / "book" / "_ext" / "take_away.py").read_text()
    settings = read_yaml((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert settings["repository"]["url"] == settings["html"]["baseurl"] == ""


PAGE = """<!doctype html><title>Parts</title><h1>Parts</h1><img loading="lazy" src="_images/dot.svg" alt="a dot">
<unit-graph aria-label="Units of a layer."></unit-graph>
<p style="break-before: page">The second page.</p>"""
DOT = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="4"/></svg>'


def printed(*words):
    return subprocess.run([sys.executable, ROOT / "book" / "_ext" / "pdf.py", *words], capture_output=True, text=True)


@pytest.mark.browser
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium on the PATH")
def test_a_book_of_one_page_becomes_a_pdf_with_its_pages_and_headings(tmp_path):
    for name, text in {"book/index.html": PAGE, "_images/dot.svg": DOT}.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    done = printed(tmp_path, tmp_path / "book.pdf")
    assert done.returncode == 0, done.stderr
    found = (tmp_path / "book.pdf").read_bytes()
    assert found.startswith(b"%PDF-") and len(re.findall(rb"/Type\s*/Page\b", found)) == 2
    assert b"/Outlines" in found and b"/StructTreeRoot" in found


def test_without_chromium_the_reason_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    done = printed(tmp_path, tmp_path / "book.pdf")
    assert done.returncode == 1 and "needs Chromium" in done.stderr
