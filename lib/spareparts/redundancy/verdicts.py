"""What the records say about the report's sixteen claims."""

import pandas as pd

from ..stats import Verdict
from .pruning_verdicts import (
    criteria_agree,
    largest_first_is_no_worse,
    smallest_norms_last_longest,
    units_hold_no_tickets,
    winning_weights_gather,
)
from .subspace_verdicts import (
    early_layers_do_not_depend_on_later,
    elbow_counts_classes,
    few_directions_carry,
    outliers_appear,
    shuffled_labels_need_more,
    units_cluster,
)
from .theory_verdicts import (
    filters_turn_to_centres,
    large_layers_find_patterns,
    redundant_units_emerge,
    wide_networks_stay_near,
    wide_students_average,
)

CLAIMS = (  # in the order of their numbers
    smallest_norms_last_longest,
    criteria_agree,
    units_cluster,
    filters_turn_to_centres,
    few_directions_carry,
    outliers_appear,
    redundant_units_emerge,
    units_hold_no_tickets,
    large_layers_find_patterns,
    largest_first_is_no_worse,
    wide_networks_stay_near,
    wide_students_average,
    winning_weights_gather,
    early_layers_do_not_depend_on_later,
    elbow_counts_classes,
    shuffled_labels_need_more,
)


def verdicts(rows: pd.DataFrame) -> dict[str, Verdict]:
    """One verdict for every claim of the report."""
    return {f"redundancy-{number}": decide(rows) for number, decide in enumerate(CLAIMS, 1)}
