"""The network of Ziletti et al. against the one that they released (ai4materials)."""

from itertools import pairwise

import numpy as np

from spacegrouper.networks.ziletti import build_ziletti
from spacegrouper.settings import Model

# As their study has it: images of 64 pixels, seven classes.
THEIRS = Model(name="ziletti", image_size=64)


def test_has_the_parameters_of_the_released_network() -> None:
    channels = (3, 32, 32, 16, 16, 8, 8)
    convolutions = sum(49 * inputs * outputs + outputs for inputs, outputs in pairwise(channels))
    # Two pools leave 16 of 64 pixels: the 2048 inputs that the released dense layer states.
    dense = 16 * 16 * 8 * 128 + 128
    normalisation = 4 * 128
    by_hand = convolutions + dense + normalisation + 128 * 7 + 7

    assert build_ziletti(7, THEIRS).count_params() == by_hand == 365_719


def test_initial_kernels_are_orthogonal() -> None:
    kernel = np.array(build_ziletti(7, THEIRS).get_layer("group2_convolution2").kernel)

    flat = kernel.reshape(-1, kernel.shape[-1])
    np.testing.assert_allclose(flat.T @ flat, np.eye(16), atol=1e-5)
