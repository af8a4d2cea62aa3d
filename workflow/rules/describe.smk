rule describe:
    input:
        dataset=rules.shape.output.dataset,
    output:
        tables=[
            report(
                f"{RUN}/statistics/{name}.csv",
                caption=f"../report/{TECHNIQUE.name}_{name}.rst",
                category="Dataset",
                subcategory="Tables",
                labels={"table": title},
            )
            for name, title in TECHNIQUE.tables.items()
        ],
        figures=[
            report(
                f"{RUN}/statistics/figures/{name}.svg",
                caption=f"../report/{TECHNIQUE.name}_{name}.rst",
                category="Dataset",
                subcategory="Figures",
                labels={"figure": title},
            )
            for name, title in TECHNIQUE.figures.items()
        ],
    log:
        f"{RUN}/logs/describe.log",
    benchmark:
        f"{RUN}/benchmarks/describe.tsv"
    conda:
        "../envs/spacegrouper.yaml"
    threads: 4
    resources:
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        store=subpath(input.dataset, parent=True),
        folder=f"{RUN}/statistics",
    message:
        "Describing the dataset"
    shell:
        "python scripts/describe.py --dataset {params.store} --output {params.folder}"
        " --threads {threads} 2> {log}"
