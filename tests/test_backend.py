import os
import subprocess
import sys


def test_a_machine_without_a_gpu_hears_nothing_of_it() -> None:
    program = (
        "from spacegrouper.backend import start_backend\n"
        "start_backend()\n"
        "from spacegrouper.training.devices import prepare_backend\n"
        "from spacegrouper.training.horovod_world import World\n"
        "prepare_backend(World())\n"
        "import sys; print('still here', file=sys.stderr)"
    )
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr == "still here\n"


def test_what_goes_wrong_at_the_start_is_shown() -> None:
    program = "from spacegrouper.backend import start_backend; start_backend()"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"KERAS_BACKEND": "none-such"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "none-such" in done.stderr
