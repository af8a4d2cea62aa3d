rule simulate:
    input:
        settings=fixed(
            "simulate",
            *TECHNIQUE.record(settings),
            *SOME,
            labels=settings.standardise.labels,
        ),
        structures=f"{RUN}/{'selected' if SOME else 'standardised'}/{{block}}.jsonl.gz",
    output:
        raw=f"{RUN}/blocks/{{block}}.h5",
        manifest=f"{RUN}/blocks/{{block}}.json",
    resources:
        **growing(mem_mb=2000, runtime=settings.engine.minutes),
    params:
        config=CONFIG,
    message:
        "Simulating block {wildcards.block}"
    shell:
        "python scripts/simulate.py --structures {input.structures} --config {params.config}"
        " --output {output.raw} --threads {threads} 2> {log}"
