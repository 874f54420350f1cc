"""Learning rates for every weight and class {cite:p}`anonymous2018class`.

Each weight of a fully connected network has a learning rate for each class, which grows with the square of the class's
gradient (Eq. 6): the gradient descent of a network continued by one step of training.

Our departures and choices, each a named field of `Config` or a constant: batch 128 and plain SGD; rates grow before the
weights move, from the same batch; Table 1 counts hidden layers, and two of its rows are put right; LeCun, He and Glorot
initialization; alpha_mu is divided by 10 until training stays finite; the cutoff is chosen on validation for each seed.
"""

from .config import ARMS, CUTOFFS, VARIANTS, Config, plan
from .continuation import continued_gradient, growth, remainders
from .gradients import class_gradients
from .networks import FullyConnected, SeededDropout, hidden_widths
from .optimizer import ClassRateSGD, rated_layers
from .rows import paired, published, side
from .run import run
from .specialization import ceiling, rank_sum, specialized_share
from .table import ARCHITECTURES, ATTAINABLE, PUBLISHED_ACCURACY, PUBLISHED_SPECIALISED, architecture
from .verdicts import verdicts

__all__ = [
    "ARCHITECTURES",
    "ARMS",
    "ATTAINABLE",
    "CUTOFFS",
    "PUBLISHED_ACCURACY",
    "PUBLISHED_SPECIALISED",
    "VARIANTS",
    "ClassRateSGD",
    "Config",
    "FullyConnected",
    "SeededDropout",
    "architecture",
    "ceiling",
    "class_gradients",
    "continued_gradient",
    "growth",
    "hidden_widths",
    "paired",
    "plan",
    "published",
    "rank_sum",
    "rated_layers",
    "remainders",
    "run",
    "side",
    "specialized_share",
    "verdicts",
]
