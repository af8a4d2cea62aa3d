# The tables of the paper, from results of the grid.
EVALUATIONS = of_each("evaluation/metrics.json", ALL_EXPERIMENTS)
SPLITS = of_each("model/split.csv", ALL_EXPERIMENTS)


# What is drawn beside the first network is known when this is.
checkpoint tabulate_experiments:
    input:
        EVALUATIONS,
        settings=fixed("tabulate_experiments", "grid"),
    output:
        table=in_report("Paper", f"{RUN}/paper/tables/experiments.csv"),
    resources:
        **growing(mem_mb=2000, runtime=30),
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
        [
            in_report("Paper", f"{RUN}/paper/tables/crystals/{name}.csv")
            for name in ["crystals_per_group", "test_crystals"]
        ],
    resources:
        **growing(mem_mb=2000, runtime=30),
    params:
        config=CONFIG,
        grid=subpath(input[0], ancestor=3),
        folder=subpath(output[0], parent=True),
    message:
        "Tabulating the crystals of all sets"
    shell:
        "python scripts/tabulate_crystals.py --grid {params.grid} --config {params.config}"
        " --output {params.folder} 2> {log}"
