from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacegrouper.contract.engine import ENGINES
from spacegrouper.crystals import block_size as module
from spacegrouper.crystals.block_size import block_size
from spacegrouper.errors import UserError
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
    return start / (start + size * (module._STANDARDISING + settings.engine.seconds(settings)))


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


@pytest.mark.parametrize(
    "slower",
    [
        {"pixels": 1024},
        {"bit_depth": 16, "grey_scale": "logarithmic"},
        {"bit_depth": 32},
        {"disorder": {"vacancies": 0.1}},
    ],
)
def test_what_takes_longer_gets_smaller_blocks(slower: dict[str, Any]) -> None:
    slow = settings_from_mapping({"simulate": slower}, "")
    assert block_size(slow, 10**6, 2) < block_size(settings_of(), 10**6, 2)
    # A block with disorder has to end in the time that its job has.
    assert slow.engine.seconds(slow) * block_size(slow, 10**6, 2) < 60 * slow.engine.minutes


def test_copies_count() -> None:
    copies = settings_of(variation={"copies": 3, "largest_tilt": 1})
    assert block_size(copies, 10**6, 2) < block_size(settings_of(), 10**6, 2)


def test_copies_whose_particles_are_counted_need_all_intensities() -> None:
    tilted = settings_of(variation={"copies": 3, "largest_tilt": 1})
    counted = settings_of(variation={"copies": 3, "counts": [1e4, 1e6]})
    assert counted.engine.seconds(counted) > tilted.engine.seconds(tilted)
    photons = settings_from_mapping({"simulate": {"bit_depth": 32}}, "")
    assert counted.engine.seconds(counted) == photons.engine.seconds(photons)
    disordered = settings_from_mapping(
        {
            "simulate": {"disorder": {"vacancies": 0.1}},
            "variation": {"copies": 3, "counts": [1e4, 1e6]},
        },
        "",
    )
    assert disordered.engine.seconds(disordered) > photons.engine.seconds(photons)


def test_a_number_is_taken_as_it_is() -> None:
    settings = settings_of(plan={"block_size": 5})
    assert block_size(settings, 20_000, 2) == 5
    with pytest.raises(UserError, match="5 cuts 20001 crystals into more than 4000 blocks"):
        block_size(settings, 20_001, 2)
