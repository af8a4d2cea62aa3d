# The tables of the paper, and what each is made of. scripts/tabulate_paper.py makes it by its name.
EVALUATIONS = of_each("evaluation/metrics.json", ALL_EXPERIMENTS)
SPLITS = of_each("model/split.csv", ALL_EXPERIMENTS)
PAPER_TABLES = {
    "experiments": EVALUATIONS,
    "paired_outcomes": EVALUATIONS,
    "crystals_per_group": SPLITS,
    "untrained_groups": [POPULATION, *UNSEEN],
    "test_crystals": SPLITS,
    "msdn": [],
    "msdn_table": [],
    "msvgg": [],
}


# What is drawn beside the first network is known when the experiments are tabulated.
checkpoint tabulate_paper:
    input:
        lambda wildcards: PAPER_TABLES[wildcards.table],
        settings=fixed("tabulate_paper", "grid", "evaluate"),
    output:
        table=each_in_report(f"{RUN}/paper/tables/{{table}}.csv", PAPER_TABLES),
    wildcard_constraints:
        table="|".join(PAPER_TABLES),
    resources:
        **growing(mem_mb=4000, runtime=30),
    params:
        run=subpath(output.table, ancestor=3),
        config=CONFIG,
    message:
        "Making the table '{wildcards.table}' of the paper"
    shell:
        "python scripts/tabulate_paper.py {wildcards.table} --run {params.run}"
        " --config {params.config} --output {output.table} 2> {log}"
