"""Pushing a network away from its checkpoints (von Bachmann, bachelor thesis at Tübingen).

A penalty on the distance to weights of an earlier epoch: where it carries the network, whether that costs accuracy, and
whether an ensemble of what is left on the way gains.

Our departures: a perceptron on MNIST, which the draft and the author's runs do not have; 5,000 training images held
out; test images as they are beside augmented ones; shorter journeys and cycles where no GPU was to be had. The mean
over checkpoints and sigma^2 in the exponent are the final text's; the draft's own are settings of `Config`.
"""

from ..lazily import attach

__all__ = attach(
    __name__,
    config="EXPERIMENTS NETWORKS Config journey_of plan",
    ensembles="combine fit_weights measured_errors predicted_errors",
    journeys="left_behind travel",
    measures="error_correlation match normalized_distance perturbed_losses squared_distance",
    paths="barrier bezier fit_curve great_circle line",
    penalty="Directions Kernel Push checkpoint_penalty kernel_of mirror shell",
    run="run",
)
