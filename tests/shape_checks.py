"""The decorator with which tests check every annotation of the library; a whole number may stand for a float."""

from collections.abc import Callable

from beartype import BeartypeConf, beartype


def check(function: Callable) -> Callable:
    """The function checked, but for a config's, which refuses by itself what its fields cannot be."""
    if function.__qualname__.endswith("Config.__init__"):
        return function
    return beartype(function, conf=BeartypeConf(is_pep484_tower=True))
