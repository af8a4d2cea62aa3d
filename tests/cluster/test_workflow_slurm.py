"""The workflow by `--profile cluster/slurm` on a real SLURM: undisturbed, and cut off anywhere."""

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import yaml

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FAULTS = Path(__file__).with_name("faults")
SECONDS = 900
BLOCKS = ["000000", "000001", "000002", "000003", "000004"]
# Seconds for each stage, and still five blocks, two ranks and two jobs that shape.
SMALL = {
    "name": "small",
    "acquire": {"source": "prototypes", "space_groups": 2, "crystals_per_space_group": 12},
    "plan": {"block_size": 5},
    "split": {"minimum_crystals": 12, "train": 0.5, "validation": 0.25, "test": 0.25},
    "model": {"image_size": 32, "blocks": [1, 1]},
    "train": {"resize": "maximum", "batch_size": 3, "epochs": 25, "learning_rate": 1e-3},
}
DATASET = "results/small/dataset.zarr/zarr.json"
MODEL = "results/small/model/model.keras"
# What a site adapts, for nodes of eight cores, of which there are two in truth; and status queries
# as often as can be.
OF_THIS_SITE = [
    "--set-threads", "standardise=2", "simulate=2", "train=2", "fit_forest=2",
    "--config", "workers={cluster: slurm, partition: cpu, jobs: 2, processes: 1, memory: 2GB}",
    "train={launcher: srun, nodes: 2, ranks: 2}",
    "--slurm-init-seconds-before-status-checks", "1",
]  # fmt: skip
ENDED = ("COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY")


@dataclass(frozen=True)
class Job:
    """A job as SLURM remembers it; `rule` is empty for one that Snakemake has not submitted."""

    number: str
    name: str
    state: str
    partition: str
    node: str
    memory: str
    time_limit: str
    rule: str
    block: str


