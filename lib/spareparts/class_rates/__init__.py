"""Learning rates for every weight and class {cite:p}`anonymous2018class`.

Each weight of a fully connected network has a learning rate for each class, which grows with the squares of the
gradients of that class's samples (Eq. 6): the gradient descent of a network continued by one step of training.

Our departures and choices, each a named field of `Config` or a constant: batch 128 and plain SGD; rates grow before the
weights move, from the same batch; Table 1 counts hidden layers, and two of its rows are put right; LeCun, He and Glorot
initialization; alpha_mu is divided by 10 until training stays finite and learns more than how frequent the classes are;
the cutoff is chosen on validation for each seed.
"""

from ..lazily import attach

__all__ = attach(
    __name__,
    config="ARCHITECTURES ATTAINABLE NETS Config plan",
    networks="FullyConnected hidden_widths",
    optimizer="ClassRateSGD rated_layers",
    measures="ceiling label_entropy rank_sum specialized_share",
    run="run",
    selection="LARGEST_CLASS PUBLISHED_ACCURACY PUBLISHED_SPECIALISED by_rule converged lowered mcnemar_p paired side",
)
