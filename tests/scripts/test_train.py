"""The program as a person starts it, with real Horovod ranks."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from noise_dataset import write_noise_dataset

PROGRAM = Path(__file__).parents[2] / "scripts" / "train.py"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_noise_dataset(tmp_path_factory.mktemp("dataset") / "noise.zarr")


def write_config(path: Path, **train: object) -> Path:
    content = {
        "split": {"minimum_crystals": 12},
        "model": {"image_size": 16, "blocks": [1, 1], "growth": 4, "dropout": 0},
        "train": {"learning_rate": 1e-3, "epochs": 2} | train,
    }
    path.write_text(yaml.safe_dump(content))
    return path


def command(store: Path, config: Path, output: Path, *more: str) -> list[str]:
    files = [f"--dataset={store}", f"--config={config}", f"--output={output}"]
    return [sys.executable, str(PROGRAM), *files, *more]


def test_a_mistake_is_one_line(tmp_path) -> None:
    config = write_config(tmp_path / "config.yaml")
    missing = tmp_path / "missing.zarr"
    done = subprocess.run(
        command(missing, config, tmp_path / "out"), capture_output=True, text=True
    )

    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {missing}: no dataset there")
    assert done.stderr.count("\n") == 1


def test_srun_needs_an_allocation(store, tmp_path) -> None:
    config = write_config(tmp_path / "config.yaml", launcher="srun")
    outside = {k: v for k, v in os.environ.items() if k != "SLURM_JOB_ID"}
    done = subprocess.run(
        command(store, config, tmp_path / "out"), env=outside, capture_output=True, text=True
    )

    assert done.returncode == 1
    assert done.stderr.startswith("error: train.launcher: srun, but this is no SLURM allocation")
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["local", "srun"])
def test_one_process_trains_without_horovod(store, tmp_path, launcher) -> None:
    config = write_config(tmp_path / "config.yaml", launcher=launcher, ranks=3, epochs=1)
    # Read by Python when it starts; what is None cannot be imported.
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['horovod'] = None")
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "SLURM_JOB_ID": "7"}
    output = tmp_path / "out"
    done = subprocess.run(
        command(store, config, output), env=environment, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert "Horovod is not installed: training in 1 process instead of 3" in done.stderr
    assert done.stderr.count("epoch 1 of 1: loss") == 1
    assert yaml.safe_load((output / "settings.yaml").read_text())["train"]["ranks"] == 1


@pytest.mark.slow
def test_two_ranks_learn_what_one_does_with_twice_the_batch(store, tmp_path) -> None:
    trained = {}
    # 20 crystals are trained on, in 12 steps; every fourth has 4 empty places.
    for ranks, batch_size in ((1, 6), (2, 3)):
        output = tmp_path / f"{ranks} ranks"
        config = write_config(tmp_path / "config.yaml", batch_size=batch_size, epochs=3)
        done = subprocess.run(
            command(store, config, output, f"--ranks={ranks}"), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert [done.stderr.count(f"epoch {epoch} of 3: loss") for epoch in (1, 3)] == [1, 1]
        assert yaml.safe_load((output / "settings.yaml").read_text())["train"]["ranks"] == ranks
        with np.load(output / "checkpoint.npz") as archive:
            trained[ranks] = {name: archive[name] for name in archive.files}
    names = [name for name in trained[1] if name.startswith("model_")]

    assert len(names) > 10
    for name in (*names, "history"):
        np.testing.assert_allclose(trained[2][name], trained[1][name], atol=1e-5)


@pytest.mark.slow
def test_goes_on_after_being_stopped(store, tmp_path) -> None:
    output = tmp_path / "out"
    config = write_config(tmp_path / "config.yaml", epochs=100_000, patience=100_000)
    program = subprocess.Popen(command(store, config, output), stderr=subprocess.PIPE, text=True)
    assert program.stderr is not None
    while "epoch 1 of" not in (line := program.stderr.readline()):
        assert line, "training ended before its first epoch"
    program.send_signal(signal.SIGTERM)
    program.communicate()
    assert program.returncode == 128 + signal.SIGTERM
    with np.load(output / "checkpoint.npz") as archive:
        epochs = len(archive["history"])

    write_config(config, epochs=epochs + 1, patience=100_000)
    done = subprocess.run(command(store, config, output), capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert f"going on from the checkpoint after epoch {epochs} of {epochs + 1}" in done.stderr
    assert len(pd.read_csv(output / "history.csv")) == epochs + 1
