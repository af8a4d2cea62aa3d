import json

import pytest
from programs import call, spawn
from pymatgen.core import Lattice, Structure
from web_services import KEY, MaterialsProject, Optimade

from spacegrouper.crystals.json_lines import read_crystals


def acquire(tmp_path, config, name="acquired.jsonl.gz", run=call, **environment):
    (tmp_path / "config.yaml").write_text(config)
    arguments = ["--config", tmp_path / "config.yaml", "--output", tmp_path / name]
    arguments += ["--provenance", tmp_path / "provenance.json"]
    return run("acquire", *arguments, "--rejected", tmp_path / "rejected.csv", **environment)


def acquire_with_key(tmp_path, config, **environment):
    """Run it where it finds no other key; it looks for one as it is imported."""
    # Whoever runs the tests may have a key of their own.
    own = {"MP_API_KEY": "", "HOME": str(tmp_path), "PMG_CONFIG_FILE": "/dev/null"}
    return acquire(tmp_path, config, run=spawn, **(own | environment))


def summary(number):
    structure = Structure(Lattice.cubic(4), ["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    return {
        "material_id": f"mp-{number}",
        "structure": structure.as_dict(),
        "deprecated": False,
        "builder_meta": {"license": "BY-C", "batch_id": None},
        "symmetry": {"crystal_system": "Cubic"},
        "nelements": 2,
    }


def test_prototypes_are_the_same_bytes_each_time(tmp_path):
    config = "acquire: {source: prototypes, space_groups: 2, crystals_per_space_group: 3}\n"
    for name in ("one.jsonl.gz", "two.jsonl.gz"):
        result = acquire(tmp_path, config, name)
        assert result.returncode == 0, result.stderr
    assert "acquired 6 crystals" in result.stderr
    assert (tmp_path / "one.jsonl.gz").read_bytes() == (tmp_path / "two.jsonl.gz").read_bytes()
    assert (tmp_path / "rejected.csv").read_text() == "id,stage,reason\n"
    provenance = json.loads((tmp_path / "provenance.json").read_text())
    assert provenance.pop("ids") == [one.id for one in read_crystals(tmp_path / "two.jsonl.gz")]
    assert provenance == {
        "source": "prototypes",
        "space_groups": 2,
        "crystals_per_space_group": 3,
        "kept": 6,
        "rejected": 0,
    }


def test_bad_cif_files_are_listed_and_a_source_of_nothing_else_stops(tmp_path):
    (tmp_path / "cifs").mkdir()
    (tmp_path / "cifs" / "empty.cif").write_text("")
    result = acquire(tmp_path, f"acquire: {{source: cif_tree, path: {tmp_path / 'cifs'}}}\n")
    assert result.returncode == 1
    assert "no crystal at all" in result.stderr
    assert "the file is empty" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "acquired.jsonl.gz").exists()


