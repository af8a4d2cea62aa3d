rule calibrate:
    input:
        dataset=rules.shape.output.dataset,
        model=rules.train.output.model,
        labels=rules.train.output.labels,
        split=rules.train.output.split,
    output:
        calibration=in_report("Evaluation", f"{RUN}/model/calibration.json"),
    resources:
        **growing(mem_mb=8000, runtime=240),
    params:
        config=CONFIG,
        store=subpath(input.dataset, parent=True),
        model=subpath(input.model, parent=True),
    message:
        "Calibrating the network's probabilities on the validation crystals"
    shell:
        "python scripts/calibrate.py --dataset {params.store} --model {params.model}"
        " --config {params.config} 2> {log}"
