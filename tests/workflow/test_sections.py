"""Every stage has, among its inputs, all sections of the settings that its program reads.

What a program reads is found in its source: attributes of what load_settings returns, followed into
the functions that it is handed to.
"""

import ast
import re
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from spacegrouper.contract.engine import ENGINES, Engine
from spacegrouper.contract.technique import TECHNIQUES
from spacegrouper.reproduction.paper_figures import PAPER_FIGURES
from spacegrouper.reproduction.paper_tables import PAPER_TABLES
from spacegrouper.settings import Simulate, make_settings
from spacegrouper.techniques.patterns.settings import Variation

ROOT = Path(__file__).parents[2]
RULES = ROOT / "workflow" / "rules"
# In pipeline order: what an earlier stage depends on, a later one does as well.
STAGES = (
    "acquire", "plan", "standardise", "thin", "compare_with_parent", "simulate", "import_bitmaps",
    "shape", "describe", "train", "calibrate", "evaluate", "report", "evaluate_unseen_groups",
    "evaluate_robustness",
)  # fmt: skip
SECTIONS = set(type(make_settings()).model_fields)
# What a rule's call of `fixed` has of the technique, and what an engine and a technique stand for.
OF_TECHNIQUES = {
    "derived_from": {name for technique in TECHNIQUES for name in technique.derived_from},
    "presented": {name for technique in TECHNIQUES for name in technique.presented},
}
OF_SIMULATE = {"engine", "technique"}
# They change how fast a stage is, or a heading, but nothing that is measured; of `evaluate`,
# calibrate reads the size of batches. The size of blocks is chosen once, whatever the engine is
# later; the parent's cells, which plan takes, are inputs: check_parent compares their settings.
WITHOUT_EFFECT = {"workers", "name"}
WITHOUT_EFFECT_ON = {"calibrate": {"evaluate"}, "plan": {"simulate", "standardise"}}


def sections_of_rules() -> dict[str, set[str]]:
    """The sections that each rule names in its call of `fixed`."""
    found = {}
    for path in RULES.rglob("*.smk"):
        for rule in re.split(r"^ *(?:rule|checkpoint) ", path.read_text(), flags=re.M)[1:]:
            name = rule[: rule.index(":")]
            call = re.search(r"\bfixed\((.*?)^        \w|\bfixed\((.*)\)", rule, re.S | re.M)
            text = (call[1] or call[2]) if call else ""
            words = re.findall(r'"(\w+)"', text)[1:] + re.findall(r"=settings\.(\w+)", text)
            found[name] = SECTIONS & set(words)
            for word in re.findall(r"\*TECHNIQUE\.(\w+)", text):
                found[name] |= OF_TECHNIQUES.get(word, {"simulate"})
    return found


@cache
def module(name: str) -> tuple[dict[str, ast.FunctionDef], dict[str, tuple[str, str]]]:
    """The functions of a module, or of a script, and what it imports from the package."""
    spec = None if "/" in name else find_spec(name)
    origin = spec.origin if spec and spec.origin else name
    tree = ast.parse(Path(origin).read_text())
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    imports = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("spacegrouper")
        for alias in node.names
    }
    return functions, imports


def holds(node: ast.AST, variables: set[str]) -> bool:
    """Whether an expression is all settings: a variable, a copy, or what load_settings returns."""
    if isinstance(node, ast.Name):
        return node.id in variables
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr == "model_copy" and holds(node.func.value, variables)
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "load_settings"
    )


