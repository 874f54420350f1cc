"""Networks that more than one chapter trains, built from a generator alone."""

from .densenet import DenseNet, densenet_bc
from .dropout import Dropout
from .headed import Headed, large, mlp
from .initialization import initialize
from .lenet import lenet_300_100
from .mobilenet import MobileNetV2, mobilenet_v2
from .resnet import ResNet, resnet
from .shufflenet import shufflenet
from .vgg import conv_2, conv_4, conv_6, vgg, vgg_19

__all__ = [
    "DenseNet",
    "Dropout",
    "Headed",
    "MobileNetV2",
    "ResNet",
    "conv_2",
    "conv_4",
    "conv_6",
    "densenet_bc",
    "initialize",
    "large",
    "lenet_300_100",
    "mlp",
    "mobilenet_v2",
    "resnet",
    "shufflenet",
    "vgg",
    "vgg_19",
]
