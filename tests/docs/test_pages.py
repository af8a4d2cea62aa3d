"""The commands of README, CONTRIBUTING and docs run as they stand there, in the order of the page.

Each page has a folder as a clone is, with the files that it supposes a reader to have. Settings are
cut to a few crystals and two epochs: what is shown is that the commands work, not how well. Blocks
that cannot be run here say why in the page's source.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from bitmap_table import write_table
from diffractogram_files import columns
from drawn_micrographs import drawn
from measured_lists import measured_list
from pages import ROOT, Block, blocks_of
from PIL import Image
from pymatgen.core import Structure
from reflection_files import CIF_CELL, cif_loop, mtz_file, reflections, xds_text
from structure_files import CAESIUM_CHLORIDE, ROCK_SALT, write_cif, write_poscar
from web_services import KEY, MaterialsProject

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import write_crystals
from spacegrouper.crystals.prototypes import prototype_crystals
from spacegrouper.crystals.sources.prototypes import PrototypesSource
from spacegrouper.crystals.standard_cell import standardise
from spacegrouper.settings import Standardise, settings_from_mapping

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = ROOT / "src/spacegrouper/prediction/examples"
EXCUSED = 23
LONGEST = 900  # seconds of a block
SERVERS = ("spacegrouper serve", "python scripts/serve.py")
ADDRESS = "http://127.0.0.1:8000/"
FEW = {"minimum_crystals": 12, "train": 0.5, "validation": 0.25, "test": 0.25}


def test_no_more_blocks_are_left_out() -> None:
    excused = [block for page in PAGES for block in blocks_of(page) if block.excuse]
    assert len(excused) <= EXCUSED, [block.commands for block in excused]


def test_what_the_gate_runs_is_there() -> None:
    gate = (ROOT / ".ci" / "run").read_text()
    for page in PAGES:
        for block in blocks_of(page):
            if block.excuse and ".ci/run" in block.excuse:
                for line in block.commands.splitlines():
                    command = line.split("#")[0].replace("CI=true", "").strip()
                    assert command in gate


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_stand_in_blocks_of_their_own(page: Path) -> None:
    """Otherwise the test below would not see them."""
    prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    assert re.findall(r"^ {4,}(?:python|snakemake|spacegrouper|make|pip) .*", prose, re.M) == []


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a clone with its environment is, in which the demo has been run."""
    folder = tmp_path_factory.mktemp("clone")
    # Copies, as `make demo` locks a file of its folder: a demo in this one would hold up the tests.
    for name in ("workflow", "scripts", "cluster", "benchmarks", "src"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.pyc"))
    for name in ("Makefile", "pyproject.toml", "README.md", "LICENSE", "requirements.lock"):
        shutil.copy(ROOT / name, folder)
    shutil.copy(ROOT / "install_environment.sh", folder)
    (folder / "config").mkdir()
    for path in (ROOT / "config").glob("*.yaml"):
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
        cut = settings if path.name == "config.yaml" else with_few_crystals(settings)
        (folder / "config" / path.name).write_text(yaml.safe_dump(cut))
    (folder / ".venv").mkdir()
    for path in Path(sys.prefix).iterdir():
        (folder / ".venv" / path.name).symlink_to(path)
    (folder / ".venv" / "installed").unlink(missing_ok=True)
    (folder / ".venv" / "installed").touch()
    (demo,) = [
        block for block in blocks_of(ROOT / "README.md") if block.commands.startswith("make demo")
    ]
    run(demo, folder)
    return folder


def with_few_crystals(settings: dict[str, Any]) -> dict[str, Any]:
    cut = {name: dict(section) for name, section in settings.items() if isinstance(section, dict)}
    if cut.get("acquire", {}).get("source") == "prototypes":
        cut["acquire"]["crystals_per_space_group"] = 12
    cut.setdefault("split", {}).update(FEW)
    cut.setdefault("train", {})["epochs"] = 2
    cut.setdefault("evaluate", {})["forest"] = 5
    return settings | cut


def run(block: Block, folder: Path, **further: str) -> str:
    """Run a block as one script in a folder; return its standard output.

    `further`: environment variables; a `...` in the page is where readers write a key of theirs.
    """
    path = os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "HOME": str(folder)} | further
    if block.commands.startswith(SERVERS):
        return answer_of_server(block, folder, environment)
    commands = block.commands.replace("MP_API_KEY=...", f"MP_API_KEY={KEY}")
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LONGEST,
    )
    assert ended.returncode == 0, (block.commands + ended.stdout + ended.stderr)[-8000:]
    return ended.stdout


