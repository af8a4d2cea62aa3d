rule acquire:
    input:
        settings=fixed("acquire", "acquire", "seed"),
        sources=SOURCES,
    output:
        structures=f"{RUN}/structures/acquired.jsonl.gz",
        rejected=f"{RUN}/structures/acquired_rejected.csv",
        provenance=f"{RUN}/structures/provenance.json",
    # Only CIF files and drawing take time; a service on the network is asked by one.
    threads: 4 if settings.acquire.source in ("cif_tree", "synthetic") else 1
    resources:
        **growing(mem_mb=4000, runtime=240),
    params:
        config=CONFIG,
    message:
        f"Acquiring crystals from the source '{settings.acquire.source}'"
    shell:
        "python scripts/acquire.py --config {params.config} --output {output.structures}"
        " --rejected {output.rejected} --provenance {output.provenance} --threads {threads}"
        " 2> {log}"
