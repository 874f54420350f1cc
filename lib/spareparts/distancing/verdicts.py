"""What the records say about the thesis's fourteen claims."""

import pandas as pd

from ..stats import Verdict
from .journey_verdicts import (
    accuracy_recovers,
    ends_further,
    grids_set_speed_and_distance,
    restarts_win,
    several_push_further,
    too_high_a_rate_is_helped,
)
from .mechanism_verdicts import (
    checkpoints_cost_the_same,
    hill_removes_the_minimum,
    penalty_pushes_away,
    step_is_enlarged,
)
from .network_verdicts import (
    barrier_is_crossed,
    distance_helps_ensembles,
    minima_are_flatter,
    pairs_predict_ensembles,
)

CLAIMS = (  # in the order of their numbers
    penalty_pushes_away,
    hill_removes_the_minimum,
    ends_further,
    accuracy_recovers,
    barrier_is_crossed,
    distance_helps_ensembles,
    grids_set_speed_and_distance,
    checkpoints_cost_the_same,
    restarts_win,
    pairs_predict_ensembles,
    too_high_a_rate_is_helped,
    several_push_further,
    step_is_enlarged,
    minima_are_flatter,
)


def verdicts(rows: pd.DataFrame) -> dict[str, Verdict]:
    """One verdict for every claim of the thesis; the first two need no records."""
    return {f"distancing-{number}": decide(rows) for number, decide in enumerate(CLAIMS, 1)}