def read_in(name: str, function: str, parameters: frozenset[str], seen: set[object]) -> set[str]:
    """The sections that a function reads of those of its parameters that are all settings."""
    functions, imports = module(name)
    if (name, function, parameters) in seen or function not in functions:
        return set()
    seen.add((name, function, parameters))
    nodes = list(ast.walk(functions[function]))
    variables = set(parameters)
    for node in nodes:
        if isinstance(node, ast.Assign) and holds(node.value, variables):
            variables |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    found = set()
    for node in nodes:
        if isinstance(node, ast.Attribute) and holds(node.value, variables):
            found.add("simulate" if node.attr in OF_SIMULATE else node.attr)
        if section := asked_for(node, variables, imports):
            found.add(section)
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        where, called = imports.get(node.func.id, (name, node.func.id))
        if called not in (definitions := module(where)[0]):
            continue
        names = [argument.arg for argument in definitions[called].args.args]
        given = {names[i] for i, a in enumerate(node.args) if holds(a, variables)}
        given |= {key.arg for key in node.keywords if key.arg and holds(key.value, variables)}
        if given or not parameters:
            found |= read_in(where, called, frozenset(given), seen)
    return found & SECTIONS


def asked_for(
    node: ast.AST, variables: set[str], imports: dict[str, tuple[str, str]]
) -> str | None:
    """The section that a call such as `settings.of(Shape)` returns."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (node.func.attr, holds(node.func.value, variables)) == ("of", True)
        and isinstance(node.args[0], ast.Name)
    ):
        where, name = imports[node.args[0].id]
        return str(getattr(import_module(where), name).key())
    return None


def read_by(script: Path) -> set[str]:
    # What a person calls as well is in the package.
    where, main = module(str(script))[1].get("main", (str(script), "main"))
    return read_in(where, main, frozenset(), set())


def test_reading_is_followed_through_functions() -> None:
    assert read_by(ROOT / "scripts/shape.py") >= {"plan", "dataset", "workers"}
    assert read_by(ROOT / "scripts/simulate.py") == {"simulate", "standardise"}
    assert read_by(ROOT / "scripts/train.py") >= {"seed", "split", "model", "train"}
    assert read_by(ROOT / "scripts/import_bitmaps.py") >= {"plan", "morphology"}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_all_that_its_program_reads(stage: str) -> None:
    named = sections_of_rules()
    earlier = STAGES[: STAGES.index(stage) + 1]
    covered = set().union(*(named[name] for name in earlier))
    read = read_by(ROOT / "scripts" / f"{stage}.py")
    assert read - covered <= WITHOUT_EFFECT | WITHOUT_EFFECT_ON.get(stage, set())


@pytest.mark.parametrize(
    "engine", [engine for engine in ENGINES if engine.crystals], ids=lambda engine: engine.name
)
def test_an_engine_records_all_that_it_reads(engine: Engine) -> None:
    """A block of raw data depends on what is recorded in it (workflow/rules/simulate.smk)."""
    # With noise, which needs the seed, and copies that are varied.
    simulate = Simulate(engine=engine.name, poisson_noise=True)
    variation = Variation(copies=1, largest_tilt=1)
    settings = make_settings().model_copy(update={"simulate": simulate, "variation": variation})
    recorded = set(settings.technique.record(settings))
    read = read_in(
        engine.simulate.__module__, engine.simulate.__name__, frozenset({"settings"}), set()
    )
    assert read
    assert read <= recorded


@pytest.mark.parametrize("technique", list(TECHNIQUES), ids=lambda technique: technique.name)
def test_a_dataset_depends_on_all_that_its_own_arrays_are_derived_with(technique) -> None:
    assert set(technique.record_derived(make_settings(), 256)) == set(technique.derived_from)


@pytest.mark.parametrize(
    ("rule", "name", "make"),
    [
        *(("draw_paper", name, draw) for name, draw in PAPER_FIGURES.items()),
        *(("tabulate_paper", name, table) for name, table in PAPER_TABLES.items()),
    ],
)
def test_a_product_of_the_paper_depends_on_all_that_it_reads(rule: str, name: str, make) -> None:
    function = getattr(make, "func", make)
    read = read_in(function.__module__, function.__name__, frozenset({"settings"}), set())
    assert read <= sections_of_rules()[rule], name
