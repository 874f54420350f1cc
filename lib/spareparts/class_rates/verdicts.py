"""What the records say about the paper's ten claims."""

import math

import numpy as np
import pandas as pd

from ..stats import (
    EquivalenceTest,
    PairedTest,
    Verdict,
    combine,
    decide_equivalence,
    decide_sign,
    equivalence,
    holm,
    not_run,
    paired_wilcoxon,
)
from .config import ACTIVATIONS
from .counting import counted, first_seed, median_over_seeds, published_count, significant, with_mcnemar
from .rows import LABELS, by_set, paired, protocol, published
from .table import ATTAINABLE

SHARE_MARGIN = 5.0  # points of specialised neurons within which two shares count as equal
TIME_MARGIN = 1.1  # ratio of inference times within which they count as equal
ORDER_TOLERANCE = 0.15  # how far the remainder's power of alpha may lie from 2; units at a kink scatter it
CONTROLS = ("one_group", "shuffled_groups", "tuned_baseline")
NAMES = {
    "one_group": "over one group",
    "shuffled_groups": "over shuffled groups",
    "tuned_baseline": "over a baseline with a tuned rate",
    "no_reset": "over rates never reset",
}


def verdicts(rows: pd.DataFrame) -> dict[str, Verdict]:
    """One verdict for every claim of the paper."""
    pairs = published(paired(rows))
    counts = {f"class_rates-{number}": wins(pairs, name) for number, name in enumerate(ACTIVATIONS, 1)}
    return counts | {
        "class_rates-4": significant_wins(pairs),
        "class_rates-5": combine({LABELS[name]: shares_stay(pairs, name) for name in ACTIVATIONS}),
        "class_rates-6": growth_is_gradient(rows),
        "class_rates-7": inference_costs_nothing(pairs),
        "class_rates-8": accuracy_rises(pairs),
        "class_rates-9": classes_matter(rows),
        "class_rates-10": layers_and_resets(rows),
    }


def wins(pairs: pd.DataFrame, activation: str) -> Verdict:
    """Claims 1 to 3: more wins than losses, as the paper counts; the sign test is printed, the count decides."""
    part = first_seed(pairs, activation)
    if part.empty:
        return not_run()
    found, theirs = counted(part), published_count(activation)
    decided, share = found.wins + found.losses, found.share
    interval = share and tuple((2 * bound - 1) * decided for bound in share[1])
    word, remark = more(found.wins, found.losses, ran=found.total)
    note = f"{found}; {found.total} of {len(ATTAINABLE)} sets, one seed; one-sided sign test p = {found.sign_p:.2g}"
    note += f", theirs {theirs.sign_p:.3f} on {theirs.total} sets{remark}"
    return Verdict(
        word, found.wins - found.losses, interval, found.total, protocol(part), "sets, wins minus losses", note
    )


def more(favour: int, against: int, *, ran: int) -> tuple[str, str]:
    """The word for `favour` above `against`, whatever sets that have not run would add; a remark where they could."""
    lead, open_ = favour - against, len(ATTAINABLE) - ran
    if lead > open_:
        return "reproduced", ""
    if lead <= -open_:
        return "not reproduced", ""
    return "undecided", f"; the {open_} sets that have not run could turn it"


def significant_wins(pairs: pd.DataFrame) -> Verdict:
    """Claim 4, for SELU: significant wins outnumber significant losses, raw, and still after Holm's correction."""
    part = pairs[pairs.activation == "selu"]
    first = first_seed(pairs, "selu")
    if first.empty:
        return not_run()
    tests, medians = with_mcnemar(first), median_over_seeds(with_mcnemar(part))
    raw, corrected = significant(tests), significant(tests, "holm")
    word, remark = more(raw.favour, raw.against, ran=len(first))
    if word == "reproduced" and corrected.favour <= corrected.against:
        word, remark = "undecided", "; the correction leaves no more for than against"
    note = f"McNemar p < 0.05 in one seed: raw {raw}, Holm over {len(tests)} sets {corrected}; median p over up to "
    note += f"{part.seed.nunique()} seeds: raw {significant(medians)}, Holm {significant(medians, 'holm')}{remark}"
    return Verdict(word, raw.favour - raw.against, None, len(tests), protocol(first), "sets, for minus against", note)


def sets_of(pairs: pd.DataFrame, column: str) -> tuple[np.ndarray, np.ndarray]:
    """A metric of both sides, averaged over the seeds (and activations) of each data set."""
    return tuple(by_set(pairs, f"{column}_{end}").to_numpy(float) for end in ("first", "second"))


def shares_stay(pairs: pd.DataFrame, activation: str) -> Verdict:
    """Claim 5 for one activation: equivalent shares; sets where no neuron can pass the test say nothing."""
    test, part = share_test(pairs, activation)
    if test is None:
        return not_run()
    return decide_equivalence(test, protocol=protocol(part), unit="points")


