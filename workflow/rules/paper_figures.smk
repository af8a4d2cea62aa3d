# The figures of the paper, from results of the grid; a rule and its program have one name.
UNSEEN = (
    expand(
        rules.evaluate_unseen_groups_experiment.output.metrics,
        experiment=[experiment.folder.name for experiment in IN_DETAIL],
    )
    if settings.evaluate.unseen_groups
    else []
)


rule draw_population:
    input:
        population=rules.describe.output.per_space_group,
    output:
        **paper_figure("population", "2a: population per space group"),
    log:
        f"{RUN}/logs/draw_population.log",
    benchmark:
        f"{RUN}/benchmarks/draw_population.tsv"
    conda:
        "../envs/spacegrouper.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    message:
        "Drawing the crystals of each space group"
    shell:
        "python scripts/draw_population.py --population {input.population}"
        " --output {output.figure} 2> {log}"


rule draw_usage:
    input:
        settings=fixed("draw_usage", "grid", "evaluate"),
        splits=SPLITS,
        unseen=UNSEEN,
        population=rules.describe.output.per_space_group,
    output:
        **paper_figure("usage", "2b: usage of the crystals"),
    log:
        f"{RUN}/logs/draw_usage.log",
    benchmark:
        f"{RUN}/benchmarks/draw_usage.tsv"
    conda:
        "../envs/spacegrouper.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        config=CONFIG,
        grid=lambda wildcards, input: Path(input.splits[0]).parents[2],
    message:
        "Drawing what becomes of the crystals"
    shell:
        "python scripts/draw_usage.py --grid {params.grid} --population {input.population}"
        " --config {params.config} --output {output.figure} 2> {log}"


rule draw_accuracy:
    input:
        EVALUATIONS,
        settings=fixed("draw_accuracy", "grid"),
    output:
        **paper_figure("accuracy", "3a: accuracy against the number of space groups"),
    log:
        f"{RUN}/logs/draw_accuracy.log",
    benchmark:
        f"{RUN}/benchmarks/draw_accuracy.tsv"
    conda:
        "../envs/spacegrouper.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        config=CONFIG,
        grid=subpath(input[0], ancestor=3),
        program="draw_accuracy",
    message:
        "Drawing results of the grid: {params.program}"
    shell:
        "python scripts/{params.program}.py --grid {params.grid} --config {params.config}"
        " --output {output.figure} 2> {log}"


use rule draw_accuracy as draw_top_k with:
    output:
        **paper_figure("top_k", "3b to 3e: top-1 to top-5 accuracy"),
    log:
        f"{RUN}/logs/draw_top_k.log",
    benchmark:
        f"{RUN}/benchmarks/draw_top_k.tsv"
    params:
        program="draw_top_k",


use rule draw_accuracy as draw_unseen_groups with:
    input:
        UNSEEN,
        settings=fixed("draw_unseen_groups", "grid"),
    output:
        **paper_figure("unseen_groups", "3f: untrained space groups"),
    log:
        f"{RUN}/logs/draw_unseen_groups.log",
    benchmark:
        f"{RUN}/benchmarks/draw_unseen_groups.tsv"
    params:
        program="draw_unseen_groups",


use rule draw_accuracy as draw_space_groups with:
    output:
        **paper_figure("space_groups", "4a and 4b: accuracy per space group"),
    log:
        f"{RUN}/logs/draw_space_groups.log",
    benchmark:
        f"{RUN}/benchmarks/draw_space_groups.tsv"
    params:
        program="draw_space_groups",


use rule draw_accuracy as draw_crystal_systems with:
    output:
        **paper_figure("crystal_systems", "4c and 4d: accuracy per crystal system"),
    log:
        f"{RUN}/logs/draw_crystal_systems.log",
    benchmark:
        f"{RUN}/benchmarks/draw_crystal_systems.tsv"
    params:
        program="draw_crystal_systems",


use rule draw_accuracy as draw_crystal_system_errors with:
    output:
        **paper_figure(
            "crystal_system_errors", "4e and 4f: mistakes between crystal systems"
        ),
    log:
        f"{RUN}/logs/draw_crystal_system_errors.log",
    benchmark:
        f"{RUN}/benchmarks/draw_crystal_system_errors.tsv"
    params:
        program="draw_crystal_system_errors",


rule draw_examples:
    input:
        dataset=rules.shape.output.dataset,
    output:
        **paper_figure("examples", "S2: examples of all crystal systems"),
    log:
        f"{RUN}/logs/draw_examples.log",
    benchmark:
        f"{RUN}/benchmarks/draw_examples.tsv"
    conda:
        "../envs/spacegrouper.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        store=subpath(input.dataset, parent=True),
        program="draw_examples",
    message:
        "Drawing crystals of the dataset: {params.program}"
    shell:
        "python scripts/{params.program}.py --dataset {params.store} --output {output.figure}"
        " 2> {log}"


use rule draw_examples as draw_shaping_steps with:
    output:
        **paper_figure("shaping_steps", "S1: shaping, step by step"),
    log:
        f"{RUN}/logs/draw_shaping_steps.log",
    benchmark:
        f"{RUN}/benchmarks/draw_shaping_steps.tsv"
    params:
        program="draw_shaping_steps",


use rule draw_examples as draw_spot_generation with:
    output:
        **paper_figure("spot_generation", "S3: from three views to a spot image"),
    log:
        f"{RUN}/logs/draw_spot_generation.log",
    benchmark:
        f"{RUN}/benchmarks/draw_spot_generation.tsv"
    params:
        program="draw_spot_generation",


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
            caption="../report/case_studies.rst",
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
        "../envs/spacegrouper.yaml"
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
            caption="../report/feature_maps.rst",
            category="Paper",
            subcategory="Figures",
            labels={"figure": "6: feature maps"},
        ),
        redundancy=report(
            f"{RUN}/paper/figures/feature_maps/feature_redundancy.svg",
            caption="../report/feature_redundancy.rst",
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
        "../envs/spacegrouper.yaml"
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
