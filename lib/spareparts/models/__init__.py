"""Networks that more than one chapter trains, built from a generator alone."""

from .dropout import Dropout
from .initialization import initialize
from .lenet import lenet_300_100
from .resnet import ResNet, resnet
from .vgg import conv_2, conv_4, conv_6, vgg, vgg_19

__all__ = ["Dropout", "ResNet", "conv_2", "conv_4", "conv_6", "initialize", "lenet_300_100", "resnet", "vgg", "vgg_19"]