def test_files_beside_the_cif_files_are_counted(tmp_path):
    (tmp_path / "cifs").mkdir()
    salt = Structure(Lattice.cubic(4), ["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    (tmp_path / "cifs" / "SALT.CIF").write_text(salt.to(fmt="cif"))
    (tmp_path / "cifs" / "salt.hkl").write_text("")
    result = acquire(tmp_path, f"acquire: {{source: cif_tree, path: {tmp_path / 'cifs'}}}\n")
    assert result.returncode == 0, result.stderr
    assert "passed over 1 files that are not named *.cif or *.cif.gz: 1 .hkl" in result.stderr
    provenance = json.loads((tmp_path / "provenance.json").read_text())
    assert (provenance["ids"], provenance["passed_over"]) == (["SALT.CIF"], {".hkl": 1})


@pytest.fixture
def labelled_files(tmp_path):
    """CIF files of four crystals, and a configuration that has them labelled."""
    (tmp_path / "cifs").mkdir()
    for number in range(4):
        salt = Structure(Lattice.cubic(4 + number), ["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
        salt.to(str(tmp_path / "cifs" / f"{number}.cif"))
    path, labels = tmp_path / "cifs", tmp_path / "labels.csv"
    labels.write_text("id,label\n0.cif,small\n1.cif,small\n2.cif,large\n3.cif,large\n")
    return f"acquire: {{source: cif_tree, path: {path}, labels: {labels}}}\n"


def test_labels_of_a_table_stay_with_the_crystals(tmp_path, labelled_files):
    result = acquire(tmp_path, labelled_files)
    assert result.returncode == 0, result.stderr
    found = [one.metadata["label"] for one in read_crystals(tmp_path / "acquired.jsonl.gz")]
    assert found == ["small", "small", "large", "large"]


def test_a_label_without_a_file_stops_before_files_are_read(tmp_path, labelled_files):
    with (tmp_path / "labels.csv").open("a") as file:
        file.write("4.cif,large\n")
    (tmp_path / "cifs" / "0.cif").write_text("")
    result = acquire(tmp_path, labelled_files)
    assert result.returncode == 1
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert f"{tmp_path / 'labels.csv'}: no crystal has the id 4.cif; " in line
    assert not (tmp_path / "acquired.jsonl.gz").exists()


def test_a_missing_source_is_one_line(tmp_path):
    result = acquire(tmp_path, "acquire: {source: json_lines, path: /no/such/file.jsonl}\n")
    assert result.returncode == 1
    assert "error: /no/such/file.jsonl: cannot be read" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_materials_project_download_that_breaks_off_is_completed_by_the_next_call(tmp_path):
    config = "acquire: {source: materials_project, filters: {num_elements: [1, 2]}, attempts: 1}\n"
    with MaterialsProject([summary(number) for number in range(1, 403)]) as service:
        environment = {"MP_API_KEY": KEY, "MP_API_ENDPOINT": service.address}
        service.troubles = {2: 503}  # the second batch, after one page of ids
        broken = acquire_with_key(tmp_path, config, **environment)
        assert broken.returncode == 1
        assert "HTTP status 503, at attempt 1 of 1" in broken.stderr
        assert "Traceback" not in broken.stderr
        assert not (tmp_path / "acquired.jsonl.gz").exists()
        service.events = {3: lambda: service.entries.pop("mp-402")}
        whole = acquire_with_key(tmp_path, config, **environment)
        assert whole.returncode == 0, whole.stderr
        assert len(service.requests) == 4
    names = [f"mp-{number}" for number in range(1, 402)]
    assert [one.id for one in read_crystals(tmp_path / "acquired.jsonl.gz")] == names
    assert (tmp_path / "rejected.csv").read_text().splitlines() == [
        "id,stage,reason",
        "mp-402,acquire,withdrawn or deprecated by the Materials Project during the download",
    ]
    provenance = json.loads((tmp_path / "provenance.json").read_text())
    assert provenance["ids"] == names
    assert provenance["database_version"] == "2025.09.25"
    assert provenance["licence"] == "CC BY 4.0"
    assert provenance["filters"] == {"num_elements": [1, 2]}
    assert "queried" in provenance
    assert not (tmp_path / "acquired.jsonl.gz.part").exists()
    assert KEY not in broken.stderr + whole.stderr
    assert not [
        path for path in tmp_path.iterdir() if path.is_file() and KEY.encode() in path.read_bytes()
    ]


def test_no_key_is_one_line(tmp_path):
    result = acquire_with_key(tmp_path, "acquire: {source: materials_project}\n")
    assert result.returncode == 1
    # Besides, on a slow machine, how long it has been at work.
    (line,) = [each for each in result.stderr.splitlines() if not each.startswith("acquire")]
    assert line.startswith("error: no Materials Project API key: set MP_API_KEY")


def test_an_optimade_database_is_acquired(tmp_path):
    attributes = {
        "lattice_vectors": [[4, 0, 0], [0, 4, 0], [0, 0, 4]],
        "cartesian_site_positions": [[0, 0, 0]],
        "species": [{"name": "Po", "chemical_symbols": ["Po"], "concentration": [1]}],
        "species_at_sites": ["Po"],
    }
    entries = [{"id": f"loop-{number}", "attributes": attributes} for number in range(7)]
    with Optimade(entries) as service:
        result = acquire(
            tmp_path, f"acquire: {{source: optimade, provider: '{service.address}'}}\n"
        )
    assert result.returncode == 0, result.stderr
    assert len(list(read_crystals(tmp_path / "acquired.jsonl.gz"))) == 7
    provenance = json.loads((tmp_path / "provenance.json").read_text())
    assert provenance["database"] == "Crystals of loopback"
    assert provenance["licence"] == "https://creativecommons.org/licenses/by/4.0/"
