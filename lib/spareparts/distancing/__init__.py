"""Pushing a network away from its checkpoints (von Bachmann, bachelor thesis at Tübingen).

A penalty on the distance to weights of an earlier epoch: where it carries the network, whether that costs accuracy, and
whether an ensemble of what is left on the way gains.
"""

from ..lazily import attach

__all__ = attach(
    __name__,
    {
        "config": ["EXPERIMENTS", "NETWORKS", "Config", "journey_of"],
        "penalty": ["Push", "checkpoint_penalty"],
        "plan": ["plan"],
        "run": ["run"],
        "verdicts": ["verdicts"],
    },
)
