"""Packages that import a part only when one of its names is asked for: planning and listing do without torch."""

import importlib
import sys
from types import ModuleType
from typing import Any


class Package(ModuleType):
    """A package whose public names are imported when they are first asked for."""

    def __getattr__(self, name: str) -> Any:
        part = self.__dict__["_part_of"].get(name)
        if part is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{self.__name__}.{part}"), name)
        setattr(self, name, value)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        # A part named like what it holds, as run.py holds run, would stand in its place as soon as it is imported.
        if not (isinstance(value, ModuleType) and name in self.__dict__["_part_of"]):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.__dict__["_part_of"]})


def attach(package: str, **parts: str) -> list[str]:
    """Give a package the names of its parts, each a row of words, and return all of them for `__all__`."""
    part_of = {name: part for part, names in parts.items() for name in names.split()}
    module = sys.modules[package]
    module.__dict__["_part_of"] = part_of
    module.__class__ = Package
    return sorted(part_of)
