"""The interactive figure as a reader uses it: in a browser, from a file, with the keyboard, on a phone."""

import json
import re

import pytest
import torch

from spareparts.data import generator
from spareparts.plots.interactive import unit_graph
from spareparts.redundancy.measures import unit_graph as arrays_of

pytestmark = pytest.mark.browser
PAGE = "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'><title>t</title>"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A page of two such figures: 20 units of which the first five become one, by weights and outputs, by weights."""
    initial = torch.randn(20, 60, generator=generator(0))
    final = initial.clone()
    final[:5] = 3 * initial[0]
    snapshots = torch.stack([initial, final])
    outputs = torch.eye(20).expand(2, 20, 20)
    first = unit_graph(arrays_of(snapshots, epochs=[0, 7], outputs=outputs), title="one", cutoff=0.5)
    second = unit_graph(arrays_of(snapshots, epochs=[0, 7]), title="two")
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(PAGE + first + second, encoding="utf-8")
    return path


@pytest.fixture(params=[1280, 390])
def page(request, browser, file):
    page = browser.new_page(viewport={"width": request.param, "height": 900}, reduced_motion="reduce")
    wrong = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda sent: wrong.append(sent.url) if not sent.url.startswith("file:") else None)
    page.goto(file.as_uri())
    page.locator("unit-graph circle").first.wait_for()
    yield page
    page.close()
    assert wrong == []


def content(text: str) -> dict:
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', text).group(1))


def test_the_figure_carries_its_data_fetches_nothing_and_no_title_ends_the_data():
    arrays = arrays_of(torch.randn(2, 9, 20, generator=generator(0)), epochs=[0, 1])
    text = unit_graph(arrays, title="</script> & <b>")
    assert content(text)["title"] == "</script> & <b>" and content(text)["units"] == 9
    assert set(re.findall(r"https?://[^\"'\s]+", text)) == {"http://www.w3.org/2000/svg"}  # a name space
    with pytest.raises(ValueError, match=r"cutoff must be one of 0.1, .*, got 0.33"):
        unit_graph(arrays, title="units", cutoff=0.33)


def told(page) -> str:
    return page.locator("unit-graph").first.locator("p[aria-live]").first.text_content()


def test_both_figures_are_drawn_and_fit_the_screen(page):
    page.locator("unit-graph").nth(1).locator("circle").first.wait_for()
    assert page.locator("unit-graph circle").count() == 40
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert "10 links, 1 group, the largest of 5 units; 15 units alone" in told(page)


def test_the_keyboard_moves_epoch_cutoff_kind_and_unit(page):
    page.locator("unit-graph button").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    assert "0 links" in told(page)
    page.keyboard.press("ArrowRight")
    assert "10 links" in told(page)
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    assert "10 links" in told(page)
    page.keyboard.press("Tab")
    page.locator("unit-graph select").first.select_option("outputs")
    assert "0 links" in told(page)
    page.locator("unit-graph select").first.select_option("weights")
    page.keyboard.press("Tab")
    page.keyboard.type("3")
    assert "Unit 3: norm" in page.locator("unit-graph p[aria-live]").nth(1).text_content()
    assert page.locator("unit-graph circle.chosen").count() == 1
    page.locator("unit-graph svg").first.focus()
    about, visited = page.locator("unit-graph p[aria-live]").nth(1), set()
    for key in ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
        visited.add(about.text_content().partition(":")[0])
    assert len(visited) > 1
    page.keyboard.press("Escape")
    assert about.text_content().startswith("Choose a unit")


PLAYED = "document.querySelector('unit-graph').shadowRoot.querySelector('button').textContent === 'Play'"


def test_dots_stand_out_from_both_grounds_and_play_goes_from_the_first_epoch_to_the_last(page):
    # WCAG 2.2, 1.4.11: graphics need a contrast of 3 to the page's ground, white or #121212.
    for colour in {dot.get_attribute("fill") for dot in page.locator("unit-graph circle").all()}:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        assert 1.05 / (luminance + 0.05) > 3 and (luminance + 0.05) / 0.0561 > 3
    page.locator("unit-graph button").first.press("Enter")
    assert page.locator("unit-graph output").first.text_content() == "0"
    page.wait_for_function(PLAYED)
    assert page.locator("unit-graph output").first.text_content() == "7"
