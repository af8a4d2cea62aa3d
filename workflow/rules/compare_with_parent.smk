if PARENT:

    rule compare_with_parent:
        input:
            settings=fixed("compare_with_parent", "standardise", "release"),
            structures=rules.standardise.output.structures,
            parent=ancient(str(release_structures(PARENT))),
            parent_digests=PARENT_DIGESTS,
        output:
            changes=report(
                f"{RUN}/release/changes.csv",
                caption="../report/changes.rst",
                category="Crystals",
                labels={"table": "changes since the parent release"},
            ),
            structures=f"{RUN}/release/structures.jsonl.gz",
            to_simulate=f"{RUN}/release/to_simulate.jsonl.gz",
        log:
            f"{RUN}/logs/compare_with_parent.log",
        benchmark:
            f"{RUN}/benchmarks/compare_with_parent.tsv"
        conda:
            "../envs/spacegrouper.yaml"
        threads: 16
        resources:
            mem_mb=growing(8000),
            runtime=growing(240),
        params:
            config=CONFIG,
            folder=subpath(output.changes, parent=True),
        message:
            f"Comparing the crystals with those of '{settings.release.parent}'"
        shell:
            "python scripts/compare_with_parent.py --structures {input.structures}"
            " --parent {input.parent} --config {params.config} --output {params.folder}"
            " --threads {threads} 2> {log}"
