"""With a real SLURM, but ranks that do not train: they start in no time."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

# Starts as many ranks as its first argument says; they print where they are, and do the rest.
PROGRAM = """
import json, os, signal, sys
from spacegrouper.training.launching import launch_ranks
from spacegrouper.training.slurm_ranks import become_rank, srun, started_by_srun
if started_by_srun(os.environ):
    become_rank(os.environ)
    shown = {k: v for k, v in os.environ.items() if k.startswith("HOROVOD_") or k in %s}
    print(json.dumps(shown), flush=True)
    exec(sys.argv[2])
else:
    command = [sys.executable, *sys.orig_argv[1:]]
    launch_ranks(srun(int(sys.argv[1]), os.environ), command, os.environ, print)
"""
# Not all: srun breaks lines of more than about a thousand characters.
SHOWN = ("SLURM_PROCID", "SLURM_LOCALID", "SLURM_NODEID", "SLURMD_NODENAME", "CUDA_VISIBLE_DEVICES")
# Rank 0 must not end before all have met: each of the others sends it a byte through a pipe.
MEET = """
if os.environ["HOROVOD_RANK"] == "0":
    pipe = os.open(sys.argv[3], os.O_RDWR)
    for _ in range(int(os.environ["HOROVOD_SIZE"]) - 1):
        os.read(pipe, 1)
else:
    os.write(os.open(sys.argv[3], os.O_WRONLY), b".")
"""


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def command(ranks: int, rest: str, path: Path | str = "") -> list[str]:
    return [sys.executable, "-u", "-c", PROGRAM % (SHOWN,), str(ranks), rest, str(path)]


def ranks_in(output: str) -> list[dict[str, str]]:
    """Return the environments of the ranks, in their order."""
    lines = [line for line in output.splitlines() if line.endswith("}")]
    found = [json.loads(line[line.index("{") :]) for line in lines]
    return sorted(found, key=lambda rank: int(rank["HOROVOD_RANK"]))


@pytest.mark.parametrize(
    ("asked", "ranks", "nodes"),
    [
        ("--nodes=2 --ntasks=2 --cpus-per-task=4", 2, [1, 1]),
        ("--nodes=2 --ntasks=2 --cpus-per-task=4", 8, [4, 4]),
        ("--nodes=2 --ntasks=2 --cpus-per-task=4", 3, [2, 1]),
        ("--nodes=2 --ntasks=9", 9, [8, 1]),
        ("--nodes=1 --ntasks=3", 3, [3]),
    ],
)
def test_ranks_are_numbered_as_slurm_has_placed_them(slurm, pipe, asked, ranks, nodes) -> None:
    done = slurm.run("salloc", *asked.split(), *command(ranks, MEET, pipe))
    assert done.returncode == 0, done.stderr
    found = ranks_in(done.stdout)

    assert [rank["HOROVOD_RANK"] for rank in found] == [str(number) for number in range(ranks)]
    for rank in found:
        assert rank["HOROVOD_RANK"] == rank["SLURM_PROCID"]
        assert rank["HOROVOD_LOCAL_RANK"] == rank["SLURM_LOCALID"]
        assert rank["HOROVOD_HOSTNAME"] == f"node{rank['SLURM_NODEID']}"
    places = [rank["SLURMD_NODENAME"] for rank in found]
    assert [places.count(node) for node in ("cpu1", "cpu2")][: len(nodes)] == nodes
    assert [int(rank["HOROVOD_LOCAL_SIZE"]) for rank in found] == [
        n for n in nodes for _ in range(n)
    ]


def test_ranks_see_the_gpus_of_their_node(slurm, pipe) -> None:
    asked = ("--partition=gpu", "--nodes=2", "--gres=gpu:4", "--ntasks=2", "--cpus-per-task=2")
    done = slurm.run("salloc", *asked, *command(4, MEET, pipe))
    found = ranks_in(done.stdout)
    assert [rank["CUDA_VISIBLE_DEVICES"] for rank in found] == ["0,1,2,3"] * 4, done.stderr


@pytest.mark.parametrize(
    "start",
    [
        # A step, which has all CPUs and memory of the allocation on its one node.
        "srun --nodes=1 --ntasks=1 --cpus-per-task=4",
        # What Snakemake's plugin leaves of SLURM's environment.
        "env -u SLURM_CONF -u SLURM_JOB_NODELIST -u SLURM_JOB_CPUS_PER_NODE -u SLURM_NTASKS"
        " -u SLURM_NNODES -u SLURM_JOB_NUM_NODES -u SLURM_TASKS_PER_NODE -u SLURM_CPUS_PER_TASK",
    ],
)
def test_ranks_start_wherever_a_job_can_be(slurm, pipe, start) -> None:
    job = ("salloc", "--nodes=2", "--ntasks=2", "--cpus-per-task=4")
    done = slurm.run(*job, *start.split(), *command(2, MEET, pipe))
    places = [rank["SLURMD_NODENAME"] for rank in ranks_in(done.stdout)]
    assert places == ["cpu1", "cpu2"], done.stderr


def test_a_failing_rank_ends_all_and_is_named(slurm) -> None:
    rest = 'os._exit(3) if os.environ["HOROVOD_RANK"] == "1" else signal.pause()'
    done = slurm.run("salloc", "--nodes=2", "--ntasks=2", *command(2, rest))

    assert done.returncode == 1
    assert "training stopped: rank 1 on cpu2: Exited with exit code 3; the reason" in done.stderr


@pytest.mark.parametrize("received", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_ranks_end_with_their_launcher(slurm, tmp_path, received) -> None:
    lock = tmp_path / ".lock"
    lock.touch()
    rest = (
        "import fcntl; fcntl.flock(open(sys.argv[3]), fcntl.LOCK_SH)\n"
        "print('holds the lock', flush=True); signal.pause()"
    )
    # The allocation outlives the launcher, so it is not what ends the ranks.
    shell = '"$@" & echo $!; wait $!; echo "ended with" $?; read _'
    job = ["salloc", "--nodes=2", "--ntasks=2", "sh", "-c", shell, "sh"]
    with subprocess.Popen(
        [*job, *command(2, rest, lock)],
        env=slurm.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as allocation:
        assert allocation.stdin is not None
        assert allocation.stdout is not None
        launcher = int(allocation.stdout.readline())
        waiting = 0
        while waiting < 2:
            line = allocation.stdout.readline()
            assert line, "the launcher ended before its ranks began"
            waiting += line.endswith("holds the lock\n")

        os.kill(launcher, received)

        last_lines = iter(allocation.stdout.readline, "")
        assert any(line == f"ended with {128 + received}\n" for line in last_lines)
        # A killed launcher cannot wait until its ranks are gone; otherwise they are gone by now.
        patience = "60" if received is signal.SIGKILL else "0"
        freed = subprocess.run(["flock", "--wait", patience, lock, "true"])
        allocation.stdin.close()
    assert freed.returncode == 0
