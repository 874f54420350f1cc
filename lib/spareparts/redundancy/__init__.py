"""Sources of redundancy in trained networks (Heitmann, semester project at EPFL).

Which units of a trained network can be removed, by their norm or by their frame potential; what their weights' spectra
and their training show; and instruments for each theory of overparameterization that the report sets out to test.
"""

from ..lazily import attach

__all__ = attach(
    __name__,
    {
        "compact": ["compact"],
        "config": ["EXPERIMENTS", "MODELS", "Config"],
        "curves": ["pruning_curves"],
        "frames": ["contributions", "frame_potential", "pruning_order"],
        "plan": ["plan"],
        "run": ["run"],
        "verdicts": ["verdicts"],
    },
)
