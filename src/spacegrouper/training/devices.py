"""Threads, GPU and determinism of Keras' backend; to be set before its first operation."""

import os
from pathlib import Path

import keras

from spacegrouper.training.horovod_world import ALONE, World
from spacegrouper.training.slurm_ranks import started_by_srun


def prepare_backend(world: World = ALONE) -> None:
    """Give this process its share of the host: cores over local ranks, the GPU of its local rank.

    Also makes operations deterministic, so that equal runs give equal networks. JAX and PyTorch,
    which train in one process, are left to their defaults.
    """
    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    threads = len(os.sched_getaffinity(0))
    if started_by_srun(os.environ):
        # SLURM may have bound the rank to CPUs of its own already, or to none at all.
        threads = min(threads, int(os.environ["SLURM_CPUS_PER_TASK"]))
    else:
        threads = max(1, threads // world.local_size)
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    if gpus := tf.config.list_physical_devices("GPU"):
        own = gpus[world.local_rank % len(gpus)]
        tf.config.set_visible_devices(own, "GPU")
        tf.config.experimental.set_memory_growth(own, True)
    tf.config.experimental.enable_op_determinism()


def computes_in_bfloat16() -> bool:
    """Tell whether bfloat16 is faster than float32: on GPUs, and CPUs with AMX.

    Those multiply matrices of bfloat16, which TensorFlow's oneDNN uses. With AVX512_BF16 alone,
    where only products are faster, every network here is slower than in float32, by 15 to 45 %.
    XLA, and so JAX, converts each number.
    """
    by_cpu = keras.backend.backend() == "tensorflow" and "amx_bf16" in _cpu_flags()
    return by_cpu or _has_gpu()


def _cpu_flags() -> list[str]:
    """Return what the CPU can do, as Linux says; nothing elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return next((line.split() for line in lines if line.startswith("flags")), [])


def _has_gpu() -> bool:
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return bool(tf.config.get_visible_devices("GPU"))
    if keras.backend.backend() == "jax":
        import jax

        return any(device.platform == "gpu" for device in jax.devices())
    import torch

    return bool(torch.cuda.is_available())
