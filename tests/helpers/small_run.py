"""The products of a whole run, as small as they can be, made in this process."""

import importlib
from pathlib import Path
from typing import Any

import yaml
from structure_files import ROCK_SALT, write_poscar

CONFIG: dict[str, Any] = {
    "name": "trial",
    "acquire": {"source": "prototypes", "space_groups": 3, "crystals_per_space_group": 12},
    "plan": {"block_size": 18},
    "simulate": {"pixels": 32, "pixel_size": 6.4e-4},
    "shape": {"central_window": [14, 17]},
    "morphology": {"pixels": 32},
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
    """Run the stages, whose programs must be importable, on 36 crystals; return the folder."""
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    write_poscar(folder / "POSCAR", ROCK_SALT)
    config = folder / "config.yaml"
    structures, dataset = folder / "standardised.jsonl.gz", folder / "data.zarr"

    def call(stage: str, **options: Any) -> None:
        importlib.import_module(stage).main(**options)

    call(
        "acquire",
        config=config,
        output=folder / "acquired.jsonl.gz",
        rejected=folder / "rejected.csv",
    )
    call(
        "standardise",
        config=config,
        structures=folder / "acquired.jsonl.gz",
        output=structures,
        rejected=folder / "rejected.csv",
    )
    call("plan", config=config, structures=structures, output=folder / "blocks")
    raw = [folder / f"raw/{number:06d}.h5" for number in range(2)]
    for shard in raw:
        call(
            "simulate",
            config=config,
            structures=folder / f"blocks/{shard.stem}.jsonl.gz",
            output=shard,
        )
    call("shape", config=config, raw=raw[0], further=raw[1:], output=dataset, workers=1)
    call("train", config=config, dataset=dataset, output=folder / "model")
    call("calibrate", config=config, dataset=dataset, model=folder / "model")
    call(
        "evaluate",
        config=config,
        dataset=dataset,
        model=folder / "model",
        output=folder / "evaluation",
    )
    call("describe", dataset=dataset, output=folder / "statistics")
    call(
        "make_morphology_db",
        config=config,
        structures=structures,
        output=folder / "habits.sqlite",
        rejected=folder / "no_habits.csv",
        threads=1,
    )
    return folder