def answer_of_server(block: Block, folder: Path, environment: dict[str, str]) -> str:
    """Start a server, ask for its page, and end it."""
    process = subprocess.Popen(
        ["bash", "-c", f"exec {block.commands}"], cwd=folder, env=environment
    )
    try:
        for _ in range(240):
            assert process.poll() is None, block.commands
            try:
                with urllib.request.urlopen(ADDRESS, timeout=10) as page:
                    return str(page.read().decode())
            except OSError:
                time.sleep(0.5)
        raise AssertionError(f"{block.commands} shows no page")
    finally:
        process.terminate()
        process.wait(60)


def made_up(number: int, *groups: int) -> list[Crystal]:
    source = PrototypesSource(space_groups=groups, crystals_per_space_group=number)
    return prototype_crystals(source, seed=0)


def as_structure(crystal: Crystal) -> Structure:
    return Structure(crystal.lattice, crystal.species, crystal.frac_coords)


def structures(folder: Path) -> None:
    for name in ("own.cif", "NaCl.cif", "crystal.cif"):
        write_cif(folder / name, ROCK_SALT)
    write_poscar(folder / "POSCAR", CAESIUM_CHLORIDE)
    salt = (ROCK_SALT.lattice.matrix, ("Na",) * 4 + ("Cl",) * 4, ROCK_SALT.frac_coords)
    write_crystals(
        folder / "crystals.jsonl.gz", (Crystal(name, *salt) for name in ("NaCl", "mp-22862"))
    )


def lists_of_reflections(folder: Path) -> None:
    for name in ("my", "own", "alone"):
        shutil.copy(EXAMPLES / "forsterite.hkl", folder / f"{name}.hkl")
    shutil.copy(EXAMPLES / "forsterite.ins", folder / "my.ins")


def readme(folder: Path) -> None:
    structures(folder)
    lists_of_reflections(folder)
    (folder / "quartz.xy").write_bytes(columns())
    (shown,) = re.findall(r"```yaml\n# config/own.yaml\n(.*?)```", PAGES[0].read_text(), re.S)
    (folder / "config" / "own.yaml").write_text(shown)
    files = folder / yaml.safe_load(shown)["acquire"]["path"]
    files.mkdir(parents=True)
    for crystal in made_up(20, 221, 225):
        write_cif(files / f"{crystal.id}.cif", as_structure(crystal))


def prediction(folder: Path) -> None:
    structures(folder)
    lists_of_reflections(folder)
    (folder / "quartz.xy").write_bytes(columns())
    hkl, intensity, sigma = reflections(150)
    measured = np.column_stack([hkl, intensity, sigma])
    mtz_file(folder / "data.mtz", [("IMEAN", "J"), ("SIGIMEAN", "Q")], measured)
    names = ["index_h", "index_k", "index_l", "F_squared_meas", "F_squared_sigma"]
    loop = cif_loop([f"_refln_{name}" for name in names], *hkl.T, intensity, sigma)
    (folder / "data.cif").write_text(CIF_CELL + loop)
    (folder / "XDS_ASCII.HKL").write_text(xds_text(hkl, intensity, sigma))


def micrographs(folder: Path) -> None:
    """Two zones of the cell that the page gives, across b, at its pixel size; and crystals."""
    standardised_crystals(folder)
    cell = np.array([11.52, 5.79, 5.56]) * [np.sin(np.radians(108.3)), 1, np.sin(np.radians(108.3))]
    a, b, c = 1 / cell / 0.0062
    for name, other in (("zone1", a), ("zone2", c)):
        spots = drawn(vectors=np.array([[other, 0], [0, b]])).astype(np.uint16)
        Image.fromarray(spots).save(folder / f"{name}.tif")


def bitmaps(folder: Path) -> None:
    page = (ROOT / "docs" / "morphology.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```yaml\n(simulate: .*?)```", page, re.S)
    settings = yaml.safe_load(shown)
    settings["morphology"] |= {"database": "sqlite:///habits.db", "pixels": 32}
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))
    section = settings_from_mapping(settings, "").morphology
    noise = np.random.default_rng(0).integers(256, size=(24, 3, 32, 32), dtype=np.uint8)
    rows = ((f"{number}", each, 221 + number % 2) for number, each in enumerate(noise))
    write_table(f"sqlite:///{folder / 'habits.db'}", section, rows)


def add_shaped_bitmaps(folder: Path) -> None:
    """Make the dataset that the workflow makes of the imported bitmaps."""
    raw = sorted(folder.glob("results/mine/blocks/*.h5"))
    shape = [sys.executable, "scripts/shape.py", *(f"--raw={path}" for path in raw)]
    made = ["--config=config.yaml", "--output=results/mine/dataset.zarr"]
    subprocess.run([*shape, *made], cwd=folder, check=True)


