"""What the chapter calls its heads, networks, losses and word vectors."""

HEAD_TITLES = {
    "learned": "learned",
    "normalised": "learned, normalised",
    "orthonormal": "orthonormal",
    "hadamard": "Hadamard",
    "frozen": "frozen as drawn",
    "low_rank": "low rank",
    "sparse": "sparse",
}
EMBEDDING_TITLES = {
    "learned_tied": "learned, tied",
    "learned_untied": "learned, untied",
    "orthogonal": "random orthogonal",
    "pmi": "PMI factors",
    "word2vec": "word2vec",
}
NETWORK_TITLES = {
    "resnet_20": "ResNet-20",
    "resnet_32": "ResNet-32",
    "resnet_56": "ResNet-56",
    "densenet_bc_100_12": "DenseNet-BC-100-12",
    "resnet_50": "ResNet-50",
    "densenet_169": "DenseNet-169",
    "shufflenet": "ShuffleNet",
    "mlp": "a perceptron",
}
DATASET_TITLES = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "imagenet": "ImageNet", "digits": "digits"}
TEXT_TITLES = {"ptb": "Penn Treebank", "wikitext_2": "WikiText-2", "generated": "a drawn text"}
SHAPE_TITLES = {"logarithm": "logarithm", "square_root": "square root", "linear": "line", "levelling_off": "1 / t"}
COSINES = {"cosine_squared": "squared cosine", "cosine_absolute": "absolute cosine"}
SCALES = (0.1, 1.0, 10.0)  # held, as in Figure 3
