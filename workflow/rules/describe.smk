rule describe:
    input:
        dataset=rules.shape.output.dataset,
    output:
        tables=[
            in_report("Dataset", f"{RUN}/statistics/{name}.csv", shown)
            for name, shown in TECHNIQUE.tables.items()
        ],
        figures=[
            in_report("Dataset", f"{RUN}/statistics/figures/{name}.svg", shown)
            for name, shown in TECHNIQUE.figures.items()
        ],
    threads: 4
    resources:
        **growing(mem_mb=4000, runtime=240),
    params:
        store=subpath(input.dataset, parent=True),
        folder=lambda wildcards: f"{RUN}/statistics",
    message:
        "Describing the dataset"
    shell:
        "python scripts/describe.py --dataset {params.store} --output {params.folder}"
        " --threads {threads} 2> {log}"
