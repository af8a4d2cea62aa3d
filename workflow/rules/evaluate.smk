EVALUATION_TABLES = {
    "top_k": "top-1 to top-5 accuracy",
    "per_class": "accuracy per class",
    "confusion": "confusion matrix",
    "reliability": "reliability of the probabilities",
    "refusal": "accuracy against share answered",
}
EVALUATION_FIGURES = EVALUATION_TABLES | {"history": "training history"}
if settings.split.label == "spacegroup":
    OF_SPACE_GROUPS = {
        "per_crystal_system": "accuracy per crystal system",
        "crystal_system_errors": "wrong predictions between crystal systems",
        "symmetry": "accuracy of extinction classes and other levels of symmetry",
    }
    EVALUATION_TABLES |= OF_SPACE_GROUPS
    EVALUATION_FIGURES |= OF_SPACE_GROUPS


rule evaluate:
    input:
        settings=fixed("evaluate", "seed", "evaluate"),
        dataset=rules.shape.output.dataset,
        model=rules.train.output.model,
        labels=rules.train.output.labels,
        split=rules.train.output.split,
        history=rules.train.output.history,
        calibration=(
            []
            if settings.train.validation_is_learnt_from
            else rules.calibrate.output.calibration
        ),
    output:
        metrics=report(
            f"{RUN}/evaluation/metrics.json",
            caption="../report/metrics.rst",
            category="Evaluation",
            subcategory="Tables",
            labels={"table": "all scores"},
        ),
        predictions=report(
            f"{RUN}/evaluation/predictions.csv",
            caption="../report/predictions.rst",
            category="Evaluation",
            subcategory="Tables",
            labels={"table": "answer for each test crystal"},
        ),
        tables=[
            report(
                f"{RUN}/evaluation/{name}.csv",
                caption="../report/tables.rst",
                category="Evaluation",
                subcategory="Tables",
                labels={"table": title},
            )
            for name, title in EVALUATION_TABLES.items()
        ],
        figures=[
            report(
                f"{RUN}/evaluation/figures/{name}.svg",
                caption=f"../report/{name}.rst",
                category="Evaluation",
                subcategory="Figures",
                labels={"figure": title},
            )
            for name, title in EVALUATION_FIGURES.items()
        ],
    log:
        f"{RUN}/logs/evaluate.log",
    benchmark:
        f"{RUN}/benchmarks/evaluate.tsv"
    conda:
        "../envs/spacegrouper.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(240),
    params:
        config=CONFIG,
        store=subpath(input.dataset, parent=True),
        model=subpath(input.model, parent=True),
        folder=subpath(output.metrics, parent=True),
    message:
        "Evaluating the network on the test crystals"
    shell:
        "python scripts/evaluate.py --dataset {params.store} --model {params.model}"
        " --config {params.config} --output {params.folder} 2> {log}"
