"""What defines a run of each paper: which settings are refused, and which runs are called the paper's own."""

import math
import re

import pytest

from spareparts import class_rates, cross_examination, distancing, experts, fixed_classifiers, redundancy

REFUSED = {
    class_rates: [
        ({"dataset": "iris"}, "Table 1 has no data set 'iris'"),
        ({"cutoff": 20}, "arm 'baseline' does not use cutoff, which must stay 10, got 20"),
        ({"activation": "elu"}, "activation must be one of selu, relu, tanh, got 'elu'"),
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"validation_share": 1.0}, "validation_share must be less than 1, got 1.0"),
        ({"arm": "class_rates", "groups": "layers", "form": "batch"}, "takes form 'sample', got 'batch'"),
    ],
    cross_examination: [
        ({"arm": "snnl"}, "arm must be one of control"),
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"learning_rate": math.nan}, "learning_rate must be finite, got nan"),
        ({"learning_rate": 0.0}, "learning_rate must be positive, got 0.0"),
        ({"arm": "mixture", "hidden_units": 101}, "must be shared by 5 experts, got 101"),
        ({"arm": "pushed", "strength": -1.0}, "strength must be at least 0, got -1"),
        ({"train_samples": 10}, "must fill a batch of 64, got 10"),
        ({"dataset": "nowhere"}, "nowhere"),
    ],
    distancing: [
        ({"network": "vgg"}, "network must be one of mlp, resnet_20, resnet_32, mobilenet_v2, got 'vgg'"),
        ({"strength": -1.0}, "strength must be at least 0, got -1.0"),
        ({"width": 0.0}, "width must be positive, got 0.0"),
        ({"checkpoint": 40}, "epochs must be more than 40, the last checkpoint's, got 40"),
        ({"period": 10}, "a constant schedule has no period, got 10"),
        ({"schedule": "step", "period": 10}, "of a period of whole thirds, got 10"),
        ({"schedule": "step", "per_batch": True}, "schedule step is per epoch"),
        ({"subset": "fold", "member": 5}, "member must be less than 5, the folds, got 5"),
        ({"kind": "bagging"}, "experiment 'journey' does not use kind"),
        ({"members": 1}, "members must be at least 2, got 1"),
        ({"experiment": "ensemble", "checkpoints": 2, "members": 4}, "members must be at most 3 for snapshots"),
        ({"experiment": "pair", "other": "unpushed", "strength": 0.0}, "strength 0 is its own unpushed twin"),
    ],
    experts: [
        ({"dataset": "minst"}, "unknown data set 'minst'; did you mean 'mnist'"),
        ({"arm": "control"}, "arm must be one of baseline, snnl, .*, got 'control'"),
        ({"experts": 0}, "experts must be at least 1, got 0"),
        ({"batch_size": 1}, "batch_size must be at least 2, got 1"),
        ({"train_samples": 0}, "train_samples must be at least 1, got 0"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"peak_learning_rate": -0.1}, "peak_learning_rate must be at least 0, got -0.1"),
        ({"extractor": "transformer", "filters": 16}, "must stay 32, got 16"),
        ({"centred_gate": 1.5}, "centred_gate must be at most 1, got 1.5"),
        ({"gate_learning_rate": 0.0}, "gate_learning_rate must be positive, got 0.0"),
        ({"arm": "simclr"}, "compares two augmented views: augment must be True, got False"),
        ({"arm": "balanced", "chosen_experts": 6}, "chosen_experts must be at most 5, the experts, got 6"),
        ({"arm": "snnl", "weight_schedule": "cosine"}, "must be one of constant, rising, falling, got 'cosine'"),
        ({"arm": "snnl", "temperature": 0.0}, "temperature must be positive, got 0.0"),
        ({"arm": "snnl", "snnl_weight": math.inf}, "snnl_weight must be finite, got inf"),
        ({"arm": "baseline", "snnl_weight": 10.0}, "arm 'baseline' does not use snnl_weight.* got 10.0"),
    ],
    fixed_classifiers: [
        ({"experiment": "all"}, "experiment must be one of images, language, heads, got 'all'"),
        ({"experiment": "heads", "epochs": 3}, "experiment 'heads' does not use epochs, which must stay None, got 3"),
        ({"experiment": "language", "head": "hadamard"}, "experiment 'language' does not use head"),
        ({"head": "fixed"}, "head must be one of learned"),
        ({"head": "orthonormal", "scale": 2.0, "initial_scale": 10.0}, "scale that is held does not use initial_scale"),
        ({"head": "hadamard", "matrix": "paley", "coordinates": "scattered"}, "'paley' does not use coordinates"),
        ({"head": "hadamard", "scale": -1.0}, "scale must be positive, got -1"),
        ({"head": "hadamard", "scale_decay": -1.0}, "scale_decay must be at least 0"),
        ({"head": "orthonormal", "loss": "cosine_squared", "other_target": 1.0}, "must be less than 1, got 1.0"),
        ({"head": "sparse", "density": 1.5}, "density must be at most 1, got 1.5"),
        ({"classes": 1}, "classes must be at least 2, got 1"),
        ({"shortcut": "projection", "network": "mlp"}, "mlp has none"),
        ({"features": 8, "network": "densenet_bc_100_12"}, "features must stay None"),
        ({"class_choice": "within"}, "needs a number of classes of cifar100, got None of 'cifar10'"),
        ({"network": "resnet_50"}, "resnet_50 needs a folder of images"),
        ({"dataset": "cifar11"}, "unknown data set"),
    ],
    redundancy: [
        ({"experiment": "all"}, "experiment must be one of"),
        ({"experiment": "xord", "classes": 3}, "does not use classes"),
        ({"width": 30, "model": "conv_2"}, "width is of LeNet"),
        ({"kept_fraction": 0.0, "experiment": "tickets"}, "kept_fraction must be positive, got 0.0"),
        ({"classes": 11}, "mnist has 10 classes"),
        ({"experiment": "tickets", "kept_fraction": 0.6}, "of weights must be at most 0.5, one halving, got 0.6"),
        ({"experiment": "tickets", "iterations": 9, "rewind": 9}, "must be less than 9, the iterations, got 9"),
        ({"learning_rate": 0.0}, "learning_rate must be positive, got 0.0"),
    ],
}


