rule describe:
    input:
        dataset=rules.shape.output.dataset,
    output:
        per_space_group=report(
            f"{RUN}/statistics/per_space_group.csv",
            caption="../report/dataset_per_space_group.rst",
            category="Dataset",
            subcategory="Tables",
            labels={"table": "crystals and brightness per space group"},
        ),
        tables=[
            report(
                f"{RUN}/statistics/{name}.csv",
                caption=f"../report/dataset_{name}.rst",
                category="Dataset",
                subcategory="Tables",
                labels={"table": title},
            )
            for name, title in {
                "per_crystal_system": "crystals per crystal system",
                "patterns": "occupied pixels and nodes",
                "histograms": "histograms of occupied pixels and nodes",
            }.items()
        ],
        figures=[
            report(
                f"{RUN}/statistics/figures/{name}.svg",
                caption=f"../report/dataset_{name}.rst",
                category="Dataset",
                subcategory="Figures",
                labels={"figure": title},
            )
            for name, title in {
                "class_balance": "crystals and prototypes per space group",
                "crystal_systems": "crystals per crystal system",
                "brightness": "brightness per space group",
                "occupied_pixels": "occupied pixels",
                "nodes": "nodes",
            }.items()
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
        folder=subpath(output.per_space_group, parent=True),
    message:
        "Describing the dataset"
    shell:
        "python scripts/describe.py --dataset {params.store} --output {params.folder}"
        " --threads {threads} 2> {log}"
