"""The training as a person submits it: real ranks of Horovod on two nodes of a real SLURM."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
import yaml
from noise_dataset import write_noise_dataset

PROGRAM = Path(__file__).parents[2] / "scripts" / "train.py"
TWO_NODES = ("--nodes=2", "--ntasks=2", "--mem=4000")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return write_noise_dataset(tmp_path / "noise.zarr")


def command(store: Path, output: Path, launcher: str, epochs: int) -> list[str]:
    """Return what trains; the same for the same launcher and epochs."""
    content = {
        "split": {"minimum_crystals": 12},
        "model": {"image_size": 16, "blocks": [1, 1], "growth": 4, "dropout": 0.2},
        "train": {
            "launcher": launcher,
            "ranks": 2,
            "batch_size": 3,
            "learning_rate": 1e-3,
            "epochs": epochs,
            "patience": 100_000,
        },
    }
    config = store.with_name(f"{launcher}-{epochs}.yaml")
    config.write_text(yaml.safe_dump(content))
    files = [f"--dataset={store}", f"--config={config}", f"--output={output}"]
    return [sys.executable, str(PROGRAM), *files]


def checkpoint(output: Path) -> dict[str, np.ndarray]:
    with np.load(output / "checkpoint.npz") as archive:
        return {name: archive[name] for name in archive.files}


@pytest.mark.slow
def test_a_killed_rank_ends_the_job_and_the_next_goes_on_as_if_nothing_were(
    slurm, store, tmp_path
) -> None:
    output = tmp_path / "by srun"
    endless = ["salloc", *TWO_NODES, *command(store, output, "srun", epochs=100_000)]
    with subprocess.Popen(
        endless, env=slurm.environment, stderr=subprocess.PIPE, text=True
    ) as training:
        assert training.stderr is not None
        lines = [training.stderr.readline()]
        while "epoch 1 of" not in lines[-1]:
            assert lines[-1], f"training ended before its first epoch: {''.join(lines)}"
            lines.append(training.stderr.readline())
        rank_1(output).kill()
        last_lines = training.stderr.read()
    assert training.returncode == 1
    assert "error: training stopped: rank 1 on cpu2: Killed; the reason" in last_lines
    assert "the same command goes on from the last checkpoint" in last_lines
    epochs = len(checkpoint(output)["history"])

    log = tmp_path / "log"
    wrapped = " ".join(f"'{part}'" for part in command(store, output, "srun", epochs + 2))
    job = slurm.submit(*TWO_NODES, f"--output={log}", "--wrap", wrapped)
    assert slurm.wait(job) == "COMPLETED", log.read_text()
    assert f"going on from the checkpoint after epoch {epochs} of {epochs + 2}" in log.read_text()
    assert log.read_text().count(f"epoch {epochs + 2} of") == 1
    assert (output / "model.keras").exists()

    here = tmp_path / "here"
    subprocess.run(command(store, here, "local", epochs + 2), check=True)
    by_srun, at_once = checkpoint(output), checkpoint(here)
    names = [name for name in at_once if name.startswith("model_")]
    assert len(names) > 10
    # Here two ranks share the cores, so they add up in fewer threads than those of two nodes.
    for name in (*names, "history"):
        np.testing.assert_allclose(by_srun[name], at_once[name], rtol=0, atol=1e-6)


def rank_1(output: Path) -> psutil.Process:
    """Return the process that trains as the rank which is not the first."""
    for process in psutil.process_iter(["cmdline"]):
        if f"--output={output}" in (process.info["cmdline"] or []):
            environment = process.environ()
            if environment.get("SLURM_PROCID") == "1":
                return process
    raise LookupError("no rank 1")
