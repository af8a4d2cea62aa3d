# The experiments of the grid: the run's own rules, once for each of them, in folders of their own.
wildcard_constraints:
    experiment="|".join(map(re.escape, EXPERIMENTS)),


use rule train as train_experiment with:
    input:
        **of_experiment(rules.train.input),
        settings=fixed_for_experiment(
            "train", "seed", "split", "model", "train", *TECHNIQUE.presented
        ),
        trainable=trainable(lambda wildcards: EXPERIMENTS[wildcards.experiment]),
    output:
        **of_experiment(rules.train.output),
    params:
        config=EXPERIMENT_CONFIG,
    message:
        "Training the network of {wildcards.experiment}"


use rule calibrate as calibrate_experiment with:
    input:
        **of_experiment(rules.calibrate.input),
    output:
        **of_experiment(rules.calibrate.output),
    params:
        config=EXPERIMENT_CONFIG,


use rule evaluate as evaluate_experiment with:
    input:
        **of_experiment(rules.evaluate.input) | {"calibration": experiment_calibration},
        settings=fixed_for_experiment("evaluate", "seed", "evaluate"),
    output:
        **of_experiment(rules.evaluate.output),
    params:
        config=EXPERIMENT_CONFIG,


use rule evaluate_unseen_groups as evaluate_unseen_groups_experiment with:
    input:
        **of_experiment(rules.evaluate_unseen_groups.input),
        settings=fixed_for_experiment("evaluate_unseen_groups", "seed", "evaluate"),
    output:
        **of_experiment(rules.evaluate_unseen_groups.output),
    params:
        config=EXPERIMENT_CONFIG,


use rule evaluate_robustness as evaluate_robustness_experiment with:
    input:
        **of_experiment(rules.evaluate_robustness.input),
        settings=fixed_for_experiment("evaluate_robustness", "seed", "robustness"),
    output:
        **of_experiment(rules.evaluate_robustness.output),
    params:
        config=EXPERIMENT_CONFIG,
