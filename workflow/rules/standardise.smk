rule standardise:
    input:
        settings=fixed("standardise", "standardise"),
        structures=rules.acquire.output.structures,
        earlier_rejected=rules.acquire.output.rejected,
        parent=ancient(
            expand(
                f"{PARENT}/structures/{{name}}.jsonl.gz",
                name=["acquired", "standardised"] if PARENT else [],
            )
        ),
        parent_digests=PARENT_DIGESTS,
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
        parent=f"--parent {PARENT}/structures" if PARENT else "",
    message:
        "Standardising cells and finding their space groups"
    shell:
        "python scripts/standardise.py --structures {input.structures} --config {params.config}"
        " --earlier-rejected {input.earlier_rejected} --output {output.structures}"
        " --rejected {output.rejected} {params.parent} --threads {threads} 2> {log}"
