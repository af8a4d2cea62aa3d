"""Draw crystals that are named right from shaped patterns and wrong from spots."""

import json
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from spacegrouper.atomic import written_aside
from spacegrouper.contract.descriptor import Presentation
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.programs.command_line import (
    Results,
    Store,
    Structures,
    log,
    progress,
    run_program,
)


def main(
    dataset: Store,
    structures: Structures,
    spot: Annotated[
        Path, typer.Option(help="results of evaluate.py of the network that learns from spots")
    ],
    shaped: Annotated[
        Path, typer.Option(help="those of the network that learns from shaped patterns")
    ],
    output: Results,
    cases: Annotated[int, typer.Option(min=1, max=7, help="crystals to draw, at most")] = 7,
) -> None:
    """Draw test crystals of which only the network of shaped patterns names the space group.

    Of each crystal system the one that it names with the largest probability; and, whatever the
    answers, the crystals of the paper's Figure 5 that DATASET has. Writes to OUTPUT: outcomes.json
    (how many crystals either network names right, and McNemar's test), case_studies.csv (the
    crystals drawn), published_cases.csv (those of the paper), reflections.csv (of the powders of
    all), and the figures case_studies and published_cases as SVG and PNG.
    """
    group = Dataset(dataset)

    # Imported here, so that --help does not wait for the compiler.
    from spacegrouper.crystals.formula import printed_formula
    from spacegrouper.evaluation.structures import read_structures
    from spacegrouper.figures.samples import read_pictures
    from spacegrouper.figures.toolkit import save_figure
    from spacegrouper.reproduction import case_studies
    from spacegrouper.reproduction.case_study_figures import (
        case_studies_figure,
        describe_outcomes,
        describe_published,
    )
    from spacegrouper.reproduction.published import published_cases

    answers = (case_studies.read_predictions(folder, group) for folder in (spot, shaped))
    table = case_studies.outcomes_table(*answers)
    outcomes = case_studies.count_outcomes(table)
    chosen = case_studies.choose_cases(table, cases)
    published = case_studies.find_cases(published_cases(), group.crystals(), table)
    there = published.dropna(subset="row")
    drawn = pd.concat([each[["row", "material_id"]] for each in (chosen, there)]).drop_duplicates()
    crystals = read_structures(structures, drawn["material_id"].tolist())
    presentation = Presentation("shaped", group.shape[-1], "nearest", 0, {}, group.settings)
    pictures, powders, formulas = {}, {}, {}
    with progress("reading", len(drawn)) as advance:
        for row, crystal in zip(drawn["row"], crystals, strict=True):
            pictures[crystal.id] = read_pictures(group, row, crystal.id, presentation)
            powders[crystal.id] = case_studies.powder_pattern(crystal)
            formulas[crystal.id] = printed_formula(crystal)
            advance(1)

    columns = ["material_id", "two_theta", "intensity", "hkl"]
    tables = [powder.assign(material_id=name)[columns] for name, powder in powders.items()]
    reflections = pd.concat(tables) if tables else pd.DataFrame(columns=columns)
    with written_aside(output) as folder:
        folder.mkdir()
        (folder / "outcomes.json").write_text(json.dumps(outcomes, indent=2) + "\n")
        chosen.to_csv(folder / "case_studies.csv", index=False, float_format="%.6f")
        published.to_csv(folder / "published_cases.csv", index=False, float_format="%.6f")
        reflections.to_csv(folder / "reflections.csv", index=False, float_format="%.6f")
        for name, shown, heading in (
            ("case_studies", chosen, describe_outcomes(outcomes)),
            ("published_cases", there, describe_published(published)),
        ):
            images = [pictures[crystal] for crystal in shown["material_id"]]
            figure = case_studies_figure(shown, images, powders, formulas, heading)
            save_figure(figure, folder, name)
    log.info(" ".join(describe_published(published).splitlines()))
    log.info(
        "of %d crystals, %d are named right from shaped patterns alone, %d from spots alone; "
        "%d drawn in %s",
        outcomes["crystals"],
        outcomes["only_shaped_right"],
        outcomes["only_spot_right"],
        len(chosen),
        output,
    )


if __name__ == "__main__":
    run_program(main)
