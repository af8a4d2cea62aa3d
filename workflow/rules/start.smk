# What happens when a run starts, with the lock of this folder and not for a dry run, and when it ends.
import subprocess
import time

from spacegrouper.programs.follow_jobs import JobFollower
from spacegrouper.programs.run_result import result_lines


def orphans():
    """Numbers of the SLURM jobs that an earlier Snakemake has left in this folder, by their names.

    They go on when it is killed, and would write the same files as those of the next. Snakemake
    gives them the prefix that the profile says.
    """
    try:
        queue = subprocess.run(
            ["squeue", "--me", "--noheader", "--format=%i|%j|%Z"],
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        return []
    jobs = [line.split("|", 2) for line in queue.stdout.splitlines()]
    return [
        number
        for number, name, folder in jobs
        if name.startswith("spacegrouper_") and folder == str(Path.cwd())
    ]


onstart:
    if left := orphans():
        logger.warning(
            f"Cancelling the SLURM jobs of an earlier Snakemake: {' '.join(left)}"
        )
        subprocess.run(["scancel", *left], check=True)
        while orphans():
            time.sleep(1)
    configs = {CONFIG: settings}
    if any(job.rule.name.endswith("_experiment") for job in workflow.dag.jobs):
        configs |= {
            f"{GRID}/{name}/config.yaml": experiment
            for name, experiment in EXPERIMENTS.items()
        }
    for path, content in configs.items():
        try:
            write_settings(content, Path(path))
        except OSError as error:
            raise WorkflowError(f"{path}: cannot be written: {error.strerror}")
    follower = JobFollower()
    logger.addHandler(follower)
    follower.follow()


# Other jobs go on when one fails, and what it said scrolls away.
onerror:
    said = [
        line
        for path in log
        for line in Path(path).read_text(errors="replace").splitlines()
    ]
    for line in dict.fromkeys(line for line in said if line.startswith("error: ")):
        logger.error(line)


onsuccess:
    for line in result_lines(Path(RUN)):
        logger.info(line)
