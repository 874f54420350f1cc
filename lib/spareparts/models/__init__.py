"""Networks that more than one chapter trains, built from a generator alone."""

from ..lazily import attach

__all__ = attach(
    __name__,
    {
        "densenet": ["DenseNet", "densenet_bc"],
        "headed": ["Headed", "large", "mlp", "shufflenet"],
        "layers": ["Dropout", "initialize"],
        "mobilenet": ["MobileNetV2", "mobilenet_v2"],
        "plain": ["conv_2", "conv_4", "conv_6", "lenet_300_100", "vgg", "vgg_19"],
        "resnet": ["ResNet", "resnet"],
    },
)
