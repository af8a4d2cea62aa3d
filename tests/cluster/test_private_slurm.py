"""The SLURM that the other tests here run on."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

CONFTEST = Path(__file__).with_name("conftest.py")
# Holds a job, one of whose processes SLURM loses sight of; tells where, and waits for its end.
HOLDING_A_JOB = """
import os, signal
def test(slurm):
    running = slurm.folder / "running"
    os.mkfifo(running)
    stray = f"setsid --fork tail --follow {slurm.folder}/slurm.conf"
    slurm.submit("--output=/dev/null", "--wrap", f"{stray}; echo > {running}; sleep 1000")
    running.read_text()
    print("folder:", slurm.folder, flush=True)
    signal.pause()
"""


def test_tasks_run_on_all_nodes(slurm) -> None:
    done = slurm.run("srun", "--nodes=2", "--ntasks=3", "printenv", "SLURMD_NODENAME")
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == {"cpu1", "cpu2"}


def test_jobs_see_the_gpus_they_have_asked_for(slurm) -> None:
    asked = ("--partition=gpu", "--nodes=1", "--gres=gpu:3")
    done = slurm.run("srun", *asked, "printenv", "CUDA_VISIBLE_DEVICES")
    assert done.stdout.split() == ["0,1,2"]


@pytest.mark.parametrize(("command", "state"), [("true", "COMPLETED"), ("false", "FAILED")])
def test_the_end_of_a_job_is_waited_for(slurm, tmp_path, command, state) -> None:
    job = slurm.submit(f"--output={tmp_path}/log", "--wrap", command)
    assert slurm.wait(job) == state


def test_jobs_without_slurm_conf_find_this_slurm(slurm) -> None:
    # As jobs of Snakemake's plugin are.
    without = {k: v for k, v in slurm.environment.items() if k != "SLURM_CONF"}
    done = subprocess.run(["srun", "hostname"], env=without, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("received", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_its_session(slurm, tmp_path, received) -> None:
    (tmp_path / "test_holding_a_job.py").write_text(HOLDING_A_JOB)
    shutil.copy(CONFTEST, tmp_path)
    command = [sys.executable, "-m", "pytest", "-s", f"--rootdir={tmp_path}", tmp_path]
    session = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert session.stdout is not None
    while "folder: " not in (line := session.stdout.readline()):
        assert line, "the session ended before its SLURM began"
    folder = line.split()[-1]
    assert processes_about(folder)

    session.send_signal(received)

    # Its keeper holds standard output until all is stopped.
    session.communicate(timeout=60)
    assert processes_about(folder) == []
    assert slurm.run("sinfo").returncode == 0  # the two do not meet


def processes_about(folder: str) -> list[str]:
    """Return the commands of running processes that name a folder."""
    commands = []
    for process in psutil.process_iter(["status", "cmdline"]):
        command = " ".join(process.info["cmdline"] or [])
        if folder in command and process.info["status"] != psutil.STATUS_ZOMBIE:
            commands.append(command)
    return commands


@pytest.mark.parametrize(("ci", "outcome"), [("", "1 skipped"), ("true", "1 error")])
def test_without_slurm_it_is_skipped_but_not_in_ci(tmp_path, ci, outcome) -> None:
    (tmp_path / "test_holding_a_job.py").write_text(HOLDING_A_JOB)
    absent = CONFTEST.read_text().replace('"slurmctld", ', '"no-slurmctld", ')
    (tmp_path / "conftest.py").write_text(absent)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-ra", f"--rootdir={tmp_path}", tmp_path],
        env=os.environ | {"CI": ci},
        capture_output=True,
        text=True,
    )
    assert outcome in done.stdout
    assert "needs SLURM, but there is no no-slurmctld" in done.stdout
