"""A chapter as it is used: executed with parameters of one's own, into records of its own."""

import nbformat
import pytest

from spareparts.execute import ROOT, execute


def shown(word, parameters, folder):
    """Everything that a paper's chapter shows when it is executed with these parameters."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPAREPARTS_RECORDS", str(folder / "records"))
        patch.setenv("SPAREPARTS_CACHE", str(folder / "cache"))
        done = execute(ROOT / "notebooks" / f"{word}.py", folder / f"{word}.ipynb", parameters)
    outputs = [output for cell in nbformat.read(done, 4).cells for output in cell.get("outputs", [])]
    return [str(text) for output in outputs for text in output.get("data", {}).values()]
