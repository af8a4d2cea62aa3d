#!/usr/bin/env bash
# Install the locked environment, and this package, into the environment of a Python 3.11.
# Usage: install_environment.sh PYTHON    (the interpreter of a virtual or conda environment)
set -euo pipefail

python=$1
root=$(cd "$(dirname "$0")" && pwd)
lock=$root/requirements.lock
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Horovod compiles against the TensorFlow beside it, so it comes second, without a build
# environment of its own: first all entries of the lock but Horovod's, then Horovod's.
awk '/^horovod==/ {skip = 1} !skip; !/\\$/ {skip = 0}' "$lock" > "$work/all-but-horovod.txt"
awk '/^horovod==/ {take = 1} take; !/\\$/ {take = 0}' "$lock" > "$work/horovod.txt"
"$python" -m pip install --no-deps --require-hashes -r "$work/all-but-horovod.txt"

if command -v c++ > /dev/null; then
    # --no-cache-dir: a wheel built against another TensorFlow must not be reused.
    PATH=$(dirname "$python"):$PATH \
        HOROVOD_WITH_TENSORFLOW=1 HOROVOD_WITHOUT_PYTORCH=1 HOROVOD_WITHOUT_MXNET=1 \
        HOROVOD_WITH_GLOO=1 HOROVOD_WITHOUT_MPI=1 \
        "$python" -m pip install --no-deps --require-hashes --no-build-isolation --no-cache-dir \
        -r "$work/horovod.txt"
else
    echo "no C++ compiler, so no Horovod: trainings run in one process (train.ranks: 1);" \
        "for several: apt-get install g++ python3-dev, then $0 $python" >&2
fi

"$python" -m pip install --no-deps --no-build-isolation --editable "$root"
