# The baseline of the network, on the same crystals and the same numbers.
rule fit_forest:
    input:
        settings=fixed("fit_forest", "seed", "evaluate"),
        dataset=rules.shape.output.dataset,
        labels=rules.train.output.labels,
        split=rules.train.output.split,
    output:
        metrics=in_report(
            "Evaluation", f"{RUN}/forest/metrics.json", SHOWN["Evaluation"]["forest"]
        ),
        predictions=f"{RUN}/forest/predictions.csv",
    threads: 16
    resources:
        **growing(mem_mb=16000, runtime=240),
    params:
        config=CONFIG,
        store=subpath(input.dataset, parent=True),
        model=subpath(input.labels, parent=True),
        folder=subpath(output.metrics, parent=True),
        trees=settings.evaluate.forest,
        seed=settings.seed,
    message:
        "Fitting the baseline, a forest of {params.trees} trees"
    shell:
        "python scripts/fit_forest.py --dataset {params.store} --model {params.model}"
        " --config {params.config} --output {params.folder} --trees {params.trees}"
        " --seed {params.seed} --threads {threads} 2> {log}"
