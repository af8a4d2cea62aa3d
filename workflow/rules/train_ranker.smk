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
        kind="lists",
        seed=settings.seed,
    message:
        "Training the ranker of space groups on simulated measurements"
    shell:
        "python scripts/train_ranker.py --structures {input.structures} --output {output.ranker}"
        " --kind {params.kind} --seed {params.seed} 2> {log}"


# The same for micrographs, from single zones of the crystals.
use rule train_ranker as train_zone_ranker with:
    output:
        ranker=f"{RUN}/ranker/zone_ranker.npz",
    params:
        kind="zones",
        seed=settings.seed,
    message:
        "Training the ranker of micrographs on simulated zones"
