rule collect:
    input:
        earlier_rejected=rules.acquire.output.rejected,
        plan=rules.plan.output.blocks,
        blocks=lambda wildcards: expand(
            rules.standardise.output, block=blocks_of(checkpoints.plan)
        ),
    output:
        structures=f"{RUN}/structures/standardised.jsonl.gz",
        standardised_with=f"{RUN}/structures/standardised_with.json",
        rejected=in_report("Crystals", f"{RUN}/rejected.csv"),
    resources:
        **growing(mem_mb=2000, runtime=60),
    params:
        config=CONFIG,
        standardised=f"{RUN}/standardised",
    message:
        "Collecting the standardised crystals of all blocks"
    shell:
        "python scripts/collect.py --plan {input.plan} --standardised {params.standardised}"
        " --earlier-rejected {input.earlier_rejected} --config {params.config}"
        " --output {output.structures} --rejected {output.rejected} 2> {log}"
