# On demand, for networks of diffractograms: the crystals that a measured one is compared with. They
# lie beside the network, where predict.py and pack_model look for them.
rule list_known_crystals:
    input:
        structures=KEPT,
        dataset=rules.shape.output.dataset,
        model=rules.train.output.model,
        split=rules.train.output.split,
        calibration=rules.calibrate.output.calibration,
    output:
        known=f"{RUN}/model/known_crystals.npz",
    threads: 2
    resources:
        **growing(mem_mb=4000, runtime=120),
    params:
        store=subpath(input.dataset, parent=True),
        model=subpath(input.model, parent=True),
    message:
        "Listing known crystals, and weighing what they say of measured powders"
    shell:
        "python scripts/list_known_crystals.py --structures {input.structures}"
        " --dataset {params.store} --model {params.model} --threads {threads} 2> {log}"
