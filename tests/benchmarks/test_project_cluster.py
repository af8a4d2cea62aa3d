"""The projection: what it must be where one thing alone takes time."""

import project_cluster as projection
import pytest

from spacegrouper.settings import Plan

BLOCKS = "standardise and simulate"


def project(crystals: int, size: int, *, shards: int = 512, **changes: float) -> dict[str, float]:
    free = dict.fromkeys(projection.Costs.__dataclass_fields__, 0.0)
    costs = {key: value for key, value in changes.items() if key in free}
    how = {"nodes": 100, "submissions": 1e9, "jobs": 10**6} | {
        key: value for key, value in changes.items() if key not in free
    }
    plan = Plan(block_size=shards)
    return projection.project(projection.Costs(**free | costs), plan, crystals, size, **how)


def test_few_slow_submissions_decide() -> None:
    seconds = project(10**6, 1000, simulate=0.01, submissions=0.5)
    block = 2 * projection.START_UP + 1000 * 0.01
    assert seconds[BLOCKS] == pytest.approx(2 * 1000 / 0.5 + block + projection.START_UP)


@pytest.mark.parametrize(("nodes", "jobs", "at_once"), [(2, 10**6, 32), (100, 50, 50)])
def test_otherwise_the_cores_do_or_the_jobs_at_a_time(nodes: int, jobs: int, at_once: int) -> None:
    seconds = project(10**6, 1000, nodes=nodes, jobs=jobs, standardise=0.006, simulate=0.004)
    block = 2 * projection.START_UP + 1000 * 0.01
    taken = seconds[BLOCKS] - projection.START_UP  # of collect
    assert taken == pytest.approx(1000 / at_once * block, rel=0.03)


def test_a_nodes_memory_is_enough_for_shaping_on_all_of_its_cores() -> None:
    seconds = project(10**6, 1000, shape=0.002, nodes=2)
    taken = seconds["shape"] - projection.START_UP
    assert taken == pytest.approx(1e6 * 0.002 / 32, rel=0.03)


def test_large_blocks_leave_cores_idle_for_want_of_memory() -> None:
    seconds = project(10**6, 1000, shards=50_000, shape=0.002, nodes=1)
    # 19.5 GB a block: three at a time.
    assert seconds["shape"] == pytest.approx(projection.START_UP + 7 * 50_000 * 0.002)


def test_single_jobs_take_the_same_on_any_number_of_nodes() -> None:
    one, many = (project(10**6, 1000, acquire=1e-4, plan=2e-5, nodes=n) for n in (1, 100))
    assert one["acquire"] == many["acquire"] == projection.START_UP + 25
    assert one["plan"] == many["plan"] == projection.START_UP + 20


def test_it_runs_on_the_recorded_results(capsys) -> None:
    projection.main(projection.RESULTS, submissions=25, jobs=200)
    rows = len(projection.CRYSTALS) * len(projection.NODES)
    assert len(capsys.readouterr().out.splitlines()) == 2 + rows
