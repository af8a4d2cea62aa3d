"""Shaping by pixels against a plain statement of its rules and the released program's results."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spacegrouper.techniques.patterns.settings import Shape
from spacegrouper.techniques.patterns.shaping import (
    as_levels,
    normalise,
    shape_pattern,
    shape_patterns,
)

SETTINGS = Shape()


def shape_by_the_rules(
    raw: NDArray[np.unsignedinteger[Any]], settings: Shape
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The rules for `pixels` in docs/shaping.md, in turn; returns normalised and shaped."""
    first, last = settings.window(len(raw))
    window = slice(first, last + 1)
    blanked = raw.astype(np.float64)
    blanked[window, window] = 0
    in_units = (raw / (257 if raw.dtype == np.uint16 else 1)).astype(np.float32)
    normalised = in_units.copy()
    if blanked.max() > 0:
        normalised = (blanked / blanked.max() * 256).astype(np.float32)
        normalised[window, window] = in_units[window, window]
    bright = [(int(r), int(c)) for r, c in np.argwhere(normalised >= settings.threshold)]
    pairs = [(a, b) for a in bright for b in bright if a[0] != b[0] and a[1] != b[1]]
    squares = {(a, b): (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 for a, b in pairs}
    distances = [np.sqrt(square - 2) for square in squares.values()]
    collected = [d for d in distances if d >= settings.minimum_distance]
    limit = np.inf if len(collected) <= 100 else settings.reach * min(collected)
    shaped = normalised.copy()
    for (a, b), square in squares.items():
        if np.sqrt(square) <= limit:
            points = max(abs(a[0] - b[0]), abs(a[1] - b[1]))
            rows = np.round(np.linspace(a[0], b[0], points)).astype(int)
            columns = np.round(np.linspace(a[1], b[1], points)).astype(int)
            shaped[rows, columns] = 255
    keep = normalised > settings.restore_above
    shaped[keep] = normalised[keep]
    return normalised, shaped


@st.composite
def spot_patterns(draw: st.DrawFn) -> NDArray[np.unsignedinteger[Any]]:
    """Patterns from black to crowded: single pixels and round spots of any brightness and depth."""
    dtype = draw(st.sampled_from([np.uint8, np.uint16]))
    size = draw(st.integers(40, 256))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    raw = np.zeros((size, size), dtype=dtype)
    for _ in range(draw(st.integers(0, 12))):
        row, column = rng.integers(0, size, 2)
        radius = draw(st.integers(0, 2))
        raw[
            max(0, row - radius) : row + radius + 1, max(0, column - radius) : column + radius + 1
        ] = rng.integers(1, np.iinfo(dtype).max + 1)
    return raw


@given(spot_patterns())
def test_random_patterns_follow_the_rules(raw: NDArray[np.unsignedinteger[Any]]) -> None:
    settings = SETTINGS
    normalised, shaped = shape_by_the_rules(raw, settings)
    np.testing.assert_array_equal(normalise(raw, settings), normalised)
    np.testing.assert_array_equal(shape_pattern(raw, settings), shaped)


@pytest.mark.parametrize("name", ["black", "one spot", "one row", "all bright", "only the beam"])
def test_special_patterns_follow_the_rules(name: str) -> None:
    raw = np.zeros((20, 20) if name == "all bright" else (256, 256), dtype=np.uint8)
    if name == "one spot":
        raw[40, 50] = 9
    elif name == "one row":
        raw[40, ::20] = 200
    elif name == "all bright":
        raw[:] = 255
    elif name == "only the beam":
        raw[120:130, 120:130] = 255
    normalised, shaped = shape_by_the_rules(raw, SETTINGS)
    np.testing.assert_array_equal(normalise(raw, SETTINGS), normalised)
    np.testing.assert_array_equal(shape_pattern(raw, SETTINGS), shaped)


@given(spot_patterns(), st.floats(20, 200), st.floats(3, 20), st.floats(1, 3))
def test_every_constant_is_a_setting(
    raw: NDArray[np.unsignedinteger[Any]], threshold: float, distance: float, reach: float
) -> None:
    settings = Shape(
        threshold=threshold, minimum_distance=distance, reach=reach, central_window=(10, 20)
    )
    np.testing.assert_array_equal(
        shape_pattern(raw, settings), shape_by_the_rules(raw, settings)[1]
    )


def test_an_all_bright_pattern_ends() -> None:
    raw = np.full((256, 256), 255, dtype=np.uint8)
    assert shape_pattern(raw, SETTINGS).max() == 256


def test_the_cast_clamps_instead_of_wrapping() -> None:
    values = np.array([0, 0.9, 254.6, 255, 256], dtype=np.float32)
    np.testing.assert_array_equal(as_levels(values, np.dtype(np.uint8)), [0, 0, 254, 255, 255])
    np.testing.assert_array_equal(
        as_levels(values, np.dtype(np.uint16)), [0, 231, 65432, 65535, 65535]
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_level_in_the_window_stays(dtype: type[Any]) -> None:
    raw = np.arange(np.iinfo(dtype).max + 1).astype(dtype).reshape(-1, 256)
    raw = np.pad(raw, ((0, 256 - len(raw)), (0, 0)))
    whole = Shape(central_window=(0, 255))
    np.testing.assert_array_equal(as_levels(normalise(raw, whole), raw.dtype), raw)


@pytest.mark.parametrize("method", ["pixels", "nodes"])
def test_16_bits_are_shaped_as_8_bits_and_finer(method: str) -> None:
    raw = np.zeros((64, 64), dtype=np.uint8)
    raw[::13, ::17] = np.arange(60, 80, dtype=np.uint8).reshape(5, 4)
    settings = Shape.model_validate({"method": method})
    fine = raw.astype(np.uint16) * 257
    np.testing.assert_array_equal(shape_pattern(fine, settings), shape_pattern(raw, settings))
    coarse = shape_patterns(raw, settings).astype(int)
    np.testing.assert_array_equal(shape_patterns(fine, settings) // 257, coarse)
    # The levels between those of 8 bits are kept.
    fine[13, 17] += 100
    assert shape_patterns(fine, settings)[13, 17] > 257 * coarse[13, 17] + 100


def test_a_stack_is_shaped_pattern_by_pattern() -> None:
    raw = np.zeros((2, 3, 64, 64), dtype=np.uint8)
    raw[1, 2, ::13, ::17] = 250
    shaped = shape_patterns(raw, SETTINGS)
    assert not shaped[0].any()
    np.testing.assert_array_equal(
        shaped[1, 2], as_levels(shape_pattern(raw[1, 2], SETTINGS), raw.dtype)
    )


def test_the_released_program_gives_the_same_for_an_excerpt() -> None:
    with np.load(Path(__file__).parent / "shaping_excerpt.npz") as excerpt:
        names, patterns, expected = (excerpt[key] for key in ("name", "raw", "shaped"))
    assert len(names) == 9
    for name, raw, shaped in zip(names, patterns, expected, strict=True):
        np.testing.assert_array_equal(shape_pattern(raw, SETTINGS), shaped, err_msg=name)


def test_the_methods_differ() -> None:
    raw = np.zeros((64, 64), dtype=np.uint8)
    raw[20, [10, 40]] = 255
    # A pair in one row: `nodes` joins it, `pixels` does not.
    assert not shape_pattern(raw, SETTINGS)[20, 25]
    assert shape_pattern(raw, Shape(method="nodes"))[20, 25] == 255


def test_the_released_program_gives_the_same(golden: Path) -> None:
    compared = 0
    for name in ("samples", "condor"):
        with np.load(golden / "shaping" / f"{name}.npz") as reference:
            for key in reference:
                if key.endswith("_raw"):
                    pattern = key.removesuffix("_raw")
                    shaped = shape_pattern(reference[key], SETTINGS)
                    np.testing.assert_array_equal(shaped, reference[f"{pattern}_shaped"])
                    compared += 1
    assert compared == 45
