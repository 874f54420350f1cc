"""The built book, checked page by page by axe; a file of its own, so that a second process opens half of the pages."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages import PAGES


def violations(page, **options):
    found = Axe().run(page, options=options).response["violations"]
    return [(rule["id"], len(rule["nodes"]), rule["nodes"][0]["html"][:200]) for rule in found]


@pytest.mark.browser
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_in_the_way_of_a_reader_in_the_light_or_in_the_dark(visit, name):
    page = visit(name)
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    page.evaluate("Promise.all(document.getAnimations().map(animation => animation.finished))")
    assert violations(page, runOnly=["color-contrast"]) == []  # all that the colours can change