def demo_as_d(folder: Path) -> None:
    (folder / "D.zarr").symlink_to(folder / "results" / "demo" / "dataset.zarr")
    shutil.copy(folder / "results" / "demo" / "config.yaml", folder / "config.yaml")


def powder(folder: Path) -> None:
    structures(folder)
    (folder / "config.yaml").write_text(
        "simulate: {engine: xrayutilities}\n"
        "model: {name: vgg16, image_size: 64}\n"
        "train: {descriptor: powder}\n"
    )


def standardised_crystals(folder: Path) -> None:
    crystals = (standardise(crystal, Standardise()) for crystal in made_up(12, 62, 225))
    write_crystals(folder / "standardised.jsonl.gz", crystals)


def measured_lists(folder: Path) -> None:
    standardised_crystals(folder)
    measured = measured_list(62)
    one = folder / "FOLDER" / "one"
    one.mkdir(parents=True)
    np.savez(one / "refl.npz", hkl=measured.hkl, I=measured.intensity, sigma=measured.sigma)
    known = {"name": "one", "number": 62, "cell": measured.cell.tolist(), "grade": "A"}
    known |= {"wavelength": 0.7107, "radiation": "xray"}
    (one / "meta.json").write_text(json.dumps(known))


def cells_to_pack(folder: Path) -> None:
    demo = folder / "results" / "demo"
    shutil.copy(demo / "structures" / "standardised.jsonl.gz", folder)
    shutil.copy(demo / "config.yaml", folder / "own.yaml")


def two_releases(folder: Path) -> None:
    earlier = made_up(3, 221, 225)
    write_crystals(folder / "earlier.jsonl.gz", earlier)
    write_crystals(folder / "later.jsonl.gz", earlier[1:])


@contextmanager
def materials_project(folder: Path) -> Iterator[str]:
    """Serve entries, four more to the second release, and write the settings of the first."""
    first = {
        "name": "mp-2025.02",
        "acquire": {"source": "materials_project"},
        "simulate": {"engine": "structure_factors"},
        "split": FEW,
        "model": {"name": "symmetry_mlp", "image_size": 17},
        "train": {"descriptor": "symmetry", "epochs": 2},
    }
    (folder / "mp-2025.02.yaml").write_text(yaml.safe_dump(first, sort_keys=False))
    entries = [
        {
            "material_id": f"mp-{number}",
            "structure": as_structure(crystal).as_dict(),
            "deprecated": False,
            "builder_meta": {"license": "BY-C", "batch_id": None},
            "symmetry": {"crystal_system": "Cubic"},
        }
        for number, crystal in enumerate(made_up(14, 221, 225))
    ]
    # Of each space group the last two are new.
    with MaterialsProject(entries[:12] + entries[14:26]) as service:
        later = {entry["material_id"]: entry for entry in entries}
        # A release asks once for ids and once for entries.
        service.events = {2: lambda: service.entries.update(later)}
        yield service.address


PREPARED: dict[str, Callable[[Path], None]] = {
    "README.md": readme,
    "docs/micrographs.md": micrographs,
    "docs/morphology.md": bitmaps,
    "docs/networks.md": demo_as_d,
    "docs/powder.md": powder,
    "docs/prediction.md": prediction,
    "docs/reflections.md": measured_lists,
    "docs/scaling.md": cells_to_pack,
    "docs/structures.md": two_releases,
    "docs/tutorial.md": lambda folder: (structures(folder), lists_of_reflections(folder)),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any(block.excuse is None for block in blocks_of(page))],
    ids=lambda page: page.name,
)
def test_the_commands_of_a_page_run(clone: Path, page: Path) -> None:
    blocks = blocks_of(page)
    PREPARED.get(blocks[0].page, lambda folder: None)(clone)
    for block in blocks:
        if block.excuse is None and not block.commands.startswith("make demo  "):
            if block.commands.startswith("python scripts/describe.py"):
                add_shaped_bitmaps(clone)
            if "MP_API_KEY" in block.commands:
                with materials_project(clone) as address:
                    run(block, clone, MP_API_ENDPOINT=address)
                continue
            said = run(block, clone)
            if block.answer and "spacegrouper predict" in block.commands:
                # What a network that was just trained takes for the next best is no fixed text.
                lines = 3 if "--model" in block.commands else None
                shown = without_numbers(block.answer).splitlines()[:lines]
                assert without_numbers(said).splitlines()[: len(shown)] == shown


def without_numbers(answer: str) -> str:
    """Leave out shares and their bars, which differ in the last digits from machine to machine."""
    return re.sub(r"[\d.<> ]+ %[ █]*", " % ", answer)
