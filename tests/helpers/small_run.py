"""The products of a whole run, as small as they can be, made by its programs."""

from pathlib import Path
from typing import Any

import yaml
from programs import Runner, call, spawn
from structure_files import ROCK_SALT, write_poscar

CONFIG: dict[str, Any] = {
    "name": "trial",
    "acquire": {"source": "prototypes", "space_groups": 3, "crystals_per_space_group": 12},
    "plan": {"block_size": 18},
    "simulate": {"pixels": 32, "pixel_size": 6.4e-4},
    "shape": {"central_window": [14, 17]},
    "split": {"minimum_crystals": 12, "train": 0.5, "validation": 0.25, "test": 0.25},
    "model": {"image_size": 32, "blocks": [1, 1]},
    "train": {"resize": "maximum", "batch_size": 8, "epochs": 1, "ranks": 1},
    "robustness": {
        "crystals": 3,
        "vacancies": [],
        "displacement": [],
        "photons": [],
        "misorientation": [1.0],
        "beam_stop": [],
    },
}


def make_small_run(folder: Path) -> Path:
    """Run the stages on 36 crystals; return the folder."""
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(CONFIG))
    write_poscar(folder / "POSCAR", ROCK_SALT)
    acquired, structures = folder / "acquired.jsonl.gz", folder / "standardised.jsonl.gz"
    rejected, dataset, model = folder / "rejected.csv", folder / "data.zarr", folder / "model"
    raw = [folder / f"raw/{number:06d}.h5" for number in range(2)]

    def run(stage: str, *arguments: object, how: Runner = call) -> None:
        done = how(stage, "--config", config, *arguments)
        assert done.returncode == 0, done.stderr

    run("acquire", "--output", acquired, "--rejected", rejected)
    run("standardise", "--structures", acquired, "--output", structures, "--rejected", rejected)
    run("plan", "--structures", structures, "--output", folder / "blocks")
    for shard in raw:
        block = folder / "blocks" / f"{shard.stem}.jsonl.gz"
        run("simulate", "--structures", block, "--output", shard)
    run("shape", "--raw", *raw, "--output", dataset, "--workers", 1)
    run("train", "--dataset", dataset, "--output", model, how=spawn)
    of_model = ("--dataset", dataset, "--model", model)
    run("calibrate", *of_model)
    run("evaluate", *of_model, "--output", folder / "evaluation")
    done = call("describe", "--dataset", dataset, "--output", folder / "statistics")
    assert done.returncode == 0, done.stderr
    return folder
