# The inputs of `fixed` and `required` (settings.smk): small files, written where Snakemake runs. Each
# takes the place of the one before.
rule fix_settings:
    output:
        f"{RUN}/{{folder}}settings/{{stage}}-{{digest}}.json",
    log:
        f"{RUN}/logs/settings/{{folder}}{{stage}}-{{digest}}.log",
    wildcard_constraints:
        folder=r"(grid/[^/]+/)?",
        stage="[a-z_]+",
        digest="[0-9a-f]{16}",
    localrule: True
    params:
        others=f"{RUN}/{{folder}}settings/{{stage}}-*.json",
        content=lambda wildcards, output: FIXED[output[0]],
    message:
        "Writing down the settings of {wildcards.folder}{wildcards.stage}"
    shell:
        "rm -f {params.others}; echo {params.content:q} > {output} 2> {log}"


rule list_sources:
    output:
        f"{RUN}/settings/sources-{{digest}}.csv",
    log:
        f"{RUN}/logs/list_sources-{{digest}}.log",
    localrule: True
    params:
        config=CONFIG,
        others=f"{RUN}/settings/sources-*.csv",
    message:
        "Listing the files that the crystals come from"
    shell:
        "rm -f {params.others}; python scripts/list_sources.py --config {params.config}"
        " --output {output} 2> {log}"
