"""Without SLURM: what it says is made up. tests/cluster shows that it does say so."""

import os
import re
import socket
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacegrouper.errors import UserError
from spacegrouper.training import slurm_ranks
from spacegrouper.training.slurm_ranks import become_rank, share_nodes, srun, started_by_srun

SCONTROL = """#!/bin/sh
case "$*" in
"--oneliner --details show job 7")
    echo "JobId=7 NodeList=n[1-3] NumNodes=3 NumCPUs=20  \
Nodes=n[1-2] CPU_IDs=0-7 Mem=800 GRES=   Nodes=n3 CPU_IDs=0,2-4 Mem=400 GRES= MinCPUsNode=1" ;;
"--oneliner show node n[1-2]")
    echo "NodeName=n1 CPUTot=8 NodeAddr=10.0.0.1 NodeHostName=n1 Port=6818"
    echo "NodeName=n2 CPUTot=8 NodeAddr=10.0.0.2 NodeHostName=n2 Port=6818" ;;
"--oneliner show node n3")
    echo "NodeName=n3 CPUTot=64 NodeAddr=n3.internal NodeHostName=n3 Port=6818" ;;
"--oneliner --details show job 8")
    echo "JobId=8 JobState=PENDING NodeList=" ;;
*)
    echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1 ;;
esac
"""


