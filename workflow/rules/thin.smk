# The crystals that the run goes on with: all that have a standard cell or, where `thin` says so, at most
# so many of each space group. The stages after it name THIN among their settings.
THIN = ["thin", "seed"] if settings.thin.counts is not None else []


if THIN:

    rule thin:
        input:
            settings=fixed("thin", "thin", "seed"),
            structures=rules.collect.output.structures,
        output:
            structures=f"{RUN}/structures/thinned.jsonl.gz",
            table=in_report("Crystals", f"{RUN}/structures/thinned.csv"),
        resources:
            **growing(mem_mb=4000, runtime=60),
        params:
            config=CONFIG,
        message:
            "Keeping so many crystals of each space group"
        shell:
            "python scripts/thin.py --structures {input.structures} --config {params.config}"
            " --output {output.structures} --table {output.table} 2> {log}"


KEPT = (rules.thin if THIN else rules.collect).output.structures
