from math import ceil
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from spacegrouper.contract.technique import ENGINES
from spacegrouper.crystals import block_size as module
from spacegrouper.crystals.block_size import block_size
from spacegrouper.settings import Settings, settings_from_mapping

OTHERS: dict[str, dict[str, Any]] = {
    "patterns": {},
    "powder": {"model": {"name": "vgg16"}, "train": {"descriptor": "powder"}},
    "reflections": {
        "model": {"name": "symmetry_mlp", "image_size": 17},
        "train": {"descriptor": "symmetry"},
    },
    "morphology": {"model": {"name": "ziletti"}, "train": {"descriptor": "morphology"}},
}


def settings_of(engine: str = "kinematic", **sections: Any) -> Settings:
    others = OTHERS[ENGINES[engine].technique]
    return settings_from_mapping({"simulate": {"engine": engine}, **others, **sections}, "")


def share_of_start_up(settings: Settings, size: int) -> float:
    start = module._START_UP[settings.workers.cluster]
    return start / (start + size * (module._STANDARDISING + settings.engine.seconds))


@given(
    engine=st.sampled_from([engine.name for engine in ENGINES if engine.crystals]),
    crystals=st.integers(1, 10**8),
)
def test_on_a_cluster_start_up_is_less_than_a_tenth_of_a_block(engine: str, crystals: int) -> None:
    settings = settings_of(engine, workers={"cluster": "slurm"})
    size = block_size(settings, crystals, 16)
    assert share_of_start_up(settings, size) <= 0.1
    assert ceil(crystals / size) <= 4000
    # No larger than that takes.
    if size > max(1, ceil(crystals / 4000)):
        assert share_of_start_up(settings, size - 1) > 0.1


@given(crystals=st.integers(0, 10**7), cores=st.integers(1, 256))
def test_one_machine_shares_few_crystals_among_its_cores(crystals: int, cores: int) -> None:
    settings = settings_of()
    size = block_size(settings, crystals, cores)
    blocks = ceil(crystals / size)
    assert blocks <= cores or share_of_start_up(settings, size) <= 0.1
    if blocks < cores:
        # All have a core of their own, and none a block that could be cut in two.
        assert size == ceil(crystals / cores) or size == 1


def test_engines_that_take_longer_get_smaller_blocks() -> None:
    sizes = [
        block_size(settings_of(name), 10**6, 2)
        for name in ("condor", "pymatgen", "kinematic", "structure_factors")
    ]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == 4


def test_copies_count() -> None:
    copies = settings_of(variation={"copies": 3, "largest_tilt": 1})
    assert block_size(copies, 10**6, 2) < block_size(settings_of(), 10**6, 2)


def test_a_number_is_taken_as_it_is() -> None:
    assert block_size(settings_of(plan={"block_size": 5}), 10**6, 2) == 5
