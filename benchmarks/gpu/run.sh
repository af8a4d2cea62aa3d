#!/usr/bin/env bash
# Simulate, train and measure on a machine with a GPU: train_on_gpu.py with the packages that
# fetch_wheels.sh brought along. Arguments are handed on to it.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
site=$here/travels/site
if [ ! -d "$site" ]; then
    "$python" -m pip install --quiet --no-index --no-deps --no-compile --target "$site.partial" \
        "$here"/travels/wheels/*.whl
    mv "$site.partial" "$site"
fi
export KERAS_BACKEND=jax
export PYTHONPATH=$here/../../src:$site
# The patterns alone take 43 of an H100's 80 GB.
export XLA_PYTHON_CLIENT_MEM_FRACTION=${XLA_PYTHON_CLIENT_MEM_FRACTION:-0.92}
exec "$python" "$here/train_on_gpu.py" "$@"
