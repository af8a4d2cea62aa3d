# What all rules that run a program share: a log and a benchmark, named after the rule and what its
# wildcards stand for, and the environment. Included last, when all rules are there.
for each in workflow.rules:
    if not each.norun and not each.log:
        path = Path(each.name, *map("{{{}}}".format, sorted(each.wildcard_names)))
        each.log_modifier = each.benchmark_modifier = each.output_modifier
        each.set_log(f"{RUN}/logs/{path}.log")
        each.benchmark = f"{RUN}/benchmarks/{path}.tsv"
        each.conda_env = str(Path(workflow.basedir, "envs/spacegrouper.yaml"))
