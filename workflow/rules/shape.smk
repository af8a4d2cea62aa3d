rule shape:
    input:
        raw=lambda wildcards: expand(rules.simulate.output.raw, block=planned_blocks()),
        manifests=lambda wildcards: expand(
            rules.simulate.output.manifest, block=planned_blocks()
        ),
    output:
        # One file stands for the store, which is renamed when it is whole: a directory() as an
        # output would be given a file of Snakemake's, which is no part of a Zarr store.
        dataset=f"{RUN}/dataset.zarr/zarr.json",
    log:
        f"{RUN}/logs/shape.log",
    benchmark:
        f"{RUN}/benchmarks/shape.tsv"
    conda:
        "../envs/spacegrouper.yaml"
    threads: 16
    resources:
        mem_mb=growing(16000),
        runtime=growing(240),
    params:
        config=CONFIG,
        store=subpath(output.dataset, parent=True),
        settings=section("plan", "shape", "dataset"),
    message:
        "Shaping all patterns into the dataset"
    shell:
        "python scripts/shape.py --raw {input.raw} --config {params.config} --output {params.store}"
        " --workers {threads} 2> {log}"
