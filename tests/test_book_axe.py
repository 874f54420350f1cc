"""The built book, checked page by page by axe; a file of its own, so that a second process opens half of the pages."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages import PAGES


@pytest.mark.browser
@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_in_the_way_of_a_reader(visit, name, colours):
    page = visit(name, colours=colours)
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], len(rule["nodes"]), rule["nodes"][0]["html"][:200]) for rule in found] == []
