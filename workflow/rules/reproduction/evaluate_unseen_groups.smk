UNSEEN_SCORES = ["top_k", "symmetry", "per_class"]


rule evaluate_unseen_groups:
    input:
        settings=fixed("evaluate_unseen_groups", "seed", "evaluate"),
        dataset=rules.shape.output.dataset,
        model=rules.train.output.model,
        labels=rules.train.output.labels,
        split=rules.train.output.split,
    output:
        metrics=in_report("Untrained groups", f"{RUN}/unseen/metrics.json"),
        predictions=in_report("Untrained groups", f"{RUN}/unseen/predictions.csv"),
        tables=[
            numbers_in_report("Untrained groups", f"{RUN}/unseen/{name}.csv")
            for name in UNSEEN_SCORES
        ],
        figures=[
            in_report("Untrained groups", f"{RUN}/unseen/figures/{name}.svg")
            for name in UNSEEN_SCORES
        ],
    resources:
        **growing(mem_mb=8000, runtime=240),
    params:
        config=CONFIG,
        store=subpath(input.dataset, parent=True),
        model=subpath(input.model, parent=True),
        folder=subpath(output.metrics, parent=True),
    message:
        "Telling apart space groups that the network was never trained on"
    shell:
        "python scripts/evaluate_unseen_groups.py --dataset {params.store} --model {params.model}"
        " --config {params.config} --output {params.folder} 2> {log}"
