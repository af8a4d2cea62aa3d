rule shape:
    input:
        raw=lambda wildcards: expand(rules.simulate.output.raw, block=planned_blocks()),
        manifests=lambda wildcards: expand(
            rules.simulate.output.manifest, block=planned_blocks()
        ),
    output:
        dataset=directory(f"{RUN}/dataset.zarr"),
    log:
        f"{RUN}/logs/shape.log",
    benchmark:
        f"{RUN}/benchmarks/shape.tsv"
    conda:
        "../envs/spacegrouper.yaml"
    threads: 16
    resources:
        mem_mb=16000,
        runtime=240,
    params:
        config=CONFIG,
        settings=section("plan", "shape", "dataset"),
    message:
        "Shaping all patterns into the dataset"
    shell:
        "python scripts/shape.py --raw {input.raw} --config {params.config} --output {output.dataset}"
        " --workers {threads} 2> {log}"
