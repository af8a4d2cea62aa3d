from spacegrouper.contract.source import SOURCES as KINDS_OF_SOURCES


rule acquire:
    input:
        settings=fixed("acquire", "acquire", "seed"),
        sources=SOURCES,
    output:
        structures=f"{RUN}/structures/acquired.jsonl.gz",
        rejected=f"{RUN}/structures/acquired_rejected.csv",
        provenance=f"{RUN}/structures/provenance.json",
    threads: 4 if KINDS_OF_SOURCES[settings.acquire.source].shared else 1
    resources:
        **growing(mem_mb=4000, runtime=240),
    params:
        config=CONFIG,
        # Only to be faster: it is no input, as nothing depends on it.
        parent=f"--parent {PARENT}/structures/acquired.jsonl.gz" if PARENT else "",
    message:
        f"Acquiring crystals from the source '{settings.acquire.source}'"
    shell:
        "python scripts/acquire.py --config {params.config} --output {output.structures}"
        " --rejected {output.rejected} --provenance {output.provenance} --threads {threads}"
        " {params.parent} 2> {log}"
