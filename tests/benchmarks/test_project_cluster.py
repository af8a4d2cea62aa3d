"""The projection: what it must be where one thing alone takes time."""

import project_cluster as projection
import pytest


def test_few_slow_submissions_decide() -> None:
    costs = projection.Costs(0, 0, 0, simulate=0.01, shape=0, raw_bytes=0)
    job = projection.START_UP + 1000 * 0.01
    seconds = projection.project(costs, 10**6, 1000, nodes=100, submissions=0.5)
    assert seconds["simulate"] == pytest.approx(1000 / 0.5 + job)


def test_otherwise_the_cores_do() -> None:
    costs = projection.Costs(0, 0, 0, simulate=0.01, shape=0.002, raw_bytes=0)
    job = projection.START_UP + 1000 * 0.01
    seconds = projection.project(costs, 10**6, 1000, nodes=2, submissions=1e9)
    assert seconds["simulate"] == pytest.approx(1000 / 32 * job, rel=0.03)
    # A node's memory is enough for all of its cores.
    assert seconds["shape"] - projection.START_UP == pytest.approx(1e6 * 0.002 / 32, rel=0.03)


def test_large_blocks_leave_cores_idle_for_want_of_memory() -> None:
    costs = projection.Costs(0, 0, 0, simulate=0, shape=0.002, raw_bytes=0)
    seconds = projection.project(costs, 10**6, 50_000, nodes=1, submissions=1e9)
    # 19.5 GB a block: three at a time.
    assert seconds["shape"] == pytest.approx(projection.START_UP + 7 * 50_000 * 0.002)


def test_it_runs_on_the_recorded_results(capsys) -> None:
    projection.main(projection.RESULTS, submissions=25)
    assert len(capsys.readouterr().out.splitlines()) == 2 + 3 * len(projection.RUNS)
