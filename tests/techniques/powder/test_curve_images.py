"""Images of curves: those of matplotlib, turned as SciPy turns them."""

import numpy as np
import pytest
from matplotlib_drawing import draw_images_with_matplotlib
from numpy.typing import NDArray
from scipy.ndimage import rotate

from spacegrouper.randomness import generators
from spacegrouper.techniques.powder.curve_images import augment_images, draw_images
from spacegrouper.techniques.powder.descriptors.powder import IMAGE_POINTS
from spacegrouper.techniques.powder.diffractograms import diffractograms
from spacegrouper.techniques.powder.settings import Augment, Diffractogram, Powder

POWDER = Powder()


def some_diffractograms() -> NDArray[np.float32]:
    """Return diffractograms of many and few, broad and narrow peaks, and one with noise."""
    random = np.random.default_rng(0)
    made = []
    for count in (0, 3, 20, 150):
        sticks = np.zeros((1, POWDER.angles), dtype=np.uint16)
        sticks[0, random.integers(0, POWDER.angles, count)] = random.integers(1, 65536, count)
        for profile in (
            Diffractogram(),
            Diffractogram(crystallite_size=8, k_alpha_2=0.5),
            Diffractogram(background=0.1, counts=500),
        ):
            noise = generators(count, ["a"], "diffractogram")
            made.append(diffractograms(sticks, POWDER, profile, IMAGE_POINTS, None, noise))
    return np.concatenate(made)


@pytest.mark.parametrize("size", [64, 224])
@pytest.mark.parametrize("line_width", [1.0, 2.0])
def test_images_are_those_of_matplotlib(size: int, line_width: float) -> None:
    values = some_diffractograms()
    ours = draw_images(values, size, line_width)
    theirs = draw_images_with_matplotlib(values, size, line_width)
    assert ours.dtype == theirs.dtype == np.uint8
    assert ours.shape == theirs.shape == (len(values), size, size)
    difference = abs(ours.astype(int) - theirs)
    # Grey levels, of 255. The largest differences are in the last column, where the line ends.
    assert difference.mean() < 0.1
    assert theirs.mean() > 5


def test_a_flat_line_covers_half_a_pixel_at_the_bottom() -> None:
    (image,) = draw_images(np.zeros((1, 50), dtype=np.float32), 32)
    np.testing.assert_array_equal(image[-1], 128)
    assert not image[:-1].any()
    (image,) = draw_images(np.full((1, 50), 1.05 / 2, dtype=np.float32), 32, 2.0)
    np.testing.assert_array_equal(image[15:17], 255)
    assert image.sum() == 2 * 32 * 255


@pytest.mark.parametrize("size", [63, 64])
def test_rotation_is_that_of_scipy(size: int) -> None:
    image = draw_images(some_diffractograms()[-1:], size)
    augment = Augment(rotation=20)
    (turned,) = augment_images(image, augment, [np.random.default_rng(4)])
    angle = 20 * np.random.default_rng(4).uniform(-1, 1)
    expected = rotate(image[0].astype(float), angle, reshape=False, order=1, mode="grid-constant")
    np.testing.assert_allclose(turned, expected, atol=0.51)


def test_contrast_changes_differences_from_the_mean() -> None:
    image = np.full((1, 8, 8), 100, dtype=np.uint8)
    image[0, :4] = 140
    (changed,) = augment_images(image, Augment(contrast=0.5), [np.random.default_rng(4)])
    random = np.random.default_rng(4)
    random.uniform(-1, 1)
    factor = 1 + 0.5 * random.uniform(-1, 1)
    assert {int(grey) for grey in np.unique(changed)} == {
        round(120 - 20 * factor),
        round(120 + 20 * factor),
    }
    np.testing.assert_array_equal(augment_images(image, Augment(), [random]), image)
