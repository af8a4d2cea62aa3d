"""Starting Keras' backend, which programs do before anything else of Keras."""

import os
import sys
import tempfile


def start_backend() -> None:
    """Import Keras and its backend without the lines that TensorFlow writes as it starts.

    On a machine without a GPU they read like errors. Two of them are written before TensorFlow
    looks at its level of logging, straight to the file of standard error, so that file is
    exchanged while it is imported; if that fails, what was written is shown.
    """
    # Errors reach us as exceptions of Python all the same.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    shown = os.dup(2)
    with tempfile.TemporaryFile() as hidden:
        os.dup2(hidden.fileno(), 2)
        try:
            import keras  # noqa: F401
        except BaseException:
            hidden.seek(0)
            os.write(shown, hidden.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(shown, 2)
            os.close(shown)
