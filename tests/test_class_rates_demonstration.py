"""The demonstration trains what a run trains, and shows how its rates grow."""

import pytest

from spareparts.class_rates import Config, run
from spareparts.class_rates.demonstration import compared, follow
from spareparts.plots import rates_over_training

SMALL = {"dataset": "generated-led-display", "epochs": 2, "width": 32}
RATED = SMALL | {"arm": "class_rates"}


@pytest.mark.parametrize("settings", [SMALL, RATED, RATED | {"groups": "one"}, RATED | {"groups": "layers"}])
def test_a_followed_run_ends_where_a_run_ends(settings):
    config = Config(**settings)
    ((_, result),) = run([config], workers=1, progress=False)
    assert follow(config).test_accuracy == pytest.approx(result.metrics["test_accuracy"])


def test_rates_start_above_one_grow_and_return_at_each_reset():
    followed = follow(Config(**RATED))
    curves = followed.curves.set_index(["step", "group"])
    assert (curves["median"] >= 1).all() and (curves.high <= curves.largest).all()
    assert followed.resets == [2, 4, 6, 8]
    assert (curves.loc[followed.resets[:-1]].largest == 1).all()
    assert (curves.loc[1].largest > 1).any()
    assert len(curves.loc[1]) == 10  # classes


def test_a_run_that_diverges_is_started_anew_with_a_tenth():
    followed = follow(Config(**RATED, rate_learning_rate=1e30))
    assert followed.rate_lr < 1e30


def test_the_table_and_the_figure_show_every_run():
    runs = [follow(Config(**SMALL)), follow(Config(**RATED))]
    assert compared(runs).index.get_level_values("trained with").tolist() == ["plain SGD", "rates, groups: classes"]
    assert rates_over_training(runs[1].curves, resets=runs[1].resets).axes[0].get_yscale() == "log"
    assert "no rates" in rates_over_training(runs[0].curves).axes[0].texts[0].get_text()
