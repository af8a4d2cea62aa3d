import numpy as np

from spacegrouper.contract.descriptor import DESCRIPTORS, Presentation
from spacegrouper.settings import Simulate
from spacegrouper.techniques.patterns.indexed_zones import IndexedZones
from spacegrouper.techniques.patterns.zone_comparisons import compared


def test_the_network_sees_the_zones_compared_and_the_lattices() -> None:
    simulate = Simulate.model_validate(
        {"views": "zone_axes", "envelope": "gaussian", "pixels": 64, "pixel_size": 1.6e-4}
    )
    raw = np.zeros((2, 3, 64, 64), np.uint8)
    raw[0, :, 1::6, 1::6] = 200  # a square lattice of spots
    raw[0, 1] //= 2
    made_with = {"simulate": simulate.model_dump(mode="json")}
    shown = Presentation("indexed", 9, "maximum", 0, {}, made_with)
    composer = DESCRIPTORS["indexed"].composer(shown)
    zones, lattices = composer.compose(composer.prepare({"raw": raw}), ["one", "black"])
    assert (zones.shape, zones.dtype) == ((2, 5, 9, 16), np.float32)
    assert (lattices.shape, lattices.dtype) == ((2, 12), np.float32)
    expected, numbers = IndexedZones(simulate, 9).indexed(raw[0])
    assert expected.any()
    np.testing.assert_array_equal(zones[:1], compared(expected[None] / np.float32(255)))
    np.testing.assert_array_equal(lattices[0], numbers)
    assert not zones[1].any()
    unclear = DESCRIPTORS["indexed"].unclear
    assert not unclear(shown, {"raw": raw[0]})
    assert "in the pattern along x, y, z," in unclear(shown, {"raw": raw[1]})
    (image,) = DESCRIPTORS["indexed"].drawn([zones[0], lattices[0]])
    np.testing.assert_array_equal(image, np.moveaxis(expected, 0, -1) / np.float32(255))
