"""Python imports this in every process of a job: it lets a simulation go wrong, once, on demand.

The environment names a folder. There, `<block>.hang` or `<block>.memory` says what is to happen
to the next try of a block; `<block>.starts` gets the number of each job that tries.
"""

import os
import sys
import time
from pathlib import Path

if "scripts/simulate.py" in sys.orig_argv:
    folder = Path(os.environ["SPACEGROUPER_FAULTS"])
    block = Path(sys.orig_argv[sys.orig_argv.index("--output") + 1]).stem
    with (folder / f"{block}.starts").open("a") as file:
        file.write(os.environ["SLURM_JOB_ID"] + "\n")
    for fault in ("hang", "memory"):
        order = folder / f"{block}.{fault}"
        if order.exists():
            order.unlink()
            hoard = b"x" * 2_500_000_000 if fault == "memory" else b""
            while True:
                time.sleep(60)
