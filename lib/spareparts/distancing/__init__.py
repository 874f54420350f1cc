"""Pushing a network away from its checkpoints (von Bachmann, bachelor thesis at Tübingen).

A penalty on the distance to weights of an earlier epoch: where it carries the network, whether that costs accuracy, and
whether an ensemble of what is left on the way gains.
"""

from .config import EXPERIMENTS, NETWORKS, Config, journey_of
from .penalty import Push, checkpoint_penalty
from .plan import plan
from .run import run
from .verdicts import verdicts

__all__ = ["EXPERIMENTS", "NETWORKS", "Config", "Push", "checkpoint_penalty", "journey_of", "plan", "run", "verdicts"]
