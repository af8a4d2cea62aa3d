rule acquire:
    output:
        structures=f"{RUN}/structures/acquired.jsonl.gz",
        rejected=f"{RUN}/structures/acquired_rejected.csv",
    params:
        settings=section("acquire", "seed"),
    log:
        f"{RUN}/logs/acquire.log",
    benchmark:
        f"{RUN}/benchmarks/acquire.tsv"
    conda:
        "../envs/spacegrouper.yaml"
    resources:
        mem_mb=4000,
        runtime=240,
    message:
        "Acquiring crystals from the source '{params.settings[acquire][source]}'"
    shell:
        "python scripts/acquire.py --config {CONFIG} --output {output.structures}"
        " --rejected {output.rejected} 2> {log}"
