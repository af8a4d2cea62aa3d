# Takes the place of `plan` and `simulate`: the blocks are known once the database is read.
checkpoint import_bitmaps:
    input:
        settings=fixed("import_bitmaps", "plan", "morphology"),
        sources=SOURCES,
    output:
        # What is unfinished lies beside them, but is no output: Snakemake would delete it before
        # the next try, which goes on from it.
        blocks=directory(f"{RUN}/blocks"),
        rejected=in_report("Crystals", f"{RUN}/rejected_bitmaps.csv"),
    resources:
        **growing(mem_mb=4000, runtime=1440),
    params:
        config=CONFIG,
        folder=subpath(output.blocks, parent=True),
    message:
        "Importing the bitmaps of the database"
    shell:
        "python scripts/import_bitmaps.py --config {params.config} --output {params.folder}"
        " --rejected {output.rejected} 2> {log}"


def simulated_blocks():
    """Names of all blocks; the jobs that depend on them are known once the database is read."""
    blocks = Path(checkpoints.import_bitmaps.get().output.blocks)
    return sorted(path.stem for path in blocks.glob("*.h5"))
