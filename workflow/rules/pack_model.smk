# On demand: the network as it ships, results/<name>/packed.
rule pack_model:
    input:
        model=rules.train.output.model,
        calibration=rules.calibrate.output.calibration,
        metrics=rules.evaluate.output.metrics,
        # Where they have been listed.
        known=lambda wildcards: [
            path
            for path in [f"{RUN}/model/known_crystals.npz"]
            if Path(path).is_file()
        ],
    output:
        card=f"{RUN}/packed/CARD.md",
        model=f"{RUN}/packed/model.keras",
    resources:
        **growing(mem_mb=2000, runtime=30),
    params:
        folder=subpath(output.card, parent=True),
        trained=subpath(input.model, parent=True),
        split=settings.split.method,
    message:
        "Packing the network"
    shell:
        "python scripts/pack_model.py --model {params.trained}"
        " --evaluation {params.split}={input.metrics} --output {params.folder} 2> {log}"
