"""The whole book on paper: what `make pdf` runs, on a book of one small page."""

import re
import shutil
import subprocess
import sys

import pytest

from spareparts.execute import ROOT

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
