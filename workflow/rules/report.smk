rule report:
    input:
        dataset=rules.shape.output.dataset,
        model=rules.train.output.model,
        labels=rules.train.output.labels,
        metrics=rules.evaluate.output.metrics,
        predictions=rules.evaluate.output.predictions,
        tables=rules.evaluate.output.tables,
        figures=rules.evaluate.output.figures,
        rejected=(
            rules.collect if HAS_CRYSTALS else rules.import_bitmaps
        ).output.rejected,
        structures=rules.collect.output.structures if HAS_CRYSTALS else [],
    output:
        front=in_report("At a glance", f"{RUN}/report/index.html"),
        samples=in_report("Crystals", f"{RUN}/report/samples.html"),
        overview=in_report("Crystals", f"{RUN}/report/overview.svg"),
    resources:
        **growing(mem_mb=4000, runtime=60),
    params:
        config=CONFIG,
        store=subpath(input.dataset, parent=True),
        model=subpath(input.model, parent=True),
        evaluation=subpath(input.metrics, parent=True),
        folder=subpath(output.samples, parent=True),
        structures=(
            f"--structures {rules.collect.output.structures}" if HAS_CRYSTALS else ""
        ),
    message:
        "Writing the front page, and drawing sample crystals of every class"
    shell:
        "python scripts/report.py --dataset {params.store} --model {params.model}"
        " --evaluation {params.evaluation} --rejected {input.rejected} --config {params.config}"
        " --output {params.folder} {params.structures} 2> {log}"
