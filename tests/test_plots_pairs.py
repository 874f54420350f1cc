"""Figures of pairs of networks and of ensembles: they draw what records hold, fit a phone, and say n and chance."""

import numpy as np
import pandas as pd
import pytest
from figure_reading import dashed, labelled, texts

from spareparts import plots
from spareparts.plots.ensembles import WAYS

LARGEST = 6.7  # inches across
PLACES = np.linspace(0, 1, 11)
SIZES = [0.1, 0.2, 0.4]


def compared(high, count=3):
    """Records of pairs with a barrier of this height in the middle of the line, and none on the curve."""
    rows = []
    for seed in range(count):
        profile = (2 + 4 * high * PLACES * (1 - PLACES) + 0.1 * seed).tolist()
        row = {f"{way}_{kind}": profile for way in ("line", "matched") for kind in ("errors", "losses")}
        row |= {"curve_errors": [2.0] * 11, "curve_losses": [0.1] * 11}
        row |= {"disagreement": 0.02 + 0.001 * seed, "independent_disagreement": 0.03, "error_correlation": 0.5}
        row |= {f"{kind}squared_distance": 100.0 + seed for kind in ("", "matched_", "rematched_", "shuffled_")}
        rows.append(row | {"normalized_distance": 0.2, "matched_normalized_distance": 0.1 + 0.01 * seed})
    return pd.DataFrame(rows)


def groups():
    return {"not pushed": compared(0.0), "pushed": compared(10.0), "independent": compared(20.0)}


def combined(seeds=3):
    """Accuracies and calibration by way, of two kinds of ensembles."""
    rows = [
        {"title": title, "way": way, "accuracy": 97 + place + seed / 10, "error": 2.0 + seed, "chance": 1.0}
        for place, title in enumerate(("snapshots", "independent"))
        for way in WAYS
        for seed in range(seeds)
    ]
    return pd.DataFrame(rows)


def predictions():
    """Squared errors as predicted but for one kind, in which they are a fifth larger."""
    rows = [
        {"title": title, "size": size, "predicted": 0.04 / size, "measured": factor * 0.04 / size, "deviation": 1e-3}
        for title, factor in (("snapshots", 1.0), ("independent", 1.2))
        for size in (2, 3, 4)
        for _ in range(3)
    ]
    return pd.DataFrame(rows)


def gains():
    rows = [
        {"title": f"s = {strength:g}", "seed": seed, "squared_distance": 100.0 * (1 + strength) + seed}
        | {"error_correlation": 0.5 - 0.01 * seed, "accuracy": 98.0 + 0.1 * seed}
        for strength in (0, 1, 10)
        for seed in range(3)
    ]
    return pd.DataFrame(rows)


