"""Sources of redundancy in trained networks (Heitmann, semester project at EPFL).

Which units of a trained network can be removed, by their norm or by their frame potential; what their weights' spectra
and their training show; and instruments for each theory of overparameterization that the report sets out to test.
"""

from ..lazily import attach

__all__ = attach(
    __name__,
    config="EXPERIMENTS MODELS Config plan",
    pruning="compact contributions frame_potential pruning_curves pruning_order",
    run="run",
)
