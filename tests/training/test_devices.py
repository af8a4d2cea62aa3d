"""What configures TensorFlow runs in a process of its own, as it can be done only once."""

import os
import subprocess
import sys

import pytest

from spacegrouper.training import devices

PROGRAM = """
import os
os.sched_getaffinity = lambda process: set(range(12))
from spacegrouper.training.devices import prepare_backend
from spacegrouper.training.horovod_world import World
prepare_backend(World(rank=7, size=8, local_rank=3, local_size=4))
import tensorflow as tf
print(tf.config.threading.get_intra_op_parallelism_threads())
print(tf.config.threading.get_inter_op_parallelism_threads())
try:
    tf.random.normal([1])
except RuntimeError as error:
    print("determinism" in str(error))
"""


def run(environment: dict[str, str]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_ranks_share_the_cores_and_operations_are_deterministic() -> None:
    assert run({}) == ["3", "1", "True"]


def test_a_task_of_srun_takes_what_slurm_gave_it() -> None:
    task = {"SPACEGROUPER_RENDEZVOUS": "node1 node2 12345", "SLURM_CPUS_PER_TASK": "7"}

    assert run(task)[0] == "7"


@pytest.mark.parametrize(
    ("flags", "faster"),
    [
        pytest.param(["avx512_bf16"], False, id="products alone"),
        pytest.param(["avx512_bf16", "amx_bf16", "amx_tile"], True, id="matrices"),
    ],
)
def test_bfloat16_pays_on_a_cpu_that_multiplies_matrices_of_it(
    flags: list[str], faster: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "_cpu_flags", lambda: flags)
    monkeypatch.setattr(devices, "_has_gpu", lambda: False)

    assert devices.computes_in_bfloat16() is faster
