"""Benchmarks know the code that they measure; what they find is for the slow proofs."""

import importlib
from pathlib import Path

import pytest

BENCHMARKS = sorted((Path(__file__).parents[2] / "benchmarks").glob("*.py"))


@pytest.mark.parametrize("name", [path.stem for path in BENCHMARKS])
def test_it_can_be_imported(name: str) -> None:
    assert importlib.import_module(name).__doc__
