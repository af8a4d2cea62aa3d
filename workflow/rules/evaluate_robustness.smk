rule evaluate_robustness:
    input:
        settings=fixed("evaluate_robustness", "seed", "robustness"),
        dataset=rules.shape.output.dataset,
        structures=rules.standardise.output.structures,
        model=rules.train.output.model,
        labels=rules.train.output.labels,
        split=rules.train.output.split,
    output:
        curves=report(
            f"{RUN}/robustness/curves.csv",
            caption="../report/robustness_curves.rst",
            category="Robustness",
            labels={"table": "accuracy against each perturbation"},
        ),
        answers=f"{RUN}/robustness/answers.csv",
        figures=[
            report(
                f"{RUN}/robustness/figures/{name}.svg",
                caption=f"../report/{caption}.rst",
                category="Robustness",
                labels={"figure": title},
            )
            for name, caption, title in [
                ("robustness", "robustness", "accuracy against each perturbation"),
                (
                    "examples",
                    "robustness_examples",
                    "what the network sees of one crystal",
                ),
            ]
        ],
    log:
        f"{RUN}/logs/evaluate_robustness.log",
    benchmark:
        f"{RUN}/benchmarks/evaluate_robustness.tsv"
    conda:
        "../envs/spacegrouper.yaml"
    threads: 16
    resources:
        mem_mb=growing(8000),
        runtime=growing(480),
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
