if PARENT:

    rule compare_with_parent:
        input:
            settings=fixed("compare_with_parent", "standardise", "release", *THIN),
            structures=KEPT,
            parent=ancient(str(release_structures(PARENT))),
            parent_digests=PARENT_DIGESTS,
        output:
            changes=in_report("Crystals", f"{RUN}/release/changes.csv"),
            structures=f"{RUN}/release/structures.jsonl.gz",
            to_simulate=f"{RUN}/release/to_simulate.jsonl.gz",
        threads: 16
        resources:
            **growing(mem_mb=8000, runtime=240),
        params:
            config=CONFIG,
            folder=subpath(output.changes, parent=True),
        message:
            f"Comparing the crystals with those of '{settings.release.parent}'"
        shell:
            "python scripts/compare_with_parent.py --structures {input.structures}"
            " --parent {input.parent} --config {params.config} --output {params.folder}"
            " --threads {threads} 2> {log}"
