# Everything the paper shows: `snakemake paper`. docs/paper.md says what is what.
include: "evaluate_unseen_groups.smk"
include: "experiments.smk"
include: "grid.smk"
include: "tables.smk"
include: "figures.smk"


rule paper:
    input:
        rules.tabulate_networks.output.sizes,
        rules.tabulate_layers.output,
        rules.tabulate_experiments.output.table,
        rules.tabulate_crystals.output,
        expand(rules.draw_paper.output.figure, figure=PAPER_FIGURES),
        rules.draw_case_studies.output.figure if HAS_SPOT else [],
        rules.draw_feature_maps.output.maps,
        # Only our own engine simulates crystals with defects.
        (
            expand(
                rules.evaluate_robustness_experiment.output.curves,
                experiment=FIRST.folder.name,
            )
            if settings.simulate.engine == "kinematic"
            else []
        ),