@pytest.mark.parametrize(
    ("paper", "settings", "message"), [(paper, *row) for paper, rows in REFUSED.items() for row in rows]
)
def test_a_value_that_cannot_be_trained_with_is_refused_and_shown(paper, settings, message):
    with pytest.raises(ValueError, match=message):
        paper.Config(**settings)


CAR, RESNET = {"dataset": "car"}, {"network": "resnet_32", "dataset": "cifar10"}
RATED = CAR | {"arm": "class_rates"}
PAPERS_OWN = {
    class_rates: [RATED, CAR, RATED | {"rate_learning_rate": 100.0, "cutoff": 30}],
    distancing: [
        RESNET,
        *(RESNET | {"epochs": 600, "checkpoint": c, "checkpoints": n} for c, n in ((100, 1), (150, 3))),
    ],
    experts: [{"arm": "snnl"}, {"experts": 2, "arm": "snnl", "snnl_weight": 10.0}, {"train_samples": 25_000}],
    fixed_classifiers: [
        {},
        {"network": "densenet_bc_100_12", "dataset": "cifar100"},
        {"head": "hadamard", "scale": 0.1},
    ],
    redundancy: [{}, {"model": "conv_2", "dataset": "cifar10"}],
}
SMALLER = {"precision": "bfloat16", "train_samples": 500}
DEPARTURES = {  # of which each alone makes a run another's
    class_rates: {"learning_rate": 0.03, "epochs": 101, "dataset": "generated-twonorm", "initialization": "he"}
    | {"groups": "shuffled"},
    distancing: SMALLER | {"epochs": 500, "network": "resnet_20", "dataset": "cifar100", "checkpoint": 150},
    experts: SMALLER
    | {"dataset": "digits", "steps": 1_500, "momentum": 0.5, "arm": "balanced", "filters": 16, "centred_gate": 1.0}
    | {"temperature_schedule": "learned", "weight_schedule": "rising"},  # which the paper leaves to others
    fixed_classifiers: SMALLER | {"epochs": 15, "network": "resnet_20", "dataset": "cifar100"},
    redundancy: SMALLER
    | {"initialization": "pytorch", "shuffled_labels": True, "classes": 5, "width": 1000, "studied": "last"}
    | {"iterations": 100, "dataset": "fashion_mnist", "experiment": "tickets"},
}


@pytest.mark.parametrize("paper", PAPERS_OWN)
def test_a_run_is_the_papers_while_it_keeps_to_what_the_paper_states(paper):
    first, *others = PAPERS_OWN[paper]
    for settings in (first, *others):
        assert paper.Config(**settings).protocol == "paper", settings
    for name, value in DEPARTURES[paper].items():
        assert paper.Config(**first | {name: value}).protocol == "reduced", name


ONE = {"datasets": ["digits"], "seeds": [1]}
PLANS = {
    class_rates: ({"datasets": ["car"]}, [{"arms": []}, {"groups": ["two"]}, {"seeds": [1, 1]}]),
    distancing: ({}, [{"seeds": []}, {"strength": [1, 1]}, {"networks": ["vgg"]}, {"other": ["unpushed"]}]),
    experts: (ONE, [{"datasets": []}, {"seeds": []}, {"arms": ["snnl"] * 2}, {"snnl_weight": [1.0, 1.0]}]),
    fixed_classifiers: ({}, [{"seeds": [1, 1]}, {"networks": []}, {"experiments": ["none"]}]),
    redundancy: ({}, [{"seeds": [1, 1]}, {"experiments": []}, {"models": ["none"]}]),
}


@pytest.mark.parametrize("paper", PLANS)
def test_plans_that_name_nothing_or_something_twice_or_unknown_are_refused(paper):
    settings, wrong = PLANS[paper]
    for lists in wrong:
        with pytest.raises(ValueError, match=r"none twice, got|must be one of|unknown|unpushed"):
            paper.plan(**settings | lists)
    with pytest.raises(TypeError, match="unexpected keyword argument 'temprature'"):
        paper.plan(**settings, temprature=2.0)


@pytest.mark.parametrize(
    ("paper", "arm", "settings", "useless"),
    [
        (experts, "baseline", ONE, {"snnl_weight": 10.0}),
        (class_rates, "baseline", {"datasets": ["car"]}, {"groups": "one"}),
        (cross_examination, "control", {}, {"strength": 5.0}),
    ],
)
def test_a_setting_that_none_of_the_arms_uses_is_refused_and_shown(paper, arm, settings, useless):
    ((name, value),) = useless.items()
    with pytest.raises(ValueError, match=re.escape(f"{name} is used by none of {arm}, got [{value!r}]")):
        paper.plan(arms=[arm], **settings, **useless)