RISES = {"pushed": (SIZES, np.full((3, 3), 0.2)), "not pushed": (SIZES, np.full((3, 3), 0.1))}
FIGURES = {  # with three records each
    "errors between pairs": lambda: plots.barriers(groups(), chance=90),
    "losses between pairs": lambda: plots.barriers(groups(), chance=np.log(10), measure="losses"),
    "disagreements": lambda: plots.disagreements(groups()),
    "distances": lambda: plots.pair_distances(groups()),
    "flatness": lambda: plots.loss_rises(RISES),
    "sizes": lambda: plots.ensemble_sizes({"snapshots": np.tile([97.0, 98.0, 98.5], (3, 1))}, chance=10),
    "ways": lambda: plots.combination_accuracies(combined()),
    "calibration": lambda: plots.calibrations(combined()),
    "predictions": lambda: plots.predicted_errors(predictions()),
    "gains": lambda: plots.distance_and_gain(gains()),
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_fits_a_phone_says_n_and_shows_chance_or_no_change(name):
    figure = FIGURES[name]()
    assert figure.get_figwidth() <= LARGEST and "n = 3" in texts(figure)
    assert dashed(figure) or "shuffled: chance" in texts(figure)


def test_without_records_every_figure_says_so():
    nothing = pd.DataFrame()
    for figure in (
        plots.barriers({"pushed": nothing}, chance=90),
        plots.disagreements({}),
        plots.pair_distances({"pushed": nothing}),
        plots.loss_rises({"pushed": (SIZES, np.empty((0, 3)))}),
        plots.ensemble_sizes({}, chance=10),
        *(draw(nothing) for draw in (plots.combination_accuracies, plots.calibrations, plots.predicted_errors)),
        plots.distance_and_gain(nothing),
        plots.agreement_shares({"snapshots": []}),
    ):
        assert figure.axes[0].texts[0].get_text() == "no records yet"


def test_a_way_is_the_mean_of_its_pairs_and_a_third_panel_leaves_the_fourth_empty():
    figure = plots.barriers(groups(), chance=90)
    drawn = labelled(figure.axes[1], "straight line")
    np.testing.assert_allclose(drawn.get_ydata(), 2.1 + 40 * PLACES * (1 - PLACES))
    assert len(figure.axes) == 4 and not figure.axes[3].axison
    assert figure.axes[0].get_ylim()[1] < 30 and "chance, 90" in texts(figure)


def test_a_curve_that_could_not_be_fitted_is_left_out():
    rows = compared(1.0, count=1)
    rows["curve_errors"] = [float("nan")]
    labels = texts(plots.barriers({"pushed": rows}, chance=90))
    assert "straight line" in labels and "fitted curve" not in labels


def test_disagreement_stands_beside_its_chance_level_in_percent():
    left, right = plots.disagreements({"pushed": compared(1.0)}).axes
    means = {line.get_marker(): line.get_xdata()[0] for line in left.lines if len(line.get_xdata()) == 1}
    assert means["o"] == pytest.approx(2.1) and means["D"] == pytest.approx(3.0)
    assert right.get_xlim()[0] <= 0 <= right.get_xlim()[1]


def test_distances_after_matching_have_a_place_of_their_own():
    left, right = plots.pair_distances({"pushed": compared(1.0)}).axes
    heights = {line.get_marker(): line.get_ydata()[0] for line in left.lines if len(line.get_xdata()) == 1}
    assert len(set(heights.values())) == len(heights) == 4
    matched = [line.get_xdata()[0] for line in right.lines if line.get_marker() == "^"]
    assert matched == pytest.approx([0.11])


def test_rises_are_means_and_may_be_negative():
    rises = np.array([[-0.01, 0.1, 0.4], [0.03, 0.1, 0.4]])
    axis = plots.loss_rises({"pushed": (SIZES, rises)}).axes[0]
    np.testing.assert_allclose(labelled(axis, "pushed, n = 2").get_ydata(), rises.mean(0))


def test_an_ensemble_of_one_is_the_dashed_line():
    axis = plots.ensemble_sizes({"snapshots": np.array([[97.0, 98.0], [97.5, 98.5]])}, chance=10).axes[0]
    assert axis.lines[-1].get_ydata()[0] == pytest.approx(97.25) and "chance 10" in axis.get_ylabel()
    np.testing.assert_allclose(labelled(axis, "snapshots, n = 2").get_ydata(), [97.25, 98.25])


def test_every_way_has_a_label_and_its_level_by_chance_is_marked():
    axis = plots.calibrations(combined()).axes[0]
    chances = [line for line in axis.lines if line.get_marker() == "|" and len(line.get_xdata())]
    assert len(chances) == 2 * len(WAYS) and {line.get_xdata()[0] for line in chances} == {1.0}
    assert all(label in texts(axis.figure) for *_, label in WAYS.values())


def test_what_is_as_predicted_lies_on_the_dashed_lines():
    left, right = plots.predicted_errors(predictions(), margin=10).axes
    drawn = labelled(left, "snapshots, n = 3")
    np.testing.assert_allclose(drawn.get_xdata(), drawn.get_ydata())
    shares = [container[0].get_ydata() for container in right.containers]
    np.testing.assert_allclose(shares[0], 100)
    np.testing.assert_allclose(shares[1], 120)


def test_lines_join_the_ensembles_of_a_seed_in_the_order_of_their_distance():
    left, right = plots.distance_and_gain(gains().sample(frac=1, random_state=0)).axes
    joined = [line for line in left.lines if len(line.get_xdata()) == 3 and line.get_linestyle() == "-"]
    assert len(joined) == 3 and all((np.diff(line.get_xdata()) > 0).all() for line in joined)
    assert right.get_title().startswith("ensemble")


def test_shares_of_agreement_sum_to_all_images():
    axis = plots.agreement_shares({"snapshots": np.array([[0, 100, 300, 600]] * 3)}).axes[0]
    widths = [bar.get_width() for bar in axis.patches]
    assert sum(widths) == pytest.approx(100) and widths[0] == pytest.approx(60)
    assert "all agree" in texts(axis.figure) and "n = 3" in texts(axis.figure)
