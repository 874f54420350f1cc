"""Sources of redundancy in trained networks (Heitmann, semester project at EPFL).

Which units of a trained network can be removed, by their norm or by their frame potential; what their weights' spectra
and their training show; and instruments for each theory of overparameterization that the report sets out to test.
"""

from .compact import compact
from .config import EXPERIMENTS, MODELS, Config
from .curves import pruning_curves
from .frames import contributions, frame_potential, pruning_order
from .plan import plan
from .run import run
from .verdicts import verdicts

__all__ = [
    "EXPERIMENTS",
    "MODELS",
    "Config",
    "compact",
    "contributions",
    "frame_potential",
    "plan",
    "pruning_curves",
    "pruning_order",
    "run",
    "verdicts",
]
