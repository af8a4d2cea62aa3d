# The tables of the paper, from results of the grid.
EVALUATIONS = expand(rules.evaluate_experiment.output.metrics, experiment=EXPERIMENTS)
SPLITS = expand(rules.train_experiment.output.split, experiment=EXPERIMENTS)


# What is drawn beside the first network is known when this is.
checkpoint tabulate_experiments:
    input:
        EVALUATIONS,
        settings=fixed("tabulate_experiments", "grid"),
    output:
        table=paper_table("experiments", "scores of all experiments"),
    log:
        f"{RUN}/logs/tabulate_experiments.log",
    benchmark:
        f"{RUN}/benchmarks/tabulate_experiments.tsv"
    conda:
        "../../envs/spacegrouper.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        config=CONFIG,
        grid=subpath(input[0], ancestor=3),
    message:
        "Tabulating the scores of all experiments"
    shell:
        "python scripts/tabulate_experiments.py --grid {params.grid} --config {params.config}"
        " --output {output.table} 2> {log}"


rule tabulate_crystals:
    input:
        SPLITS,
        settings=fixed("tabulate_crystals", "grid"),
    output:
        per_group=paper_table(
            "crystals/crystals_per_group", "S2: crystals per space group and part"
        ),
        test=paper_table("crystals/test_crystals", "S3: test crystals"),
    log:
        f"{RUN}/logs/tabulate_crystals.log",
    benchmark:
        f"{RUN}/benchmarks/tabulate_crystals.tsv"
    conda:
        "../../envs/spacegrouper.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        config=CONFIG,
        grid=subpath(input[0], ancestor=3),
        folder=subpath(output.test, parent=True),
    message:
        "Tabulating the crystals of all parts"
    shell:
        "python scripts/tabulate_crystals.py --grid {params.grid} --config {params.config}"
        " --output {params.folder} 2> {log}"


rule tabulate_layers:
    output:
        msdn=paper_table("layers/msdn", "S1: layers of MSDN, as released"),
        table=paper_table("layers/msdn_table", "S1: layers of MSDN, as in the paper"),
        msvgg=paper_table("layers/msvgg", "S4: layers of MSVGG"),
    log:
        f"{RUN}/logs/tabulate_layers.log",
    benchmark:
        f"{RUN}/benchmarks/tabulate_layers.tsv"
    conda:
        "../../envs/spacegrouper.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(10),
    params:
        folder=subpath(output.msdn, parent=True),
    message:
        "Tabulating the layers of the multistream networks"
    shell:
        "python scripts/tabulate_layers.py --output {params.folder} 2> {log}"
