rule calibrate:
    input:
        dataset=rules.shape.output.dataset,
        model=rules.train.output.model,
        labels=rules.train.output.labels,
        split=rules.train.output.split,
    output:
        calibration=report(
            f"{RUN}/model/calibration.json",
            caption="../report/calibration.rst",
            category="Evaluation",
            subcategory="Tables",
            labels={"table": "temperature of the probabilities"},
        ),
    log:
        f"{RUN}/logs/calibrate.log",
    benchmark:
        f"{RUN}/benchmarks/calibrate.tsv"
    conda:
        "../envs/spacegrouper.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(240),
    params:
        config=CONFIG,
        store=subpath(input.dataset, parent=True),
        model=subpath(input.model, parent=True),
    message:
        "Calibrating the network's probabilities on the validation crystals"
    shell:
        "python scripts/calibrate.py --dataset {params.store} --model {params.model}"
        " --config {params.config} 2> {log}"
