# Where no database of bitmaps is given, one is made of the crystals.
rule make_morphology_db:
    input:
        settings=fixed("make_morphology_db", "morphology"),
        structures=rules.standardise.output.structures,
    output:
        database=f"{RUN}/morphology.db",
        rejected=f"{RUN}/structures/no_habit.csv",
    log:
        f"{RUN}/logs/make_morphology_db.log",
    benchmark:
        f"{RUN}/benchmarks/make_morphology_db.tsv"
    conda:
        "../envs/spacegrouper.yaml"
    threads: 16
    resources:
        mem_mb=growing(8000),
        runtime=growing(240),
    params:
        config=CONFIG,
    message:
        "Drawing the habits of all crystals"
    shell:
        "python scripts/make_morphology_db.py --structures {input.structures}"
        " --config {params.config} --output {output.database} --rejected {output.rejected}"
        " --threads {threads} 2> {log}"
