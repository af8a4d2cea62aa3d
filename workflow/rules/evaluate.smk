rule evaluate:
    input:
        dataset=rules.shape.output.dataset,
        model=rules.train.output,
    output:
        evaluation=directory(f"{RUN}/evaluation"),
    params:
        settings=section("evaluate"),
        model=subpath(input.model[0], parent=True),
    log:
        f"{RUN}/logs/evaluate.log",
    benchmark:
        f"{RUN}/benchmarks/evaluate.tsv"
    conda:
        "../envs/spacegrouper.yaml"
    resources:
        mem_mb=8000,
        runtime=240,
    message:
        "Evaluating the network on the test crystals"
    shell:
        "python scripts/evaluate.py --dataset {input.dataset} --model {params.model}"
        " --config {CONFIG} --output {output.evaluation} 2> {log}"
