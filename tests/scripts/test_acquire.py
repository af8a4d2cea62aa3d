import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "acquire.py"


def run(tmp_path, config, name="acquired.jsonl.gz"):
    (tmp_path / "config.yaml").write_text(config)
    arguments = ["--config", tmp_path / "config.yaml", "--output", tmp_path / name]
    return subprocess.run(
        [sys.executable, SCRIPT, *arguments, "--rejected", tmp_path / "rejected.csv"],
        capture_output=True,
        text=True,
        check=False,
    )


def test_prototypes_are_the_same_bytes_each_time(tmp_path):
    config = "acquire: {source: prototypes, space_groups: 2, crystals_per_space_group: 3}\n"
    for name in ("one.jsonl.gz", "two.jsonl.gz"):
        result = run(tmp_path, config, name)
        assert result.returncode == 0, result.stderr
    assert "acquired 6 crystals" in result.stderr
    assert (tmp_path / "one.jsonl.gz").read_bytes() == (tmp_path / "two.jsonl.gz").read_bytes()
    assert (tmp_path / "rejected.csv").read_text() == "id,stage,reason\n"


def test_bad_cif_files_are_listed_and_a_source_of_nothing_else_stops(tmp_path):
    (tmp_path / "cifs").mkdir()
    (tmp_path / "cifs" / "empty.cif").write_text("")
    result = run(tmp_path, f"acquire: {{source: cif_tree, path: {tmp_path / 'cifs'}}}\n")
    assert result.returncode == 1
    assert "no crystal at all" in result.stderr
    assert "the file is empty" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "acquired.jsonl.gz").exists()


def test_a_missing_source_is_one_line(tmp_path):
    result = run(tmp_path, "acquire: {source: json_lines, path: /no/such/file.jsonl}\n")
    assert result.returncode == 1
    assert "error: /no/such/file.jsonl: cannot be read" in result.stderr
    assert "Traceback" not in result.stderr
