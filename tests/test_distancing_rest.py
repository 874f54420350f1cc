"""Where push and weight decay cancel: from the equations, by following them, and in made-up records."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from distancing_shown import shown_rows

from spareparts import plots
from spareparts.distancing import checkpoint_penalty, rest
from spareparts.distancing.penalty import Kernel

DECAY = 1e-3


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Rows of three seeds, and the folder of their arrays."""
    folder = tmp_path_factory.mktemp("records")
    (folder / "distancing").mkdir()
    return shown_rows(folder), folder


# The equations


@pytest.mark.parametrize(("strength", "width"), [(1.0, 1000.0), (10.0, 1000.0), (1.0, 100.0), (0.1, 1000.0)])
def test_at_the_mirror_image_push_and_weight_decay_cancel(strength, width):
    checkpoint = torch.tensor([3.0, -4.0, 12.0], dtype=torch.float64)  # of length 13
    distance = rest.mirror(13.0, Kernel(strength, width), weight_decay=DECAY)
    times = distance**0.5 / 13
    theta = ((1 - times) * checkpoint).requires_grad_()
    checkpoint_penalty([theta], [[checkpoint]], strength=strength, width=width).backward()
    assert times > 1 and theta.grad is not None
    assert torch.allclose(theta.grad + DECAY * theta.detach(), torch.zeros(3, dtype=torch.float64), atol=1e-9)


def test_at_the_shell_they_cancel_for_what_has_moved():
    moved = torch.zeros(4, dtype=torch.float64)
    moved[0] = rest.shell(Kernel(), weight_decay=DECAY) ** 0.5
    theta = moved.clone().requires_grad_()
    checkpoint_penalty([theta], [[torch.zeros_like(moved)]]).backward()
    assert torch.allclose(theta.grad, -DECAY * moved, atol=1e-12)
    assert rest.shell(Kernel(), weight_decay=DECAY) == pytest.approx(1000 * math.log(2))
    assert rest.shell(Kernel(halved_exponent=True), weight_decay=DECAY) == 0  # as strong as weight decay at most
    assert rest.shell(Kernel(strength=0.1), weight_decay=DECAY) == 0


def test_descent_on_a_flat_loss_passes_the_shell_and_comes_to_rest_at_the_mirror_image():
    checkpoint = torch.full((16,), 13 / 4, dtype=torch.float64)
    theta = checkpoint + 1e-3 * torch.randn(16, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for _ in range(20_000):
        theta.requires_grad_()
        (push,) = torch.autograd.grad(checkpoint_penalty([theta], [[checkpoint]]), theta)
        theta = (theta - 5.0 * (push + DECAY * theta)).detach()
    cosine = torch.nn.functional.cosine_similarity(theta, checkpoint, dim=0)
    assert float(cosine) == pytest.approx(-1)
    assert float((theta - checkpoint).square().sum()) == pytest.approx(rest.mirror(13.0, Kernel()), rel=1e-6)


def test_without_weight_decay_nothing_stops_and_without_a_push_all_decays():
    assert rest.mirror(13.0, Kernel(), weight_decay=0) == rest.shell(Kernel(), weight_decay=0) == math.inf
    assert rest.mirror(13.0, Kernel(strength=0.0)) == 169


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"length": 0.0}, "length must be positive, got 0.0"),
        ({"length": float("nan")}, "length must be positive, got nan"),
        ({"length": 1.0, "weight_decay": -0.1}, "weight_decay must be at least 0, got -0.1"),
        ({"length": 1.0, "kernel": Kernel(width=0.0)}, "width must be positive, got 0.0"),
    ],
)
def test_what_cannot_be_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        rest.mirror(**({"kernel": Kernel()} | arguments))


# The page


def test_the_cosine_is_that_of_the_weights(rows):
    row = rows[(rows.experiment == "journey") & (rows.outcome == "finished") & (rows.strength == 1)].iloc[0]
    begin, end = rest.lengths(row)
    apart = begin**2 + end**2 - 2 * begin * end * rest.cosine(row)
    assert apart == pytest.approx(row.squared_distance[0])


def test_every_push_has_its_line_and_the_authors_stand_beside_ours(rows):
    table = rest.table(rows)
    assert {"s = 1", "s = 10", "s = 1, width 10,000", "s = 0.1"} <= set(table.loc["MLP, 40 epochs"].index)
    assert (
        table.loc[("MLP, 40 epochs", "s = 1"), "shell"] == "693"
        and table.loc[("MLP, 40 epochs", "s = 0.1"), "shell"] == "–"
    )
    assert table.loc[("MobileNetV2, author", "s = 10"), "protocol"] == "the author's"
    points = rest.points(rows)
    assert set(points.source) == {"ours", "author"} and points[points.source == "ours"].notna().all(axis=None)
    assert points[points.source == "author"].mirror.isna().all()
    assert {"MLP, 40 epochs", "ResNet-20, reduced"} <= set(points.title)


def test_sentences_say_n_and_protocol_and_what_has_not_run(rows):
    text = rest.found(rows)
    assert text.startswith("**MLP, 600 epochs, s = 1** (paper protocol)") and "nan" not in text and "n = 3" in text
    assert "ResNet-20, reduced, s = 10 at" in text and "MLP, 40 epochs, s = 1 at" in text
    assert "nan" not in rest.found(rows[rows.seed == 1])
    assert "After 600 epochs, the checkpoint at 100" in rest.headline(rows)
    assert "ot run yet" in rest.found(pd.DataFrame()) and rest.headline(pd.DataFrame()) == ""
    assert set(rest.points(pd.DataFrame()).source) == {"author"}


def test_the_figure_has_a_bar_or_a_tick_where_a_place_is_known_and_a_dot_a_run(rows):
    points = rest.points(rows)
    figure = plots.resting_places(points)
    drawn = sum(len(line.get_xdata()) for axis in figure.axes for line in axis.lines if line.get_marker() in ("o", "s"))
    assert drawn == len(points)
    lines = [line for axis in figure.axes for line in axis.lines if line.get_marker() not in ("o", "s")]
    assert all(np.isfinite(line.get_xdata()).all() for line in lines)
    assert plots.resting_places(points[:0]).axes
