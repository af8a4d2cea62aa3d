rule shape:
    input:
        settings=fixed("shape", "plan", *TECHNIQUE.derived_from, "dataset"),
        parent_digests=PARENT_DIGESTS,
        parent_raw=ancient(list(map(str, raw_shards_of(PARENT) if PARENT else []))),
        raw=lambda wildcards: expand(
            f"{RUN}/blocks/{{block}}.h5", block=simulated_blocks()
        ),
        manifests=lambda wildcards: expand(
            f"{RUN}/blocks/{{block}}.json", block=simulated_blocks()
        ),
        parent=ancient([f"{PARENT}/dataset.zarr/zarr.json"] if PARENT else []),
        changes=rules.compare_with_parent.output.changes if PARENT else [],
        # A release can go on from any run that has a dataset.
        structures=rules.collect.output.structures if HAS_CRYSTALS else [],
    output:
        # One file stands for the store, which is renamed when it is whole: a directory() as an
        # output would be given a file of Snakemake's, which is no part of a Zarr store.
        dataset=f"{RUN}/dataset.zarr/zarr.json",
    # Where SLURM jobs shape, this one only tells them what to do.
    threads: 16 if settings.workers.cluster == "local" else 1
    resources:
        **growing(
            mem_mb=16000 if settings.workers.cluster == "local" else 8000, runtime=240
        ),
    params:
        config=CONFIG,
        store=subpath(output.dataset, parent=True),
        parent=(
            f"--changes {RUN}/release/changes.csv --parent {PARENT}/dataset.zarr"
            if PARENT
            else ""
        ),
    message:
        "Shaping all patterns into the dataset"
    shell:
        "python scripts/shape.py --raw {input.parent_raw} {input.raw} --config {params.config}"
        " --output {params.store} {params.parent} --workers {threads} 2> {log}"
