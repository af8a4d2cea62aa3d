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
        rejected=in_report("Crystals", f"{RUN}/rejected.csv"),
    threads: 16
    resources:
        **growing(mem_mb=8000, runtime=240),
    params:
        config=CONFIG,
        parent=f"--parent {PARENT}/structures" if PARENT else "",
    message:
        "Standardising cells and finding their space groups"
    shell:
        "python scripts/standardise.py --structures {input.structures} --config {params.config}"
        " --earlier-rejected {input.earlier_rejected} --output {output.structures}"
        " --rejected {output.rejected} {params.parent} --threads {threads} 2> {log}"
