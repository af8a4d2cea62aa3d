rule tabulate_networks:
    output:
        sizes=in_report("Networks", f"{RUN}/networks/sizes.csv"),
    resources:
        **growing(mem_mb=4000, runtime=10),
    message:
        "Tabulating the networks"
    shell:
        "python scripts/tabulate_networks.py --output {output.sizes} 2> {log}"
