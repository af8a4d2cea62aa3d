"""When crystals are measured before a descriptor is made of them."""

import numpy as np
import pytest

from spacegrouper.contract.descriptor import DESCRIPTORS, Composer, Presentation

IDS = ["a", "b", "c"]
EFFECTS = {"largest_b": 5, "counts": [1e3, 1e5], "twins": 0.5}


def composer(measurement: dict, seed: int = 0) -> Composer:
    shown = Presentation(
        "zones",
        7,
        "nearest",
        seed,
        {"measurement": measurement},
        {"reflections": {"largest_index": 3}},
    )
    return DESCRIPTORS["zones"].composer(shown)


@pytest.fixture
def prepared() -> np.ndarray:
    levels = np.random.default_rng(0).integers(1, 65536, (3, 4, 7, 7), dtype=np.uint16)
    return composer({}).prepare({"raw": levels, "cell": np.array([[4, 5, 6, 90, 95, 90.0]] * 3)})


@pytest.mark.parametrize("measurement", [{}, {"share": 0, "largest_b": 5}])
def test_with_nothing_on_an_epoch_changes_no_bit(prepared: np.ndarray, measurement: dict) -> None:
    still = composer({}).compose(prepared, IDS)
    for one, other in zip(composer(measurement).compose(prepared, IDS, 1), still, strict=True):
        np.testing.assert_array_equal(one, other)


def test_only_an_epoch_measures_and_the_cell_stays(prepared: np.ndarray) -> None:
    still, cell = composer({}).compose(prepared, IDS)
    shown = composer(EFFECTS)
    np.testing.assert_array_equal(shown.compose(prepared, IDS)[0], still)
    first, same_cell = shown.compose(prepared, IDS, 1)
    assert first.dtype == np.float32
    assert (first != still).any(axis=(1, 2, 3)).all()
    np.testing.assert_array_equal(same_cell, cell)


def test_what_is_measured_follows_from_seed_id_and_epoch(prepared: np.ndarray) -> None:
    (first, _), (second, _) = (composer(EFFECTS).compose(prepared, IDS, n) for n in (1, 2))
    assert (first != second).any(axis=(1, 2, 3)).all()
    (reseeded, _) = composer(EFFECTS, seed=1).compose(prepared, IDS, 1)
    assert (first != reseeded).any(axis=(1, 2, 3)).all()
    # With an empty place, in another order.
    batch = np.zeros(3, dtype=prepared.dtype)
    batch[0], batch[2] = prepared[2], prepared[1]
    (turned, _) = composer(EFFECTS).compose(batch, ["c", "a", "b"], 1)
    np.testing.assert_array_equal(turned[[0, 2]], first[[2, 1]])
    assert not turned[1].any()
