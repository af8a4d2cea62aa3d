"""Bitmaps of habits against projections and rays computed in other ways."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.techniques.morphology.drawing import draw_crystals, draw_habit
from spacegrouper.techniques.morphology.habit import Facet, habit
from spacegrouper.techniques.morphology.settings import Morphology

LIGHT = np.array([-0.3, 0.4, 1.0]) / np.linalg.norm([-0.3, 0.4, 1.0])
OBLIQUE = (1.0, 0.4, 0.3)


def silicon(lattice: NDArray[np.float64], name: str = "silicon") -> Crystal:
    return Crystal(name, lattice, ("Si",), np.zeros((1, 3)))


def cube() -> tuple[Facet, ...]:
    return habit(silicon(np.diag([3.0, 3.0, 3.0])), largest_index=2)


def triclinic() -> tuple[Facet, ...]:
    return habit(silicon(np.array([[3, 0.2, 0.1], [0.3, 4, 0.4], [0.5, 0.6, 6]])), largest_index=2)


def frame(view: tuple[float, float, float]) -> NDArray[np.float64]:
    """Right, up and towards the viewer, by Gram and Schmidt."""
    towards = np.array(view) / np.linalg.norm(view)
    up = np.array([0.0, 0.0, 1.0]) - towards[2] * towards
    up /= np.linalg.norm(up)
    return np.stack([np.cross(up, towards), up, towards])


def projected(facets: tuple[Facet, ...], settings: Morphology) -> list[NDArray[np.float64]]:
    """Return the corners in pixels from the centre of the bitmap, for each view."""
    corners = np.concatenate([facet.polygon for facet in facets])
    views = [corners @ frame(view)[:2].T for view in settings.views]
    scale = 0.95 * settings.pixels / 2 / max(np.abs(view).max() for view in views)
    return [scale * view for view in views]


def test_a_cube_along_its_axis_is_a_square() -> None:
    settings = Morphology(pixels=64, views=((0, 0, 2),), drawing="silhouette")

    (bitmap,) = draw_habit(cube(), settings)

    assert bitmap.dtype == np.uint8
    assert bitmap.shape == (64, 64)
    # Half of 0.05 x 64 pixels stay free on each side: one whole one, and 0.6 of the next.
    profile = np.array([0, 0.4] + [1] * 60 + [0.4, 0])
    exact = 255 * np.outer(profile, profile)
    # Rows are covered to 1/16.
    np.testing.assert_allclose(bitmap, exact, atol=255 / 16)


@pytest.mark.parametrize("facets", [cube(), triclinic()], ids=["cube", "triclinic"])
def test_a_silhouette_has_the_area_of_the_projection(facets: tuple[Facet, ...]) -> None:
    settings = Morphology(pixels=96, views=(OBLIQUE, (0.2, 1.0, 0.1)), drawing="silhouette")

    bitmaps = draw_habit(facets, settings)

    for bitmap, corners in zip(bitmaps, projected(facets, settings), strict=True):
        # Of a polygon, scipy calls the area its volume.
        assert bitmap.sum() / 255 == pytest.approx(ConvexHull(corners).volume, rel=2e-3)


@pytest.mark.parametrize("drawing", ["silhouette", "shaded"])
def test_agrees_with_rays_through_the_crystal(drawing: str) -> None:
    facets = triclinic()
    settings = Morphology.model_validate({"pixels": 48, "views": [OBLIQUE], "drawing": drawing})
    axes = frame(OBLIQUE)
    corners = np.concatenate([facet.polygon for facet in facets]) @ axes[:2].T
    scale = 0.95 * 24 / np.abs(corners).max()
    fine = 8
    steps = (np.arange(48 * fine) + 0.5) / fine - 24
    across, up = np.meshgrid(steps / scale, -steps / scale)
    enter, leave = np.full(across.shape, -np.inf), np.full(across.shape, np.inf)
    seen = np.zeros(across.shape)
    for facet in facets:
        right, height, towards = axes @ facet.normal
        depth = (facet.distance - right * across - height * up) / towards
        if towards > 0:
            light = max(0.0, LIGHT @ (right, height, towards))
            brightness = 1.0 if drawing == "silhouette" else 0.2 + 0.8 * light
            seen = np.where(depth < leave, brightness, seen)
            leave = np.minimum(leave, depth)
        else:
            enter = np.maximum(enter, depth)
    seen[enter > leave] = 0
    expected = 255 * seen.reshape(48, fine, 48, fine).mean(axis=(1, 3))

    (bitmap,) = draw_habit(facets, settings)

    difference = np.abs(bitmap - expected)
    assert difference.mean() < 0.5
    assert difference.max() < 255 / fine
    assert len(np.unique(bitmap)) > (50 if drawing == "shaded" else 20)


def test_faces_are_as_bright_as_they_face_the_light() -> None:
    settings = Morphology(pixels=64, views=((0, 0, 1),))

    (bitmap,) = draw_habit(cube(), settings)

    assert bitmap[32, 32] == round(255 * (0.2 + 0.8 * LIGHT[2]))
    assert bitmap[2:-2, 2:-2].std() == 0


def test_up_is_up() -> None:
    # A plate, wide along x and y and thin along z, has its faces of z on top and below.
    plate = habit(silicon(np.diag([3.0, 3.0, 9.0])), largest_index=1)
    settings = Morphology(pixels=64, views=((1, 0, 0), (0, 0, 1)), drawing="silhouette")

    side, top = draw_habit(plate, settings)

    rows, columns = (np.count_nonzero(side.max(axis=axis)) for axis in (1, 0))
    # A pixel on each side may be covered in part.
    assert rows == pytest.approx(columns / 3, abs=2)
    # One scale for both views.
    assert np.count_nonzero(top.max(axis=0)) == columns


def test_opposite_views_of_a_centrosymmetric_body_are_mirror_images() -> None:
    settings = Morphology(pixels=64, views=(OBLIQUE, (-1.0, -0.4, -0.3)), drawing="silhouette")

    front, back = draw_habit(triclinic(), settings)

    np.testing.assert_allclose(front, back[:, ::-1].astype(float), atol=1)
    np.testing.assert_allclose(front, front[::-1, ::-1].astype(float), atol=16)


@pytest.mark.parametrize("processes", [1, 2])
def test_each_crystal_has_its_row_and_its_reason(processes: int) -> None:
    def member(name: str, **metadata: object) -> Crystal:
        return Crystal(name, 3 * np.eye(3), ("Si",), np.zeros((1, 3)), metadata)

    # More than are handed on at a time.
    crystals = [member("first", spacegroup=221), member("unknown"), member("x", spacegroup=225)]
    crystals += [member(f"{number}", spacegroup=221) for number in range(70)]
    settings = Morphology(pixels=16, largest_index=1)

    batches = list(draw_crystals(crystals, settings, processes))

    assert [len(batch.reasons) for batch in batches] == [64, 9]
    values = np.concatenate([batch.values for batch in batches])
    expected = draw_habit(habit(crystals[0], largest_index=1), settings)
    for row, bitmaps in enumerate(values):
        np.testing.assert_array_equal(bitmaps, 0 * expected if row in (1, 2) else expected)
    assert values.dtype == np.uint8
    assert np.isnan(np.concatenate([batch.intensity_max for batch in batches])).all()
    assert [reason for batch in batches for reason in batch.reasons] == [
        "",
        "no `spacegroup` from 1 to 230; standardise it first",
        "the cell has space group 221 within 0.01 Angstrom, not 225",
        *[""] * 70,
    ]
