from spacegrouper.crystals.blocks import planned_blocks


def whole_plan(folder, made_of):
    """The file that a plan is made of; a plan that has lost one of its files is made anew."""

    def found(wildcards):
        if Path(folder).exists() and planned_blocks(Path(folder)) is None:
            workflow.dag.forcefiles.add(folder)
        return made_of

    return found


# Where the size of blocks follows from what a crystal costs, they are cut again if that changes.
COST = (
    {"seconds": settings.engine.seconds(settings)}
    if settings.plan.block_size == "auto"
    else {}
)


checkpoint plan:
    input:
        settings=fixed("plan", "plan", **COST),
        structures=whole_plan(f"{RUN}/plan", rules.acquire.output.structures),
        parent=ancient(
            expand(
                f"{PARENT}/structures/{{name}}.jsonl.gz",
                name=["acquired", "standardised"] if PARENT else [],
            )
        ),
        parent_digests=PARENT_DIGESTS,
    output:
        blocks=directory(f"{RUN}/plan"),
    resources:
        **growing(mem_mb=8000 if PARENT else 2000, runtime=60),
    params:
        config=CONFIG,
        parent=f"--parent {PARENT}/structures" if PARENT else "",
    message:
        "Cutting the crystals into blocks"
    shell:
        "python scripts/plan.py --structures {input.structures} --config {params.config}"
        " --output {output.blocks} {params.parent} 2> {log}"


def blocks_of(plan):
    """Names of the blocks of a plan; the jobs that depend on them are known once it is made."""
    # Where a file of it is lost, all are known again when it is made anew.
    blocks = planned_blocks(Path(plan.get().output.blocks)) or []
    return [block.block for block in blocks]