@pytest.fixture
def allocation(tmp_path: Path) -> dict[str, str]:
    """The environment in an allocation of three nodes, of 8, 8 and 4 CPUs, and SLURM to ask."""
    for name, program in (("scontrol", SCONTROL), ("srun", "#!/bin/sh\n")):
        (tmp_path / name).write_text(program)
        (tmp_path / name).chmod(0o755)
    return {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_JOB_ID": "7"}


def test_srun_is_told_all_about_the_ranks(allocation, tmp_path) -> None:
    launcher = srun(6, allocation)

    assert launcher.arguments[0] == str(tmp_path / "srun")
    wanted = {"--nodes=3", "--ntasks=6", "--ntasks-per-node=2", "--cpus-per-task=2"}
    assert wanted <= set(launcher.arguments)
    (rendezvous,) = launcher.environment.values()
    assert re.fullmatch(r"10\.0\.0\.1 n3\.internal \d{5}", rendezvous)
    assert rendezvous not in srun(6, allocation).environment.values()  # the port is unpredictable


@pytest.mark.parametrize(
    ("ranks", "cpus_per_node", "shared"),
    [
        (2, [8, 8], (1, 8)),
        (8, [64, 64], (4, 16)),
        (8, [10, 10], (4, 2)),
        (4, [8], (4, 2)),
        (4, [8, 3], (2, 1)),
        (3, [8, 8], (None, 4)),
        (5, [4, 1], (None, 1)),
        (4, [3, 1], (None, 1)),
    ],
)
def test_ranks_share_the_cpus_of_the_nodes(ranks, cpus_per_node, shared) -> None:
    assert share_nodes(ranks, cpus_per_node) == shared


@given(st.lists(st.integers(1, 20), min_size=1, max_size=5), st.data())
def test_ranks_find_their_cpus_on_any_nodes(cpus_per_node, data) -> None:
    ranks = data.draw(st.integers(len(cpus_per_node), sum(cpus_per_node)))
    ranks_per_node, cpus_per_rank = share_nodes(ranks, cpus_per_node)

    places = [cpus // cpus_per_rank for cpus in cpus_per_node]
    assert min(places) >= (ranks_per_node or 1)
    assert sum(places) >= ranks
    if ranks_per_node is not None:
        assert ranks_per_node * len(cpus_per_node) == ranks


@pytest.mark.parametrize(
    ("change", "ranks", "message"),
    [
        ({"SLURM_JOB_ID": None}, 6, r"no SLURM allocation .*sbatch, or set it to local$"),
        ({"PATH": ""}, 6, r"there is no srun here"),
        ({}, 2, r"^train.ranks: 2, but the SLURM allocation has 3 nodes; raise it"),
        ({}, 21, r"^train.ranks: 21, but the SLURM allocation has 20 CPUs; lower it"),
        ({"SLURM_JOB_ID": "8"}, 6, r"SLURM tells no nodes of job 8"),
        ({"SLURM_JOB_ID": "9"}, 6, r"`scontrol .* show job 9` fails: .* Invalid job id specified$"),
    ],
)
def test_an_allocation_must_fit(allocation, change, ranks, message) -> None:
    environment = {k: v for k, v in (allocation | change).items() if v is not None}
    with pytest.raises(UserError, match=message) as mistake:
        srun(ranks, environment)
    assert "\n" not in str(mistake.value)


@pytest.mark.parametrize(
    ("line", "rank", "rest"),
    [
        ("0: epoch 1 of 2: loss 3", "0", "epoch 1 of 2: loss 3"),
        (" 3: text", "3", "text"),
        ("12: ", "12", ""),
    ],
)
def test_lines_of_ranks_are_told_apart(allocation, line, rank, rest) -> None:
    match = srun(6, allocation).rank_line.fullmatch(line)
    assert match is not None
    assert (match["rank"], match["text"]) == (rank, rest)


@pytest.mark.parametrize(
    ("line", "ended"),
    [
        ("srun: error: n2: task 1: Killed\n", ("n2", "1", "Killed")),
        ("srun: error: n1: tasks 0-2,4: Terminated\n", ("n1", "0-2,4", "Terminated")),
        ("srun: error: Unable to create step for job 7\n", None),
    ],
)
def test_the_end_of_a_rank_is_noticed(allocation, line, ended) -> None:
    match = srun(6, allocation).rank_ended.match(line)
    assert (match and match.group("node", "rank", "end")) == ended


def task(port: int, tasks_per_node: str, rank: int, node: int) -> dict[str, str]:
    """Return the environment of a task of srun, where all nodes are this machine."""
    return {
        "SPACEGROUPER_RENDEZVOUS": f"127.0.0.1 localhost {port}",
        "SLURM_STEP_TASKS_PER_NODE": tasks_per_node,
        "SLURM_PROCID": str(rank),
        "SLURM_NODEID": str(node),
    }


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize(
    ("tasks_per_node", "ranks"),
    [
        # For each rank its node, and: rank, size, local rank and size, cross rank and size.
        ("1(x2)", [(0, "0 2 0 1 0 2"), (1, "1 2 0 1 1 2")]),
        ("2", [(0, "0 2 0 2 0 1"), (0, "1 2 1 2 0 1")]),
        ("2,1", [(0, "0 3 0 2 0 2"), (0, "1 3 1 2 0 1"), (1, "2 3 0 1 1 2")]),
        (
            "1,2(x2)",
            [
                (0, "0 5 0 1 0 3"),
                (1, "1 5 0 2 1 3"),
                (1, "2 5 1 2 0 2"),
                (2, "3 5 0 2 2 3"),
                (2, "4 5 1 2 1 2"),
            ],
        ),
    ],
)
def test_tasks_become_ranks(port, tasks_per_node, ranks) -> None:
    for rank, (node, expected) in enumerate(ranks):
        environment = task(port, tasks_per_node, rank, node)
        assert started_by_srun(environment)

        become_rank(environment)

        names = ("RANK", "SIZE", "LOCAL_RANK", "LOCAL_SIZE", "CROSS_RANK", "CROSS_SIZE")
        assert " ".join(environment[f"HOROVOD_{name}"] for name in names) == expected
        assert environment["HOROVOD_HOSTNAME"] == f"node{node}"
        assert environment["HOROVOD_CONTROLLER"] == "gloo"
        assert environment["HOROVOD_CPU_OPERATIONS"] == "gloo"
        assert environment["HOROVOD_GLOO_RENDEZVOUS_ADDR"] == "127.0.0.1"
        assert environment["HOROVOD_GLOO_RENDEZVOUS_PORT"] == str(port)
        assert environment["HOROVOD_GLOO_IFACE"] == "lo"
        assert environment["NCCL_SOCKET_IFNAME"] == "lo"


def test_interfaces_that_a_site_has_set_stay(port) -> None:
    environment = task(port, "1", 0, 0) | {"HOROVOD_GLOO_IFACE": "ib0"}
    become_rank(environment)
    assert environment["HOROVOD_GLOO_IFACE"] == environment["NCCL_SOCKET_IFNAME"] == "ib0"


def test_ranks_wait_for_the_first(port) -> None:
    early = threading.Thread(target=become_rank, args=[task(port, "1(x2)", 1, 1)], daemon=True)
    early.start()
    become_rank(task(port, "1(x2)", 0, 0))
    early.join(timeout=60)
    assert not early.is_alive()


def test_ranks_do_not_wait_for_ever(port, monkeypatch) -> None:
    monkeypatch.setattr(slurm_ranks, "_SECONDS_TO_MEET", 0)
    with pytest.raises(UserError, match=r"^127\.0\.0\.1: rank 0 cannot be reached on port"):
        become_rank(task(port, "1(x2)", 1, 1))


def test_a_port_in_use_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port}, .*in use.*start the training again"):
            become_rank(task(port, "1(x2)", 0, 0))


def test_a_node_whose_name_leads_nowhere_is_told(port) -> None:
    environment = task(port, "1(x2)", 0, 0)
    environment["SPACEGROUPER_RENDEZVOUS"] = f"127.0.0.1 no-node.invalid {port}"
    with pytest.raises(UserError, match=r"^no-node\.invalid: cannot be reached from node 0"):
        become_rank(environment)
