rule standardise:
    input:
        structures=rules.acquire.output.structures,
        earlier_rejected=rules.acquire.output.rejected,
    output:
        structures=f"{RUN}/structures/standardised.jsonl.gz",
        rejected=report(
            f"{RUN}/rejected.csv",
            caption="../report/rejected.rst",
            category="Crystals",
            labels={"table": "rejected records"},
        ),
    log:
        f"{RUN}/logs/standardise.log",
    benchmark:
        f"{RUN}/benchmarks/standardise.tsv"
    conda:
        "../envs/spacegrouper.yaml"
    threads: 16
    resources:
        mem_mb=growing(8000),
        runtime=growing(240),
    params:
        config=CONFIG,
        settings=section("standardise"),
    message:
        "Standardising cells and finding their space groups"
    shell:
        "python scripts/standardise.py --structures {input.structures} --config {params.config}"
        " --earlier-rejected {input.earlier_rejected} --output {output.structures}"
        " --rejected {output.rejected} --threads {threads} 2> {log}"
