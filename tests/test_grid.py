"""Lists of settings, and their combinations."""

import pytest

from spareparts.records.config import check_lists, combinations, given_lists


def test_a_setting_without_a_value_is_left_open_and_one_value_is_a_list_of_one():
    assert given_lists({"a": None, "b": [], "c": 0, "d": (1, 2), "e": range(2)}) == {"c": [0], "d": [1, 2], "e": [0, 1]}


@pytest.mark.parametrize("values", [(), [1, 1]])
def test_a_list_that_names_nothing_or_something_twice_is_refused(values):
    with pytest.raises(ValueError, match="seeds must name at least one value and none twice"):
        check_lists({"seeds": values})
    with pytest.raises(ValueError, match="seeds must name"):
        given_lists({"seeds": values})


def test_the_last_setting_changes_fastest_and_nothing_to_vary_is_one_combination():
    assert combinations({"a": [1, 2], "b": [3, 4]})[:2] == [{"a": 1, "b": 3}, {"a": 1, "b": 4}]
    assert combinations({}) == [{}]
