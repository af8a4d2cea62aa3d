rule evaluate_robustness:
    input:
        settings=fixed("evaluate_robustness", "seed", "robustness"),
        dataset=rules.shape.output.dataset,
        structures=rules.collect.output.structures,
        model=rules.train.output.model,
        labels=rules.train.output.labels,
        split=rules.train.output.split,
    output:
        curves=in_report("Robustness", f"{RUN}/robustness/curves.csv"),
        answers=f"{RUN}/robustness/answers.csv",
        figures=[
            in_report("Robustness", f"{RUN}/robustness/figures/{name}.svg")
            for name in ["robustness", "examples"]
        ],
    threads: 16
    resources:
        **growing(mem_mb=8000, runtime=480),
    params:
        config=CONFIG,
        store=subpath(input.dataset, parent=True),
        model=subpath(input.model, parent=True),
        folder=subpath(output.curves, parent=True),
    message:
        f"Simulating up to {settings.robustness.crystals} test crystals with defects, few photons"
        " and more, and asking the network"
    shell:
        "python scripts/evaluate_robustness.py --dataset {params.store}"
        " --structures {input.structures} --model {params.model} --config {params.config}"
        " --output {params.folder} --threads {threads} 2> {log}"
