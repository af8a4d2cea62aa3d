# The experiments of the grid: the run's own rules, once for each of them, in folders of their own.
# The path of an environment is relative to this file, also that of a rule used from elsewhere.
wildcard_constraints:
    experiment="|".join(map(re.escape, EXPERIMENTS)),


use rule train as train_experiment with:
    input:
        settings=fixed_for_experiment(
            "train", "seed", "split", "model", "train", product="model/settings.yaml"
        ),
        trainable=trainable(lambda wildcards: EXPERIMENTS[wildcards.experiment]),
        dataset=rules.shape.output.dataset,
    output:
        **of_experiment(rules.train.output),
    log:
        f"{RUN}/logs/grid/{{experiment}}/train.log",
    benchmark:
        f"{RUN}/benchmarks/grid/{{experiment}}/train.tsv"
    conda:
        "../../envs/spacegrouper.yaml"
    params:
        config=EXPERIMENT_CONFIG,
    message:
        "Training the network of {wildcards.experiment}"


use rule calibrate as calibrate_experiment with:
    input:
        **of_experiment(rules.calibrate.input) | {"dataset": rules.shape.output.dataset},
    output:
        **of_experiment(rules.calibrate.output),
    log:
        f"{RUN}/logs/grid/{{experiment}}/calibrate.log",
    benchmark:
        f"{RUN}/benchmarks/grid/{{experiment}}/calibrate.tsv"
    conda:
        "../../envs/spacegrouper.yaml"
    params:
        config=EXPERIMENT_CONFIG,


use rule evaluate as evaluate_experiment with:
    input:
        **of_experiment(rules.evaluate.input)
        | {
            "settings": fixed_for_experiment("evaluate", "seed", "evaluate"),
            "dataset": rules.shape.output.dataset,
            "calibration": experiment_calibration,
        },
    output:
        **of_experiment(rules.evaluate.output),
    log:
        f"{RUN}/logs/grid/{{experiment}}/evaluate.log",
    benchmark:
        f"{RUN}/benchmarks/grid/{{experiment}}/evaluate.tsv"
    conda:
        "../../envs/spacegrouper.yaml"
    params:
        config=EXPERIMENT_CONFIG,


use rule evaluate_unseen_groups as evaluate_unseen_groups_experiment with:
    input:
        **of_experiment(rules.evaluate_unseen_groups.input)
        | {
            "settings": fixed_for_experiment(
                "evaluate_unseen_groups", "seed", "evaluate"
            ),
            "dataset": rules.shape.output.dataset,
        },
    output:
        **of_experiment(rules.evaluate_unseen_groups.output),
    log:
        f"{RUN}/logs/grid/{{experiment}}/evaluate_unseen_groups.log",
    benchmark:
        f"{RUN}/benchmarks/grid/{{experiment}}/evaluate_unseen_groups.tsv"
    conda:
        "../../envs/spacegrouper.yaml"
    params:
        config=EXPERIMENT_CONFIG,


use rule evaluate_robustness as evaluate_robustness_experiment with:
    input:
        **of_experiment(rules.evaluate_robustness.input)
        | {
            "settings": fixed_for_experiment(
                "evaluate_robustness", "seed", "robustness"
            ),
            "dataset": rules.shape.output.dataset,
            "structures": rules.standardise.output.structures,
        },
    output:
        **of_experiment(rules.evaluate_robustness.output),
    log:
        f"{RUN}/logs/grid/{{experiment}}/evaluate_robustness.log",
    benchmark:
        f"{RUN}/benchmarks/grid/{{experiment}}/evaluate_robustness.tsv"
    conda:
        "../../envs/spacegrouper.yaml"
    params:
        config=EXPERIMENT_CONFIG,
