# The figures of the paper, from results of the grid.
UNSEEN = (
    expand(
        rules.evaluate_unseen_groups_experiment.output.metrics,
        experiment=[experiment.folder.name for experiment in IN_DETAIL],
    )
    if settings.evaluate.unseen_groups
    else []
)


# What a figure shows, in the report, and what it is drawn from. scripts/draw_paper.py draws each by
# its name; workflow/report/paper_figures.rst has the captions.
POPULATION = rules.describe.output.per_space_group
DATASET = rules.shape.output.dataset
PAPER_FIGURES = {
    "population": ("2a: population per space group", [POPULATION]),
    "usage": ("2b: usage of the crystals", [POPULATION, *SPLITS, *UNSEEN]),
    "accuracy": ("3a: accuracy against the number of space groups", EVALUATIONS),
    "top_k": ("3b to 3e: top-1 to top-5 accuracy", EVALUATIONS),
    "unseen_groups": ("3f: untrained space groups", UNSEEN),
    "space_groups": ("4a and 4b: accuracy per space group", EVALUATIONS),
    "crystal_systems": ("4c and 4d: accuracy per crystal system", EVALUATIONS),
    "crystal_system_errors": (
        "4e and 4f: mistakes between crystal systems",
        EVALUATIONS,
    ),
    "shaping_steps": ("S1: shaping, step by step", DATASET),
    "examples": ("S2: examples of all crystal systems", DATASET),
    "spot_generation": ("S3: from three views to a spot image", DATASET),
}
if not UNSEEN:
    del PAPER_FIGURES["unseen_groups"]


rule draw_paper:
    input:
        lambda wildcards: PAPER_FIGURES[wildcards.figure][1],
        settings=fixed("draw_paper", "grid", "evaluate"),
    output:
        figure=report(
            f"{RUN}/paper/figures/{{figure}}.svg",
            caption="../../report/paper_figures.rst",
            category="Paper",
            subcategory="Figures",
            labels=lambda wildcards: {"figure": PAPER_FIGURES[wildcards.figure][0]},
        ),
        image=f"{RUN}/paper/figures/{{figure}}.png",
    log:
        f"{RUN}/logs/draw_paper/{{figure}}.log",
    benchmark:
        f"{RUN}/benchmarks/draw_paper/{{figure}}.tsv"
    wildcard_constraints:
        figure="|".join(PAPER_FIGURES),
    conda:
        "../../envs/spacegrouper.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
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
        structures=rules.standardise.output.structures,
        shaped=expand(
            rules.evaluate_experiment.output.predictions, experiment=FIRST.folder.name
        ),
        spot=best_spot_evaluation,
    output:
        figure=report(
            f"{RUN}/paper/figures/case_studies/case_studies.svg",
            caption="../../report/case_studies.rst",
            category="Paper",
            subcategory="Figures",
            labels={"figure": "5: case studies"},
        ),
        table=f"{RUN}/paper/figures/case_studies/case_studies.csv",
        outcomes=f"{RUN}/paper/figures/case_studies/outcomes.json",
    log:
        f"{RUN}/logs/draw_case_studies.log",
    benchmark:
        f"{RUN}/benchmarks/draw_case_studies.tsv"
    conda:
        "../../envs/spacegrouper.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        store=subpath(input.dataset, parent=True),
        shaped=lambda wildcards, input: Path(input.shaped[0]).parent,
        spot=lambda wildcards, input: Path(input.spot[0]).parent,
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
        models=expand(
            rules.train_experiment.output.model,
            experiment=[
                experiment.folder.name for experiment in [FIRST, *OTHER_MULTISTREAM]
            ],
        ),
    output:
        maps=report(
            f"{RUN}/paper/figures/feature_maps/feature_maps.svg",
            caption="../../report/feature_maps.rst",
            category="Paper",
            subcategory="Figures",
            labels={"figure": "6: feature maps"},
        ),
        redundancy=report(
            f"{RUN}/paper/figures/feature_maps/feature_redundancy.svg",
            caption="../../report/feature_redundancy.rst",
            category="Paper",
            subcategory="Figures",
            labels={"figure": "6: redundancy of the feature maps"},
        ),
        table=f"{RUN}/paper/figures/feature_maps/feature_maps.csv",
    log:
        f"{RUN}/logs/draw_feature_maps.log",
    benchmark:
        f"{RUN}/benchmarks/draw_feature_maps.tsv"
    conda:
        "../../envs/spacegrouper.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(60),
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
