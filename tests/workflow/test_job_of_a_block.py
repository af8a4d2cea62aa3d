"""The job of a block as the SLURM plugin starts it: Snakemake once more, for one rule and block."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def start_job(workflow: Any, rule: str, name: str) -> subprocess.CompletedProcess[str]:
    options = ["--snakefile", "workflow/Snakefile", "--configfiles", f"{name}.yaml"]
    options += ["--target-jobs", f"{rule}:block=000001", "--allowed-rules", rule]
    options += ["--mode", "remote", "--executor", "local", "--cores", "1", "--force", "--nolock"]
    return subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "snakemake", *options],
        cwd=workflow.folder,
        env=workflow.environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_it_makes_its_block_and_parses_no_rules_of_later_stages(workflow, small) -> None:
    settings = small | {"name": "small", "simulate": {"pixels": 64}}
    results = workflow.folder / "results" / "small"
    blocks = results / "blocks"
    # What depends on a plan is known once that is made.
    workflow.run(settings, "results/small/plan")
    workflow.run(settings, *(f"results/small/blocks/00000{n}.h5" for n in (0, 1)))
    for rule, product in (
        ("standardise", results / "standardised/000001.jsonl.gz"),
        ("simulate", blocks / "000001.h5"),
    ):
        whole = product.read_bytes()
        product.unlink()
        done = start_job(workflow, rule, "small")
        assert done.returncode == 0, done.stderr[-4000:]
        assert product.read_bytes() == whole
        # Start-up counts: there may be thousands of these jobs.
        imported = set(re.findall(r"\| +(spacegrouper[\w.]*)$", done.stderr, flags=re.MULTILINE))
        assert "spacegrouper.settings" in imported
        later = ("reproduction", "evaluation", "figures", "prediction", "training")
        assert not [
            each for each in imported if each.split(".")[1:2] and each.split(".")[1] in later
        ]
    assert sorted(path.name for path in Path(blocks).glob("*.h5")) == ["000000.h5", "000001.h5"]
