"""The executed pages of the built book; a file of its own, so that a second process opens half of the pages."""

import pytest
from pages import EXECUTED, readable


@pytest.mark.browser
@pytest.mark.parametrize("name", EXECUTED)
def test_an_executed_page_can_be_read_on_every_screen_with_no_network_and_by_everyone(visit, name):
    readable(visit(name, width=390), name)
