EVALUATED = [
    "comparison",
    "top_k",
    "per_class",
    "confusion",
    "reliability",
    "refusal",
]
if settings.split.label == "spacegroup":
    EVALUATED += ["per_crystal_system", "crystal_system_errors", "symmetry"]


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
            if settings.train.validation_is_trained_on
            else rules.calibrate.output.calibration
        ),
        # A function, so that the experiments of the grid go without.
        forest=lambda wildcards: (
            rules.fit_forest.output.metrics if settings.evaluate.forest else []
        ),
    output:
        metrics=in_report("Evaluation", f"{RUN}/evaluation/metrics.json"),
        predictions=in_report("Evaluation", f"{RUN}/evaluation/predictions.csv"),
        tables=[
            numbers_in_report("Evaluation", f"{RUN}/evaluation/{name}.csv")
            for name in EVALUATED
        ],
        figures=[
            in_report("Evaluation", f"{RUN}/evaluation/figures/{name}.svg")
            for name in [*EVALUATED, "history"]
        ],
    resources:
        **growing(mem_mb=8000, runtime=240),
    params:
        config=CONFIG,
        store=subpath(input.dataset, parent=True),
        model=subpath(input.model, parent=True),
        folder=subpath(output.metrics, parent=True),
        forest=lambda wildcards, input: (
            f"--forest {Path(input.forest).parent}" if input.get("forest") else ""
        ),
    message:
        "Evaluating the network on the test crystals"
    shell:
        "python scripts/evaluate.py --dataset {params.store} --model {params.model}"
        " --config {params.config} --output {params.folder} {params.forest} 2> {log}"
