rule report:
    input:
        dataset=rules.shape.output.dataset,
        model=rules.train.output.model,
        labels=rules.train.output.labels,
        metrics=rules.evaluate.output.metrics,
        predictions=rules.evaluate.output.predictions,
    output:
        samples=report(
            f"{RUN}/report/samples.html",
            caption="../report/samples.rst",
            category="Crystals",
            labels={"page": "raw, spot and shaped images of test crystals"},
        ),
        overview=report(
            f"{RUN}/report/overview.svg",
            caption="../report/overview.rst",
            category="Crystals",
            labels={"figure": "from raw pattern to answer"},
        ),
    log:
        f"{RUN}/logs/report.log",
    benchmark:
        f"{RUN}/benchmarks/report.tsv"
    conda:
        "../envs/spacegrouper.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        config=CONFIG,
        store=subpath(input.dataset, parent=True),
        model=subpath(input.model, parent=True),
        evaluation=subpath(input.metrics, parent=True),
        folder=subpath(output.samples, parent=True),
    message:
        "Drawing sample images of every space group"
    shell:
        "python scripts/report.py --dataset {params.store} --model {params.model}"
        " --evaluation {params.evaluation} --config {params.config} --output {params.folder} 2> {log}"