@dataclass(frozen=True)
class Clone:
    """A folder with all that the workflow takes, where jobs can be submitted."""

    folder: Path
    environment: dict[str, str]
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *arguments: str, profile: str = "slurm") -> subprocess.Popen[bytes]:
        """Start Snakemake as a person would; what it says goes to the file `said`."""
        command = ["snakemake", "--profile", f"cluster/{profile}", "--configfile", "small.yaml"]
        site = OF_THIS_SITE if profile == "slurm" else ["--cores", "2"]
        with (self.folder / "said").open("wb") as said:
            # Snakemake does not always hear a signal that is not SIGKILL.
            patience = ["timeout", "--foreground", "--kill-after=60", str(SECONDS)]
            self.started.append(
                subprocess.Popen(
                    [*patience, *command, *site, *arguments],
                    cwd=self.folder,
                    env=self.environment,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )
        return self.started[-1]

    def kill(self) -> None:
        """Kill what was started and still runs, but not its jobs."""
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text()

    def finish(self, process: subprocess.Popen[bytes]) -> None:
        assert process.wait() == 0, self.said[-8000:]

    def path(self, name: str) -> Path:
        return self.folder / "results" / "small" / name

    def jobs(self) -> list[Job]:
        """All jobs that were ever submitted in this folder, in that order."""
        columns = "%i|%j|%T|%P|%N|%m|%l|%k|%Z"
        queue = subprocess.run(
            ["squeue", "--noheader", "--states=all", "--sort=i", f"--format={columns}"],
            env=self.environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        found = []
        for line in queue.stdout.splitlines():
            *values, comment, folder = line.split("|")
            rule, _, block = comment.strip().removeprefix("rule_").partition("_wildcards_")
            if Path(folder) == self.folder:
                found.append(Job(*values, rule if comment.startswith("rule_") else "", block))
        return found

    def workers(self) -> list[Job]:
        """The jobs that shape."""
        return [job for job in self.jobs() if job.name == "dask-worker"]

    def hanging(self, block: str) -> str:
        """The job that tries a block and hangs, or an empty string."""
        starts = self.folder / f"{block}.starts"
        if (self.folder / f"{block}.hang").exists() or not starts.exists():
            return ""
        return starts.read_text().split()[-1]


@contextlib.contextmanager
def clone(folder: Path, slurm) -> Iterator[Clone]:
    for name in ("workflow", "scripts", "cluster"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "small.yaml").write_text(yaml.safe_dump(SMALL))
    programs = str(Path(sys.executable).parent)
    path = programs + os.pathsep + slurm.environment["PATH"]
    modules = os.pathsep.join(filter(None, [str(FAULTS), slurm.environment.get("PYTHONPATH")]))
    faults = {"PYTHONPATH": modules, "SPACEGROUPER_FAULTS": str(folder)}
    made = Clone(folder, slurm.environment | {"PATH": path} | faults)
    try:
        yield made
    finally:
        made.kill()


@pytest.fixture(scope="session")
def undisturbed(slurm, tmp_path_factory) -> Iterator[tuple[Clone, Clone]]:
    """From acquire to report on SLURM, and what the network is made of on this machine."""
    with (
        clone(tmp_path_factory.mktemp("on_slurm"), slurm) as on_slurm,
        clone(tmp_path_factory.mktemp("here"), slurm) as here,
    ):
        process = here.start(MODEL, profile="local")
        on_slurm.finish(on_slurm.start())
        here.finish(process)
        yield on_slurm, here


@pytest.fixture
def planned(undisturbed, slurm, tmp_path) -> Iterator[Clone]:
    """A run that has come as far as its plan."""
    finished, _ = undisturbed
    with clone(tmp_path, slurm) as planned:
        products = ("settings", "structures", "plan", "standardised")
        for name in (".snakemake", *(f"results/small/{product}" for product in products)):
            shutil.copytree(finished.folder / name, tmp_path / name)
        shutil.copy(finished.path("rejected.csv"), planned.path("rejected.csv"))
        yield planned


def wait_until(happened: Callable[[], object], process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SECONDS
    while not happened():
        assert process.poll() is None, "Snakemake ended too early"
        assert time.monotonic() < end, "did not come so far"
        time.sleep(0.1)


def files_of(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_every_stage_is_a_job(undisturbed) -> None:
    on_slurm, _ = undisturbed
    jobs = [job for job in on_slurm.jobs() if job.rule]
    stages = (
        "acquire", "plan", "collect", "shape", "describe", "train", "calibrate", "fit_forest",
        "evaluate", "report",
    )  # fmt: skip
    assert Counter(job.rule for job in jobs) == dict.fromkeys(stages, 1) | {
        "standardise": 5,
        "simulate": 5,
    }
    assert {job.state for job in jobs} == {"COMPLETED"}
    assert {job.rule for job in jobs if job.partition == "gpu"} == {"train"}
    # The rest ran where Snakemake did.
    assert re.findall(r"^local\w+ (\w+):", on_slurm.said, flags=re.MULTILINE) == ["all"]


def test_jobs_that_shape_come_and_go(undisturbed) -> None:
    on_slurm, _ = undisturbed
    assert len(on_slurm.workers()) >= 2
    assert {job.state for job in on_slurm.workers()} <= set(ENDED)


def test_the_dataset_is_that_of_the_local_profile(undisturbed) -> None:
    on_slurm, here = undisturbed
    files = files_of(on_slurm.path("dataset.zarr"))
    assert len(files) > 20
    assert files == files_of(here.path("dataset.zarr"))


def test_the_network_is_that_of_two_ranks_of_the_local_profile(undisturbed, slurm) -> None:
    on_slurm, here = undisturbed
    (job,) = [job for job in on_slurm.jobs() if job.rule == "train"]
    shown = slurm.run("scontrol", "show", "job", job.number).stdout
    for asked in ("NumNodes=2", "NumTasks=2", "CPUs/Task=2", "TresPerNode=gres:gpu:4"):
        assert asked in shown
    assert "training in 2 processes" in on_slurm.path("logs/train.log").read_text()
    with (
        np.load(on_slurm.path("model/checkpoint.npz")) as ours,
        np.load(here.path("model/checkpoint.npz")) as theirs,
    ):
        names = [name for name in theirs.files if name.startswith("model_")]
        assert len(names) > 10
        for name in (*names, "history"):
            np.testing.assert_allclose(ours[name], theirs[name], rtol=0, atol=1e-6)


def test_whatever_ends_early_is_done_again(planned, undisturbed, slurm) -> None:
    shards = [f"results/small/blocks/{block}.h5" for block in BLOCKS]
    unlucky = BLOCKS[1:]
    for block in unlucky:
        (planned.folder / f"{block}.hang").touch()
    killed = planned.start(*shards)
    wait_until(
        lambda: all(map(planned.hanging, unlucky)) and "Finished jobid" in planned.said, killed
    )
    planned.kill()
    assert [job.state for job in planned.jobs()].count("RUNNING") == 4

    # The message says what to do.
    assert planned.start(*shards).wait() == 1
    assert "It can be removed with the --unlock argument" in planned.said
    planned.finish(planned.start("--unlock"))

    timed_out, cancelled, on_lost_node, hungry = unlucky
    for block in (timed_out, cancelled, on_lost_node):
        (planned.folder / f"{block}.hang").touch()
    (planned.folder / f"{hungry}.memory").touch()
    process = planned.start(*shards)
    wait_until(lambda: planned.hanging(timed_out), process)
    # SLURM makes this its time limit, and looks every half minute for jobs that are over theirs.
    scontrol = ("scontrol", "update")
    slurm.run(*scontrol, f"jobid={planned.hanging(timed_out)}", "endtime=now").check_returncode()
    wait_until(lambda: planned.hanging(cancelled), process)
    slurm.run("scancel", planned.hanging(cancelled)).check_returncode()
    done = [planned.path(f"blocks/{block}.json") for block in (timed_out, cancelled, hungry)]
    wait_until(lambda: all(path.exists() for path in done), process)
    wait_until(lambda: len(states(planned, "RUNNING")) == 1, process)
    wait_until(lambda: planned.hanging(on_lost_node), process)
    lost = planned.hanging(on_lost_node)
    (node,) = [job.node for job in planned.jobs() if job.number == lost]
    with node_down(slurm, node):
        wait_until(lambda: lost in states(planned, "PENDING"), process)
        # SLURM itself would wait for two minutes.
        slurm.run(*scontrol, f"jobid={lost}", "starttime=now").check_returncode()
        planned.finish(process)

    fates = {block: [] for block in BLOCKS}
    for job in planned.jobs():
        fates[job.block].append((job.state, job.memory, job.time_limit))
    first, second = ("2000M", "1:00:00"), ("4000M", "2:00:00")
    orphan, done, done_again = ("CANCELLED", *first), ("COMPLETED", *first), ("COMPLETED", *second)
    assert fates == {
        BLOCKS[0]: [done],
        timed_out: [orphan, ("TIMEOUT", "2000M", "1:00"), done_again],
        cancelled: [orphan, ("CANCELLED", *first), done_again],
        on_lost_node: [orphan, done],  # the same job once more, by SLURM itself
        hungry: [orphan, ("FAILED", *first), done_again],
    }
    assert files_of(planned.path("blocks")) == files_of(undisturbed[0].path("blocks"))


@contextlib.contextmanager
def node_down(slurm, node: str) -> Iterator[None]:
    """Set a node down, which ends its jobs; it gets no others until the end."""
    update = ("scontrol", "update", f"nodename={node}")
    slurm.run(*update, "state=down", "reason=test").check_returncode()
    # Its daemon, which lives, would bring it up again.
    slurm.run(*update, "state=drain", "reason=test").check_returncode()
    try:
        yield
    finally:
        slurm.run(*update, "state=resume").check_returncode()


def states(planned: Clone, state: str) -> list[str]:
    """Numbers of the jobs in a state."""
    return [job.number for job in planned.jobs() if job.state == state]


def test_shaping_outlives_its_jobs_and_they_do_not_outlive_it(planned, undisturbed, slurm) -> None:
    shutil.copytree(undisturbed[0].path("blocks"), planned.path("blocks"))
    interrupted = planned.start(DATASET)
    with workers_held_up(planned, interrupted):
        wait_until(lambda: len(held_up(planned)) == 2, interrupted)
        interrupted.send_signal(signal.SIGINT)
        assert interrupted.wait() == 1
        end = time.monotonic() + 300
        while not {job.state for job in planned.jobs()} <= set(ENDED):
            assert time.monotonic() < end, planned.jobs()
            time.sleep(0.1)

    process = planned.start(DATASET)
    with workers_held_up(planned, process):
        wait_until(lambda: len(held_up(planned)) == 2, process)
        cancelled, *others = held_up(planned)
        slurm.run("scancel", cancelled).check_returncode()
        wait_until(lambda: len({*held_up(planned)} - {cancelled, *others}) == 1, process)
    planned.finish(process)
    assert files_of(planned.path("dataset.zarr")) == files_of(undisturbed[0].path("dataset.zarr"))
    assert {job.state for job in planned.jobs()} <= set(ENDED)


@contextlib.contextmanager
def workers_held_up(planned: Clone, process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Let jobs that shape begin, but not end, a block."""
    earlier = len(planned.workers())
    wait_until(lambda: len(planned.workers()) > earlier, process)
    with planned.path(".dataset.zarr.unfinished.blocks.lock").open("a") as file:
        # Whoever writes blocks shares this lock.
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def held_up(planned: Clone) -> list[str]:
    """Numbers of the jobs that are in the middle of a block."""
    running = [job.number for job in planned.workers() if job.state == "RUNNING"]
    logs = {number: planned.folder / f"slurm-logs/dask-worker-{number}.err" for number in running}
    return [
        number
        for number, log in logs.items()
        if log.exists() and "another process is still at work here" in log.read_text()
    ]
