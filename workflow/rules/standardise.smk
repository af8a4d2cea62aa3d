rule standardise:
    input:
        settings=fixed("standardise", "standardise"),
        structures=f"{RUN}/plan/{{block}}.jsonl.gz",
    output:
        structures=f"{RUN}/standardised/{{block}}.jsonl.gz",
        rejected=f"{RUN}/standardised/{{block}}.csv",
    resources:
        **growing(mem_mb=2000, runtime=60),
    params:
        config=CONFIG,
    message:
        "Standardising block {wildcards.block}: its cells, and their space groups"
    shell:
        "python scripts/standardise.py --structures {input.structures} --config {params.config}"
        " --output {output.structures} --rejected {output.rejected} --threads {threads} 2> {log}"
