from spacegrouper.crystals.blocks import planned_blocks


def to_plan(wildcards):
    """The crystals to plan; a plan that has lost one of its files is made anew."""
    if Path(RUN, "plan").exists() and planned_blocks(Path(RUN, "plan")) is None:
        workflow.dag.forcefiles.add(f"{RUN}/plan")
    if PARENT:
        return rules.compare_with_parent.output.to_simulate
    return KEPT


# How many of each crystal.
COPIES = TECHNIQUE.copies(settings)


checkpoint plan:
    input:
        settings=fixed("plan", "plan", *THIN, **({"copies": COPIES} if COPIES else {})),
        structures=to_plan,
    output:
        blocks=directory(f"{RUN}/plan"),
    resources:
        **growing(mem_mb=2000, runtime=60),
    params:
        config=CONFIG,
        copies=COPIES,
    message:
        "Cutting the crystals into blocks"
    shell:
        "python scripts/plan.py --structures {input.structures} --config {params.config}"
        " --output {output.blocks} --copies {params.copies} 2> {log}"


def block_names():
    """Names of all blocks; the jobs that depend on them are known once the plan is made."""
    plan = Path(checkpoints.plan.get().output.blocks)
    # Where one is lost, all are known again when the plan is made anew.
    return planned_blocks(plan) or []
