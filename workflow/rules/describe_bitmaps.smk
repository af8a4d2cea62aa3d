BITMAP_TABLES = {
    "brightness": "average brightness",
    "brightness_distribution": "brightness per space group, distribution",
    "pixel_values": "histograms of pixel values",
    "per_space_group": "crystals and brightness per space group",
    "shared_bitmaps": "equal bitmaps of different space groups",
}
BITMAP_FIGURES = {
    "class_balance": "crystals and different bitmaps per space group",
    "brightness": "average brightness",
    "brightness_per_space_group": "brightness per space group",
    "pixel_values": "histograms of pixel values",
    "decidability": "best possible accuracy",
    "mean_images": "mean bitmap of each space group",
}


rule describe_bitmaps:
    input:
        dataset=rules.shape.output.dataset,
    output:
        decidability=report(
            f"{RUN}/statistics/decidability.csv",
            caption="../report/bitmaps_decidability.rst",
            category="Dataset",
            subcategory="Tables",
            labels={"table": "best possible accuracy"},
        ),
        tables=[
            report(
                f"{RUN}/statistics/{name}.csv",
                caption=f"../report/bitmaps_{name}.rst",
                category="Dataset",
                subcategory="Tables",
                labels={"table": title},
            )
            for name, title in BITMAP_TABLES.items()
        ],
        figures=[
            report(
                f"{RUN}/statistics/figures/{name}.svg",
                caption=f"../report/bitmaps_{name}.rst",
                category="Dataset",
                subcategory="Figures",
                labels={"figure": title},
            )
            for name, title in BITMAP_FIGURES.items()
        ],
    log:
        f"{RUN}/logs/describe_bitmaps.log",
    benchmark:
        f"{RUN}/benchmarks/describe_bitmaps.tsv"
    conda:
        "../envs/spacegrouper.yaml"
    threads: 4
    resources:
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        store=subpath(input.dataset, parent=True),
        folder=subpath(output.decidability, parent=True),
    message:
        "Describing the bitmaps"
    shell:
        "python scripts/describe_bitmaps.py --dataset {params.store} --output {params.folder}"
        " --threads {threads} 2> {log}"
