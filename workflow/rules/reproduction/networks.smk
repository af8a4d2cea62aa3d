# The tables of the networks, which need no data.
rule tabulate_networks:
    output:
        sizes=in_report("Networks", f"{RUN}/networks/sizes.csv"),
    resources:
        **growing(mem_mb=4000, runtime=10),
    message:
        "Tabulating the networks"
    shell:
        "python scripts/tabulate_networks.py --output {output.sizes} 2> {log}"


rule tabulate_layers:
    output:
        [
            in_report("Paper", f"{RUN}/paper/tables/layers/{name}.csv")
            for name in ["msdn", "msdn_table", "msvgg"]
        ],
    resources:
        **growing(mem_mb=4000, runtime=10),
    params:
        folder=subpath(output[0], parent=True),
    message:
        "Tabulating the layers of the multistream networks"
    shell:
        "python scripts/tabulate_layers.py --output {params.folder} 2> {log}"
