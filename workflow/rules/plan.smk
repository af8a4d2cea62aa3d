from spacegrouper.crystals.blocks import planned_blocks


checkpoint plan:
    input:
        settings=fixed("plan", "plan"),
        structures=(
            rules.compare_with_parent.output.to_simulate
            if PARENT
            else rules.standardise.output.structures
        ),
    output:
        blocks=directory(f"{RUN}/plan"),
    log:
        f"{RUN}/logs/plan.log",
    benchmark:
        f"{RUN}/benchmarks/plan.tsv"
    conda:
        "../envs/spacegrouper.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        config=CONFIG,
    message:
        "Cutting the crystals into blocks"
    shell:
        "python scripts/plan.py --structures {input.structures} --config {params.config}"
        " --output {output.blocks} 2> {log}"


def block_names():
    """Names of all blocks; the jobs that depend on them are known once the plan is made."""
    plan = Path(checkpoints.plan.get().output.blocks)
    names = planned_blocks(plan)
    if names is None:
        workflow.dag.forcefiles.add(str(plan))
        return ["000000"]
    return names
