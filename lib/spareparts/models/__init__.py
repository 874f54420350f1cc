"""Networks that more than one chapter trains, built from a generator alone."""

from .dropout import Dropout
from .initialization import initialize
from .lenet import lenet_300_100
from .resnet import ResNet, resnet

__all__ = ["Dropout", "ResNet", "initialize", "lenet_300_100", "resnet"]
