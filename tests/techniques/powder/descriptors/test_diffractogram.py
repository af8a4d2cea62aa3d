"""Descriptors `powder` and `diffractogram`: what they draw, and what changes in each epoch."""

import numpy as np
import pytest

from spacegrouper.contract.descriptor import DESCRIPTORS, Composer, Presentation
from spacegrouper.randomness import generators
from spacegrouper.techniques.powder.curve_images import draw_images
from spacegrouper.techniques.powder.diffractograms import diffractograms
from spacegrouper.techniques.powder.settings import Augment, Diffractogram, Powder

POWDER = Powder(two_theta=(10, 50), step=0.05)
NOISE = Diffractogram(counts=100)
CHANGES = Augment(peak_area=0.3, zero_shift=0.5, rotation=5)
IDS = ["mp-0", "mp-2", "mp-3"]


@pytest.fixture
def raw() -> np.ndarray:
    """Three powders of a few reflections each."""
    rng = np.random.default_rng(0)
    sticks = rng.integers(1, 65536, (3, 1, 1, 801), dtype=np.uint16)
    return sticks * (rng.random(sticks.shape) < 0.02)


def composer_of(descriptor: str, sticks: np.ndarray) -> tuple[Composer, np.ndarray]:
    """Return the composer for a network of 48 pixels or points, and what it prepares."""
    sections = {
        "diffractogram": NOISE.model_dump(mode="json"),
        "augment": CHANGES.model_dump(mode="json"),
    }
    made_with = {"powder": POWDER.model_dump(mode="json")}
    shown = Presentation(descriptor, 48, "nearest", 3, sections, made_with)
    composer = DESCRIPTORS[descriptor].composer(shown)
    return composer, composer.prepare({"raw": sticks})


@pytest.mark.parametrize(("descriptor", "points"), [("powder", 2001), ("diffractogram", 48)])
def test_powders_are_drawn_in_the_size_that_the_network_takes(raw, descriptor, points) -> None:
    composer, prepared = composer_of(descriptor, raw)

    (found,) = composer.compose(prepared, IDS)

    curves = diffractograms(
        raw[:, 0, 0], POWDER, NOISE, points, None, generators(3, IDS, "diffractogram")
    )
    if descriptor == "powder":
        grey = draw_images(curves, 48) / np.float32(255)
        np.testing.assert_array_equal(found, np.stack([grey] * 3, axis=-1))
    else:
        np.testing.assert_array_equal(found, curves[..., None])


@pytest.mark.parametrize("descriptor", ["powder", "diffractogram"])
def test_a_training_set_changes_from_epoch_to_epoch_and_not_with_the_batch(raw, descriptor) -> None:
    composer, prepared = composer_of(descriptor, raw)
    (plain,), (first,), (second,) = (
        composer.compose(prepared, IDS, epoch) for epoch in (None, 1, 2)
    )
    assert not (first == plain).all()
    assert not (first == second).all()
    # The same crystals in another batch, in another order.
    (turned,) = composer.compose(prepared[:0:-1], IDS[:0:-1], 1)
    np.testing.assert_array_equal(turned[::-1], first[1:])
