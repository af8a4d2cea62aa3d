rule simulate:
    input:
        settings=fixed(
            "simulate",
            "simulate",
            *(["powder"] if settings.simulate.technique == "powder" else []),
            *(["seed"] if settings.simulate.uses_seed else []),
            product=f"{RUN}/blocks/{{block}}.h5",
            labels=settings.standardise.labels,
        ),
        structures=f"{RUN}/plan/{{block}}.jsonl.gz",
    output:
        raw=f"{RUN}/blocks/{{block}}.h5",
        manifest=f"{RUN}/blocks/{{block}}.json",
    log:
        f"{RUN}/logs/simulate/{{block}}.log",
    benchmark:
        f"{RUN}/benchmarks/simulate/{{block}}.tsv"
    conda:
        "../envs/spacegrouper.yaml"
    resources:
        mem_mb=growing(2000),
        # Condor takes minutes a crystal.
        runtime=growing(2880 if settings.simulate.engine == "condor" else 60),
    params:
        config=CONFIG,
    message:
        "Simulating the patterns of block {wildcards.block}"
    shell:
        "python scripts/simulate.py --structures {input.structures} --config {params.config}"
        " --output {output.raw} --threads {threads} 2> {log}"
