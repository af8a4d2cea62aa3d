# Jobs of a Snakemake that was killed go on, and would write the same files as those of the next.
import subprocess
import time


def orphans():
    """Numbers of the SLURM jobs that an earlier Snakemake has left in this folder, by their names.

    Snakemake gives them the prefix that the profile says.
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


# Not for a dry run, and only with the lock of this folder: no other Snakemake is at work here.
onstart:
    if left := orphans():
        logger.warning(
            f"Cancelling the SLURM jobs of an earlier Snakemake: {' '.join(left)}"
        )
        subprocess.run(["scancel", *left], check=True)
        while orphans():
            time.sleep(1)
