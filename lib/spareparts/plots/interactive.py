"""The interactive figure of a layer's units over training, as HTML that carries its own data and script."""

import base64
import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

SCRIPT = Path(__file__).with_name("unit_graph.js")
KINDS = {"weights": "weights (cosine)", "outputs": "outputs (correlation)"}
LEAST_HEIGHT = 0.5  # of the drawing, over its width
PERCENTILE = 95  # of the initial norms: a unit that ends above it is called trained


def unit_graph(arrays: Mapping[str, np.ndarray], *, title: str, cutoff: float = 0.25) -> str:
    """Units of a layer as nodes sized by norm and linked by similarity, with sliders for the epoch and the cutoff.

    `arrays` are the `graph_*` arrays of a record. Colours tell units apart that ended longer than 95% began. The title
    is what screen readers hear. Give the text to `IPython.display.HTML`; it fetches nothing. Raises `ValueError` for a
    cutoff that the record does not have.
    """
    content = _content(arrays, title=title)
    if cutoff not in content["cutoffs"]:
        raise ValueError(f"cutoff must be one of {', '.join(map(str, content['cutoffs']))}, got {cutoff}")
    content["cutoff"] = content["cutoffs"].index(cutoff)
    content["key"] = ["other units", f"units that end longer than {PERCENTILE}% began"]
    # "</" would end the script element
    inlined = json.dumps(content, separators=(",", ":")).replace("</", "<\\/")
    return (
        f'<unit-graph aria-label="{html.escape(title)}"><script type="application/json">{inlined}</script>'
        f"<p>{html.escape(title)} (This figure needs JavaScript.)</p></unit-graph>"
        f"<script>{SCRIPT.read_text(encoding='utf-8')}</script>"
    )


def _content(arrays: Mapping[str, np.ndarray], *, title: str) -> dict[str, Any]:
    """What the script draws, numbers packed as text."""
    norms = arrays["graph_norms"].astype(float)
    places = arrays["graph_places"].astype(float)
    # one scale for both axes and all epochs, so that distances may be compared
    low, high = places.min((0, 1)), places.max((0, 1))
    reach = (high - low).max() or 1.0
    height = max((high - low)[1] / reach, LEAST_HEIGHT)
    low[1] -= (height * reach - (high - low)[1]) / 2
    return {
        "title": title,
        "units": norms.shape[1],
        "epochs": [round(float(epoch), 2) for epoch in arrays["graph_epochs"]],
        "shares": [round(float(share), 3) for share in arrays["graph_shares"]],
        "cutoffs": [round(float(cutoff), 2) for cutoff in arrays["graph_cutoffs"]],
        "largest_norm": round(float(norms.max()), 5),
        "height": round(float(height), 3),
        "places": _words(np.clip((places - low) / reach, 0, 1)),
        "norms": _words(norms / (norms.max() or 1.0)),
        "colours": (norms[-1] > np.percentile(norms[0], PERCENTILE)).astype(int).tolist(),
        "kinds": [_kind(arrays, name) for name in KINDS if f"graph_{name}_links" in arrays],
    }


def _kind(arrays: Mapping[str, np.ndarray], name: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": KINDS[name],
        "links": _text(arrays[f"graph_{name}_links"].astype("<u2")),
        "similarity": _text(arrays[f"graph_{name}_similarity"].astype("u1")),
        "counts": arrays[f"graph_{name}_counts"].tolist(),
    }


def _words(shares: np.ndarray) -> str:
    """Numbers between 0 and 1 as 16-bit ones."""
    return _text((65535 * shares).round().astype("<u2"))


def _text(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
