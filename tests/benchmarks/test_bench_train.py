"""The benchmark on few crystals and small images: it runs, and its numbers fit together."""

from pathlib import Path

import bench_train
import pytest
import typer


@pytest.mark.parametrize(
    ("network", "images", "descriptor"), [("ziletti", 1, "spot"), ("msdn", 3, "shaped")]
)
def test_a_network_is_shown_the_images_that_it_takes(network, images, descriptor) -> None:
    assert bench_train.images_of(network) == images
    assert bench_train.settings_of(network, 32, 4).train.descriptor == descriptor


@pytest.mark.slow
def test_everything_is_measured(benchmark) -> None:
    small = ("--image-size=32", "--crystals=160", "--batch-size=4", "--steps=2", "--warm-up=1")
    results = benchmark("train", "--network=ziletti", *small, "--rounds=1")
    assert results["crystals_of_a_step"] == 4
    assert results["steps_measured"] == 2
    found = results["networks"]["ziletti"]
    assert found["images_of_a_crystal"] == 1
    assert found["descriptor"] == "spot"

    for way in ("streamed", "kept"):
        rates = found["input_alone"][way]
        assert rates["images_per_second"] == rates["crystals_per_second"] > 0
    fit = found["plain_fit"]
    assert fit["crystals_per_second"] == pytest.approx(4000 / fit["step_ms"])
    for ranks in (1, 2):
        training = found["training"][f"{ranks}_ranks"]
        assert len(training["peak_memory_mb_of_ranks"]) == ranks
        assert training["crystals_per_second"] == pytest.approx(4000 / training["step_ms"])
        parts = training["parts_ms"]
        assert min(parts["waiting_for_input"], training["without_input"]["step_ms"]) > 0
        assert parts["waiting_for_input"] <= training["longest_wait_for_input_ms"]
        assert (parts["allreduce"] > 0) == (ranks > 1)
        # Of two steps, the sum of the medians is the median of the sums.
        assert sum(parts.values()) == pytest.approx(training["step_ms"])
        for rate, ratio in found["times_as_fast_as_plain_fit"][f"{ranks}_ranks"].items():
            assert ratio == pytest.approx(training[rate] / fit[rate])
            assert ratio > 0

    limit = found["input_against_step"]["input_keeps_up_to"]
    assert limit["crystals_per_second"] == found["input_alone"]["streamed"]["crystals_per_second"]
    flop = found["training_gflop_of_a_crystal"] * 1e9
    assert limit["tflop_per_second"] == pytest.approx(flop * limit["crystals_per_second"] / 1e12)


def test_too_few_crystals_are_refused(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="too few for so many steps"):
        bench_train.main(crystals=160, steps=8, output=tmp_path)
    assert not list(tmp_path.iterdir())
