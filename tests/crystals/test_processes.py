"""Order and laziness, with one process and with two."""

import itertools
import math

import pytest

from spacegrouper.crystals.processes import map_in_order


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_the_order_of_the_items(processes):
    assert list(map_in_order(math.isqrt, range(300), processes)) == list(
        map(math.isqrt, range(300))
    )


@pytest.mark.parametrize("processes", [1, 2])
def test_an_endless_input_is_taken_in_only_as_far_as_needed(processes):
    results = map_in_order(math.isqrt, itertools.count(), processes)
    assert list(itertools.islice(results, 5)) == [0, 1, 1, 1, 2]
    results.close()
