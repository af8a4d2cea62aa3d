"""The files of docs/extending.md, installed beside the package, do what the page says."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the package `my_lab` and what pip writes when it installs one."""
    folder = tmp_path_factory.mktemp("site")
    for path, code in re.findall(r"```python\n# (my_lab/\w+\.py)\n(.*?)```", PAGE, re.S):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(code, encoding="utf-8")
    (points,) = re.findall(r"```toml\n(\[project\.entry-points\.spacegrouper\].*?)```", PAGE, re.S)
    info = folder / "my_lab-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my_lab\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        points.replace("project.entry-points.", "").replace('"', "")
    )
    return folder


def run(package: Path, *command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(package), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [*command], cwd=cwd, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True
    )


def test_every_file_of_the_page_registers_what_it_defines(package: Path) -> None:
    code = """
import json
from spacegrouper.contract.list_format import LIST_FORMATS
from spacegrouper.contract.network import NETWORKS
from spacegrouper.contract.source import SOURCES
from spacegrouper.contract.descriptor import DESCRIPTORS
from spacegrouper.contract.engine import ENGINES
from spacegrouper.contract.technique import TECHNIQUES
kinds = (SOURCES, ENGINES, DESCRIPTORS, NETWORKS, TECHNIQUES, LIST_FORMATS)
print(json.dumps([kind.names for kind in kinds]))
"""
    ended = run(package, sys.executable, "-c", code)
    assert ended.returncode == 0, ended.stderr
    sources, engines, descriptors, networks, techniques, formats = json.loads(ended.stdout)
    assert "poscar_folder" in sources
    assert {"point_atoms", "neighbours"} <= set(engines)
    assert {"brightest", "neighbours"} <= set(descriptors)
    assert "small_network" in networks
    assert "distances" in techniques
    assert "table" in formats


def test_a_list_of_a_new_format_is_read(package: Path, tmp_path: Path) -> None:
    rows = "".join(f"{h},0,1,{10 * h},1.5\n" for h in range(12))
    (tmp_path / "a.csv").write_text(f"h,k,l,intensity,sigma\n{rows}")
    code = """
import sys
from pathlib import Path
from spacegrouper.techniques.reflections.list_reading import read_reflection_list
print(read_reflection_list([Path(sys.argv[1])], "5,6,7,90,90,90").intensity.sum())
"""
    ended = run(package, sys.executable, "-c", code, str(tmp_path / "a.csv"))
    assert ended.stdout == "660.0\n", ended.stderr


def test_a_package_that_cannot_be_imported_is_named(package: Path, tmp_path: Path) -> None:
    for file in ("METADATA", "entry_points.txt"):
        path = tmp_path / "bad-1.0.dist-info" / file
        path.parent.mkdir(exist_ok=True)
        text = (package / "my_lab-1.0.dist-info" / file).read_text()
        path.write_text(text.replace("my_lab", "no_such_lab"))
    code = "from spacegrouper.settings import make_settings; make_settings()"
    ended = run(tmp_path, sys.executable, "-c", code)
    assert "no_such_lab.poscar_folder, the entry point `poscar_folder` of a" in ended.stderr
    assert "mend or remove that package" in ended.stderr


def write_poscar_files(folder: Path) -> None:
    from pymatgen.core import Lattice, Structure
    from pymatgen.io.vasp import Poscar

    folder.mkdir()
    for number in range(16):
        cubic = Lattice.cubic(3 + 0.1 * number)
        for name, positions in {
            "caesium_chloride": [[0, 0, 0], [0.5, 0.5, 0.5]],
            "rock_salt": [[0, 0, 0], [0, 0, 0.5]],
        }.items():
            lattice = cubic if name == "caesium_chloride" else Lattice.cubic(5 + 0.1 * number)
            group = "Pm-3m" if name == "caesium_chloride" else "Fm-3m"
            cell = Structure.from_spacegroup(group, lattice, ["Cs", "Cl"], positions)
            Poscar(cell).write_file(folder / f"{name}-{number:02}.vasp")


def test_the_engine_and_the_descriptor_can_be_used(package: Path) -> None:
    code = """
import numpy as np
from spacegrouper.contract.descriptor import DESCRIPTORS, Presentation
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.settings import settings_from_mapping
crystal = Crystal("CsCl", 4.1 * np.eye(3), ("Cs", "Cl"), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))
settings = settings_from_mapping(
    {
        "simulate": {"engine": "point_atoms"},
        "model": {"name": "small_network", "image_size": 200},
        "train": {"descriptor": "diffractogram"},
    },
    "",
)
(powder,) = settings.engine.simulate([crystal], settings, 1)
assert powder.values.shape == (1, 1, 1, 8501) and powder.values.max() == 65535
composer = DESCRIPTORS["brightest"].composer(Presentation("brightest", 8, "nearest", 0, {}, {}))
raw = np.arange(2 * 3 * 64, dtype=np.uint8).reshape(2, 3, 8, 8)
(image,) = composer.compose(composer.prepare({"raw": raw}), ["a", "b"])
assert image.shape == (2, 8, 8, 3)
assert np.allclose(255 * image[..., 0], raw.max(axis=1))
"""
    ended = run(package, sys.executable, "-c", code)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.slow
def test_the_workflow_runs_with_source_technique_and_network(package: Path, tmp_path: Path) -> None:
    write_poscar_files(tmp_path / "cells")
    (shown,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    settings = yaml.safe_load(shown) | {
        "acquire": {"source": "poscar_folder", "path": str(tmp_path / "cells")},
        "plan": {"block_size": 16},
        "split": {"minimum_crystals": 12, "train": 0.5, "validation": 0.25, "test": 0.25},
    }
    settings["train"] |= {"epochs": 2, "ranks": 1}
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(settings))
    folder = tmp_path / "run"
    folder.mkdir()
    for part in ("workflow", "scripts", "cluster"):
        (folder / part).symlink_to(ROOT / part)
    snakemake = ["snakemake", "--profile", "cluster/local", "--configfile", str(config)]
    ended = run(package, *snakemake, "--cores", "2", cwd=folder)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    result = folder / "results" / "distances"
    metrics = json.loads((result / "evaluation" / "metrics.json").read_text())
    assert metrics["test_crystals"] == 8
    assert list(result.glob("**/samples.html"))
    # One of the files that the crystals came from, asked of the network.
    predict = [sys.executable, "scripts/predict.py", "--model", str(result), "--json"]
    answered = run(package, *predict, str(tmp_path / "cells" / "rock_salt-03.vasp"))
    assert answered.returncode == 0, answered.stderr
    (answer,) = json.loads(answered.stdout)["results"]
    assert answer["answers"][0]["class"] in (221, 225)
