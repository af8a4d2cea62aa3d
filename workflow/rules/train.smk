rule train:
    input:
        settings=fixed("train", "seed", "split", "model", "train", *TECHNIQUE.presented),
        trainable=trainable(lambda wildcards: settings),
        dataset=rules.shape.output.dataset,
    output:
        # The checkpoint and the TensorBoard logs lie beside them, but are no output: Snakemake
        # would delete them before the next try, which goes on from the checkpoint.
        model=f"{RUN}/model/model.keras",
        labels=f"{RUN}/model/labels.json",
        split=f"{RUN}/model/split.csv",
        history=f"{RUN}/model/history.csv",
        settings=f"{RUN}/model/settings.yaml",
    # Of each task, if there are several.
    threads: 1 if tasks_of_ranks(settings.train) else settings.train.ranks
    resources:
        **tasks_of_ranks(settings.train),
        **growing(mem_mb=16000, runtime=2880),
    params:
        config=CONFIG,
        store=subpath(input.dataset, parent=True),
        folder=subpath(output.model, parent=True),
    message:
        f"Training the network '{settings.model.name}' on {settings.train.ranks} ranks"
    shell:
        "python scripts/train.py --dataset {params.store} --config {params.config}"
        " --output {params.folder} > {log} 2>&1"
