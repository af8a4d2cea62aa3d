rule tabulate_networks:
    output:
        sizes=report(
            f"{RUN}/networks/sizes.csv",
            caption="../../report/network_sizes.rst",
            category="Networks",
            labels={"table": "parameters and cost of every network"},
        ),
    log:
        f"{RUN}/logs/tabulate_networks.log",
    benchmark:
        f"{RUN}/benchmarks/tabulate_networks.tsv"
    conda:
        "../../envs/spacegrouper.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(10),
    message:
        "Tabulating the networks"
    shell:
        "python scripts/tabulate_networks.py --output {output.sizes} 2> {log}"
