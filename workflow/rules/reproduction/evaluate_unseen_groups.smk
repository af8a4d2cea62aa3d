rule evaluate_unseen_groups:
    input:
        settings=fixed("evaluate_unseen_groups", "seed", "evaluate"),
        dataset=rules.shape.output.dataset,
        model=rules.train.output.model,
        labels=rules.train.output.labels,
        split=rules.train.output.split,
    output:
        metrics=report(
            f"{RUN}/unseen/metrics.json",
            caption="../../report/unseen_metrics.rst",
            category="Untrained groups",
            subcategory="Tables",
            labels={"table": "all scores"},
        ),
        predictions=report(
            f"{RUN}/unseen/predictions.csv",
            caption="../../report/unseen_predictions.rst",
            category="Untrained groups",
            subcategory="Tables",
            labels={"table": "answer for each test crystal"},
        ),
        tables=[
            report(
                f"{RUN}/unseen/{name}.csv",
                caption="../../report/tables.rst",
                category="Untrained groups",
                subcategory="Tables",
                labels={"table": title},
            )
            for name, title in {
                "top_k": "top-1 to top-5 accuracy",
                "symmetry": "accuracy by level of symmetry",
                "per_class": "accuracy per space group",
            }.items()
        ],
        figures=[
            report(
                f"{RUN}/unseen/figures/{name}.svg",
                caption=f"../../report/unseen_{name}.rst",
                category="Untrained groups",
                subcategory="Figures",
                labels={"figure": title},
            )
            for name, title in {
                "top_k": "top-1 to top-5 accuracy",
                "symmetry": "accuracy by level of symmetry",
                "per_class": "accuracy per space group",
            }.items()
        ],
    log:
        f"{RUN}/logs/evaluate_unseen_groups.log",
    benchmark:
        f"{RUN}/benchmarks/evaluate_unseen_groups.tsv"
    conda:
        "../../envs/spacegrouper.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(240),
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
