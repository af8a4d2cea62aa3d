# Where only some of the crystals are simulated, these are cut into blocks of their own. SOME names the
# settings that say which.
SOME = THIN + (["release"] if PARENT else [])


if SOME:

    checkpoint select:
        input:
            settings=fixed("select", "plan", *SOME, **COST),
            structures=whole_plan(
                f"{RUN}/selected",
                rules.compare_with_parent.output.to_simulate if PARENT else KEPT,
            ),
        output:
            blocks=directory(f"{RUN}/selected"),
        resources:
            **growing(mem_mb=2000, runtime=60),
        params:
            config=CONFIG,
        message:
            "Cutting the crystals to simulate into blocks"
        shell:
            "python scripts/plan.py --structures {input.structures} --config {params.config}"
            " --output {output.blocks} 2> {log}"


def simulated_blocks():
    """Names of all blocks that are simulated."""
    return blocks_of(checkpoints.select if SOME else checkpoints.plan)