def share_test(pairs: pd.DataFrame, activation: str) -> tuple[EquivalenceTest | None, pd.DataFrame]:
    """Equivalence of the specialised shares over data sets, and the pairs behind it; None with fewer than two sets."""
    part = pairs[pairs.activation == activation]
    part = part[part.specialized_ceiling_first > 0] if len(part) else part
    if part.dataset.nunique() < 2:
        return None, part
    return equivalence(*sets_of(part, "specialized"), margin=SHARE_MARGIN), part


def growth_is_gradient(rows: pd.DataFrame) -> Verdict:
    """Claim 6: in every form the remainder of Eq. 5 shrinks with the square of alpha, and is small beside the term."""
    found = remainder_orders(rows)
    if found.empty:
        return not_run()
    off = found[(found.order - 2).abs() > ORDER_TOLERANCE]
    small = bool((found.smallest < 0.01).all())
    word = "reproduced" if off.empty and small else "not reproduced"
    note = "; ".join(f"{form}: {part.order.mean():.3f}" for form, part in found.groupby("form"))
    note += (
        f"; relative remainder at the smallest alpha at most {found.smallest.max():.1e}; interval: range of the runs"
    )
    interval = (float(found.order.min()), float(found.order.max()))
    return Verdict(
        word, float(found.order.mean()), interval, len(found), "paper", "as the order in alpha", note, level=True
    )


def remainder_orders(rows: pd.DataFrame) -> pd.DataFrame:
    """For each proof: the power of alpha with which the remainder shrinks, and the smallest relative remainder."""
    proofs = rows[rows.arm == "proof"] if len(rows) else rows
    lines = []
    for row in proofs.itertuples():
        alphas = np.array(row.step_sizes)
        absolute = np.log(alphas * np.array(row.relative_remainders))
        slope = np.polyfit(np.log(alphas), absolute, 1)[0]
        lines.append({"form": row.form, "activation": row.activation, "order": slope} | _ends(row))
    return pd.DataFrame(lines)


def _ends(row: object) -> dict[str, float]:
    return {"largest": row.relative_remainders[0], "smallest": row.relative_remainders[-1]}


def inference_costs_nothing(pairs: pd.DataFrame) -> Verdict:
    """Claim 7: equal parameters, and a ratio of inference times within a tenth of 1, over data sets."""
    if pairs.dataset.nunique() < 2:
        return not_run()
    test, same = time_test(pairs), bool((pairs.parameters_first == pairs.parameters_second).all())
    word = "reproduced" if same and test.equivalent else "undecided" if same else "not reproduced"
    low, high = (math.exp(bound) for bound in test.outer_interval)
    note = f"parameters {'equal in every pair' if same else 'differ'}; times within {TIME_MARGIN:g}: p = {test.p:.2g}"
    return Verdict(
        word, math.exp(test.mean_difference), (low, high), test.n, protocol(pairs), "times as long", note, level=True
    )


def time_test(pairs: pd.DataFrame) -> EquivalenceTest:
    """Equivalence of log inference times over sets, each the shortest over seeds, as other work slows some of them."""
    times = pairs.groupby(["dataset", "activation"])[
        ["inference_milliseconds_first", "inference_milliseconds_second"]
    ].min()
    logs = np.log(times).groupby("dataset").mean().to_numpy()
    return equivalence(logs[:, 0], logs[:, 1], margin=math.log(TIME_MARGIN))


def accuracy_rises(pairs: pd.DataFrame) -> Verdict:
    """Claim 8: a mean difference over sets and seeds above 0 in each activation, Holm over the three."""
    return _signs({LABELS[name]: pairs[pairs.activation == name] for name in ACTIVATIONS})


def classes_matter(rows: pd.DataFrame) -> Verdict:
    """Claim 9: class rates above both controls and a baseline whose learning rate was tuned, Holm over the three."""
    return _signs({NAMES[name]: published(paired(rows, name, "class_rates")) for name in CONTROLS})


def layers_and_resets(rows: pd.DataFrame) -> Verdict:
    """Claim 10: rates in the lower half of the layers above rates in the upper, and the reset above none."""
    compared = {
        "lower over upper layers": published(paired(rows, "top_half", "bottom_half")),
        NAMES["no_reset"]: published(paired(rows, "no_reset", "class_rates")),
    }
    return _signs(compared)


def set_test(pairs: pd.DataFrame) -> PairedTest | None:
    """Wilcoxon's test over data sets on their mean differences; None with fewer than two sets."""
    means = by_set(pairs).to_numpy(float)
    return paired_wilcoxon(np.zeros(len(means)), means) if len(means) > 1 else None


def _signs(parts: dict[str, pd.DataFrame]) -> Verdict:
    """Each part's differences above 0; data sets are the units, and parts that have not run count for Holm."""
    tests = {name: set_test(part) for name, part in parts.items()}
    corrected = holm({name: 1.0 if test is None else test.p for name, test in tests.items()})
    return combine(
        {
            name: not_run()
            if test is None
            else decide_sign(
                test,
                expected=+1,
                corrected_p=corrected[name],
                comparisons=len(parts),
                protocol=protocol(parts[name]),
                unit="points",
            )
            for name, test in tests.items()
        }
    )
