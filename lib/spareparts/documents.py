"""YAML by the core schema of its version 1.2: `010` is ten, `1:30` and `12:00:00` are texts, and a key stands once."""

from typing import Any

from ruamel.yaml import YAML, ScalarNode
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.tag import Tag

NULL = ("None", "none")  # as Python and people write it
TIMESTAMP, TEXT = "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:str"


class _Core(VersionedResolver):
    """The core schema, which has no dates; `None` is null in it, as the notebooks are Python."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Tag:
        """The tag of a node: what a plain text stands for."""
        if kind is ScalarNode and implicit[0] and value in NULL:
            value = "null"
        tag = super().resolve(kind, value, implicit)
        return Tag(suffix=TEXT) if str(tag) == TIMESTAMP else tag


def read_yaml(text: str) -> Any:
    """What a text of YAML holds; ValueError, in one line, for what is none and for a key that stands twice."""
    reader = YAML(typ="safe", pure=True)
    reader.Resolver = _Core
    try:
        return reader.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}: " if mark else ""
        raise ValueError(f"{place}{' '.join(str(error.problem or error.context).split())}") from error
    except (YAMLError, ValueError, LookupError, RecursionError) as error:  # the last two: `!!int ""`, `[[[[...`
        raise ValueError(" ".join(f"{type(error).__name__}: {error}".split())) from error
