# Everything the paper shows: `snakemake paper`. docs/paper.md says what is what.
rule paper:
    input:
        rules.tabulate_networks.output.sizes,
        rules.tabulate_layers.output,
        rules.tabulate_experiments.output.table,
        rules.tabulate_crystals.output,
        rules.draw_population.output.figure,
        rules.draw_usage.output.figure,
        rules.draw_accuracy.output.figure,
        rules.draw_top_k.output.figure,
        rules.draw_unseen_groups.output.figure if UNSEEN else [],
        rules.draw_space_groups.output.figure,
        rules.draw_crystal_systems.output.figure,
        rules.draw_crystal_system_errors.output.figure,
        rules.draw_case_studies.output.figure if HAS_SPOT else [],
        rules.draw_feature_maps.output.maps,
        rules.draw_examples.output.figure,
        rules.draw_shaping_steps.output.figure,
        rules.draw_spot_generation.output.figure,
        # Only our own engine simulates crystals with defects.
        (
            expand(
                rules.evaluate_robustness_experiment.output.curves,
                experiment=FIRST.folder.name,
            )
            if settings.simulate.engine == "kinematic"
            else []
        ),
