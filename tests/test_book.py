"""The built book, opened as a reader opens it: as files, with no network."""

import html
import re
from urllib.parse import unquote

import pandas as pd
import pytest
from pages import CHAPTERS, EXECUTED, PAGES, readable

from spareparts import claims
from spareparts.verify import papers

LOADED = r'(?:<script[^>]* src|<link[^>]*rel="stylesheet"[^>]* href)="([^"]+)"'
NUMBERED = [page for page in PAGES if page.startswith(tuple(CHAPTERS)) or page.endswith("theories")]


def test_the_book_builds_without_a_warning_with_the_verdicts_of_the_lock_and_below_forty_megabytes(site):
    assert all((site / f"{page}.html").is_file() for page in PAGES)
    assert (site / ".nojekyll").is_file()  # as it is served with folders of an underscore
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) < 40e6
    executed = site.parents[1] / "book" / "executed"
    chapters = sorted(path for path in executed.glob("*.ipynb") if path.stem != "ledger")
    assert claims.changes(claims.collect(chapters)) == []


def test_every_page_has_a_description_and_a_missing_one_a_page(site):
    for name in PAGES:
        page = (site / f"{name}.html").read_text(encoding="utf-8")
        assert re.search(r'<meta name="description" content="[^"]{20,}"', page), name
        assert not re.search("og:image|<base href=|/edit/main/|mybinder.org", page)  # not known yet
    assert "There is no such page" in (site / "404.html").read_text(encoding="utf-8")
    assert not (site / "sitemap.xml").exists()


@pytest.mark.browser
@pytest.mark.parametrize("name", [page for page in PAGES if page not in EXECUTED])
def test_a_page_can_be_read_on_every_screen_with_no_network_and_by_everyone(visit, name):
    readable(visit(name, width=390), name)


TABLE = r'<table (?:border="1" class="dataframe"|id="T_)'


@pytest.mark.parametrize(
    ("kind", "pages", "shown"), [("Figure", PAGES, r'<figure[^>]*id="fig-'), ("Table", NUMBERED, TABLE)]
)
def test_every_figure_and_every_table_of_a_chapter_is_numbered_and_referred_to(site, kind, pages, shown):
    for name in pages:
        page = (site / f"{name}.html").read_text(encoding="utf-8")
        names = re.findall(rf'<figure[^>]*id="({kind[:3].lower()}-[^"]+)"', page)
        assert len(re.findall(shown, page)) == len(names) == page.count(f'class="caption-number">{kind} '), name
        assert [own for own in names if f'class="reference internal" href="#{own}"' not in page] == [], name
        assert names or kind == "Figure", name


@pytest.mark.parametrize("name", ["index", *PAGES])
def test_a_page_weighs_less_than_a_megabyte_and_a_half_without_its_figures(site, name):
    page = site / f"{name}.html"
    text = page.read_text(encoding="utf-8")
    loaded = {(page.parent / unquote(link.partition("?")[0])).resolve() for link in re.findall(LOADED, text)}
    if "mathjax/startup.js" in text:
        loaded |= {path for path in (site / "_static" / "mathjax").rglob("*.js")}
    loaded |= set((site / "_static").rglob("fa-solid*.ttf"))
    assert page.stat().st_size + sum(path.stat().st_size for path in loaded if path.is_file()) < 1.4e6


@pytest.mark.browser
def test_the_first_page_leads_to_the_introduction_which_answers_from_every_chapter(site, browser, visit):
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    page.wait_for_url("**/book/index.html")
    page.close()
    page = visit("book/index")
    found = page.locator(".pasted-text").all_text_contents()
    assert len(found) == len(CHAPTERS) and all(re.search(r"\d", text) for text in found)
    assert page.locator("article figure img").count() == 1


@pytest.mark.browser
def test_the_ledger_is_filtered_sorted_and_searched(visit):
    page = visit("book/executed/ledger")
    rows = page.locator("table.ledger tbody tr:visible")
    everything = rows.count()
    page.get_by_label("paper", exact=True).select_option("class_rates")
    assert 0 < rows.count() < everything
    assert {row.get_attribute("data-paper") for row in rows.all()} == {"class_rates"}
    page.get_by_label("paper", exact=True).select_option("")
    page.get_by_label("find rows").fill("experts-1,")
    assert rows.count() == 1
    page.get_by_label("find rows").fill("")
    page.get_by_role("button", name="Claim").click()
    shown = page.locator("table.ledger tbody td:nth-child(2)").all_text_contents()
    order = "texts => texts.sort((a, b) => a.localeCompare(b, 'en', {numeric: true}))"
    assert len(shown) == everything and shown == page.evaluate(order, shown)


@pytest.mark.browser
def test_a_long_table_is_sorted_by_the_numbers_of_a_column(visit):
    page = visit("book/executed/class_rates_details")
    page.get_by_role("button", name="largest class").first.click()
    shown = page.locator(".tag_sortable table").first.locator("tbody td:nth-child(2)").all_text_contents()
    numbers = [float(text) for text in shown if text != "–"]
    assert len(numbers) == 44 and numbers == sorted(numbers)


def test_a_chapter_can_be_taken_along_as_notebook_source_runs_and_what_its_figures_draw(site):
    page = (site / "book" / "executed" / "class_rates.html").read_text(encoding="utf-8")
    figures = re.findall(r'<figure[^>]*id="(fig-[^"]+)"', page)
    for name in ("class_rates.ipynb", "class_rates.py", "class_rates.csv", *(f"{figure}.csv" for figure in figures)):
        assert f'href="../../downloads/{name}"' in page and (site / "downloads" / name).stat().st_size > 1000
    assert "@misc{spareparts-class_rates," in page
    runs = pd.read_csv(site / "downloads" / "class_rates.csv")
    assert runs.hash.is_unique and {"dataset", "test_accuracy", "protocol", "commit"} <= set(runs)
    for paper in papers():
        again = pd.read_parquet(site / "downloads" / f"{paper}.parquet")
        assert list(again.hash) == list(pd.read_csv(site / "downloads" / f"{paper}.csv").hash)


def test_every_link_within_the_site_leads_somewhere(site):
    pages = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    anchors = {path: set(re.findall(r'\b(?:id|name)="([^"]+)"', text)) for path, text in pages.items()}
    lost = []
    for path, text in pages.items():
        for link in re.findall(r'<a [^>]*href="([^":]+)"', text):
            name, _, anchor = html.unescape(link).partition("#")
            target = (path.parent / unquote(name.partition("?")[0])).resolve() if name else path
            if not target.exists() or (anchor and target in anchors and unquote(anchor) not in anchors[target]):
                lost.append(f"{path.relative_to(site)}: {link}")
    assert lost == []


@pytest.mark.browser
def test_the_search_finds_a_word(visit):
    page = visit("search", query="?q=equivalence")
    page.get_by_role("link", name="How we know").first.wait_for()
    assert page.wrong == []
