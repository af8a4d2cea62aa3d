# What names the space group of a measured list of reflections, from the run's crystals: made by
# `snakemake train_ranker` alone. predict.py takes it with --ranker instead of that of the package.
rule train_ranker:
    input:
        settings=fixed("train_ranker", "seed"),
        structures=KEPT,
    output:
        ranker=f"{RUN}/ranker/ranker.npz",
    resources:
        **growing(mem_mb=8000, runtime=480),
    params:
        seed=settings.seed,
    message:
        "Training the ranker of space groups on simulated measurements"
    shell:
        "python scripts/train_ranker.py --structures {input.structures} --output {output.ranker}"
        " --seed {params.seed} 2> {log}"
