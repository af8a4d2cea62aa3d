import keras
import pytest

from spacegrouper.networks.alexnet import build_alexnet
from spacegrouper.settings import Model


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return build_alexnet(1000, Model(name="alexnet"))


def test_has_the_parameters_and_pixels_of_the_publication(model: keras.Model) -> None:
    # (kernel, channels in, channels out); each convolution sees all channels, both columns'.
    convolutions = ((11, 3, 96), (5, 96, 256), (3, 256, 384), (3, 384, 384), (3, 384, 256))
    dense = ((6 * 6 * 256, 4096), (4096, 4096), (4096, 1000))
    by_hand = sum(k**2 * inputs * outputs + outputs for k, inputs, outputs in convolutions)
    by_hand += sum(inputs * outputs + outputs for inputs, outputs in dense)
    assert model.count_params() == by_hand == 62_378_344
    pixels = [model.get_layer(f"convolution{n}").output.shape[1] for n in range(1, 6)]
    assert pixels == [55, 27, 13, 13, 13]


def test_two_columns_would_have_the_sixty_million_of_the_publication(model: keras.Model) -> None:
    # The second, fourth and fifth convolution of each column see the channels of that one only.
    missing = 25 * 48 * 256 + 9 * 192 * 384 + 9 * 192 * 256

    # 60,965,224; the publication says "60 million".
    assert model.count_params() - missing == pytest.approx(60e6, rel=0.02)
