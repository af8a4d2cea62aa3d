"""Where the blocks of each network end: the layers whose maps show what a block has found."""

import re

import keras

# The last layer in each block whose whole name matches; what the brackets hold names the block.
_LAYERS = (
    r"(block\d+)_layer\d+_concatenate",  # the dense blocks of msdn
    r"(group\d+)_convolution\d+",  # the groups of msvgg, vgg and ziletti, before their pools
    r"(convolution\d+)",  # each convolution of alexnet
    r"(conv\d+)_block\d+_(?:concat|out)",  # DenseNet121 and ResNet50 as Keras names their stages
    r"(block\d+)_conv\d+",  # VGG16 as Keras names its groups
)


def block_ends(trunk: keras.Model) -> dict[str, str]:
    """Name the last layer of each block, in the order that an image passes them.

    `trunk`: a network of one image, or what each of three images passes through. Only layers that
    give maps count: outputs (batch, y, x, channels). Empty where no block has a name that is known.
    """
    ends: dict[str, str] = {}
    for layer in trunk.layers:
        for pattern in _LAYERS:
            if (found := re.fullmatch(pattern, layer.name)) and len(layer.output.shape) == 4:
                ends[found[1]] = layer.name
    return ends
