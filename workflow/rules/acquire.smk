rule acquire:
    input:
        settings=fixed(
            "acquire",
            "acquire",
            "seed",
            product=f"{RUN}/structures/provenance.json",
        ),
        sources=SOURCES,
    output:
        structures=f"{RUN}/structures/acquired.jsonl.gz",
        rejected=f"{RUN}/structures/acquired_rejected.csv",
        provenance=f"{RUN}/structures/provenance.json",
    log:
        f"{RUN}/logs/acquire.log",
    benchmark:
        f"{RUN}/benchmarks/acquire.tsv"
    conda:
        "../envs/spacegrouper.yaml"
    # Only CIF files take time to read; a service on the network is asked by one.
    threads: 4 if settings.acquire.source == "cif_tree" else 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        config=CONFIG,
    message:
        f"Acquiring crystals from the source '{settings.acquire.source}'"
    shell:
        "python scripts/acquire.py --config {params.config} --output {output.structures}"
        " --rejected {output.rejected} --provenance {output.provenance} --threads {threads}"
        " 2> {log}"
