# The figures of the paper, from results of the grid.
# What each figure is drawn from. scripts/draw_paper.py draws it by its name.
DATASET = rules.shape.output.dataset
PAPER_FIGURES = {
    "population": [POPULATION],
    "usage": [POPULATION, *SPLITS, *UNSEEN],
    "accuracy": EVALUATIONS,
    "top_k": EVALUATIONS,
    "space_groups": EVALUATIONS,
    "crystal_systems": EVALUATIONS,
    "crystal_system_errors": EVALUATIONS,
    "shaping_steps": DATASET,
    "examples": DATASET,
    "spot_generation": DATASET,
} | ({"unseen_groups": UNSEEN} if UNSEEN else {})


rule draw_paper:
    input:
        lambda wildcards: PAPER_FIGURES[wildcards.figure],
        settings=fixed("draw_paper", "grid", "evaluate"),
    output:
        figure=each_in_report(f"{RUN}/paper/figures/{{figure}}.svg", PAPER_FIGURES),
        image=f"{RUN}/paper/figures/{{figure}}.png",
    wildcard_constraints:
        figure="|".join(PAPER_FIGURES),
    resources:
        **growing(mem_mb=4000, runtime=30),
    params:
        run=subpath(output.figure, ancestor=3),
        config=CONFIG,
    message:
        "Drawing the figure '{wildcards.figure}' of the paper"
    shell:
        "python scripts/draw_paper.py {wildcards.figure} --run {params.run}"
        " --config {params.config} --output {output.figure} 2> {log}"


rule draw_case_studies:
    input:
        dataset=rules.shape.output.dataset,
        structures=rules.collect.output.structures,
        shaped=f"{FIRST.folder}/evaluation/predictions.csv",
        spot=best_spot_evaluation,
    output:
        figure=in_report("Paper", f"{RUN}/paper/figures/case_studies/case_studies.svg"),
        published=in_report(
            "Paper", f"{RUN}/paper/figures/case_studies/published_cases.svg"
        ),
        table=f"{RUN}/paper/figures/case_studies/case_studies.csv",
        outcomes=f"{RUN}/paper/figures/case_studies/outcomes.json",
    resources:
        **growing(mem_mb=4000, runtime=60),
    params:
        store=subpath(input.dataset, parent=True),
        shaped=subpath(input.shaped, parent=True),
        spot=subpath(input.spot, parent=True),
        folder=subpath(output.figure, parent=True),
    message:
        "Drawing crystals that shaped patterns name right, and spots wrong"
    shell:
        "python scripts/draw_case_studies.py --dataset {params.store}"
        " --structures {input.structures} --shaped {params.shaped} --spot {params.spot}"
        " --output {params.folder} 2> {log}"


rule draw_feature_maps:
    input:
        dataset=rules.shape.output.dataset,
        models=of_each("model/model.keras", [FIRST, *OTHER_MULTISTREAM]),
    output:
        maps=in_report("Paper", f"{RUN}/paper/figures/feature_maps/feature_maps.svg"),
        redundancy=in_report(
            "Paper", f"{RUN}/paper/figures/feature_maps/feature_redundancy.svg"
        ),
        published=in_report(
            "Paper", f"{RUN}/paper/figures/feature_maps/published_feature_maps.svg"
        ),
        table=f"{RUN}/paper/figures/feature_maps/feature_maps.csv",
    resources:
        **growing(mem_mb=8000, runtime=60),
    params:
        store=subpath(input.dataset, parent=True),
        models=lambda wildcards, input: [
            f"--model {Path(model).parent}" for model in input.models
        ],
        folder=subpath(output.maps, parent=True),
    message:
        "Drawing the feature maps of {params.models}"
    shell:
        "python scripts/draw_feature_maps.py --dataset {params.store} {params.models}"
        " --output {params.folder} 2> {log}"
