#!/usr/bin/env bash
# Download what a machine with a GPU lacks (wheels.txt), in the locked versions, for its Python 3.12.
# Usage: fetch_wheels.sh [FOLDER]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/travels/wheels}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Of the lock, the entries with these names, hashes included.
awk 'NR == FNR {wanted[$1]; next} /^[a-z]/ {split($1, entry, "=="); take = entry[1] in wanted}
     take && !/^#/' "$here/wheels.txt" "$here/../../requirements.lock" > "$work/locked.txt"
if [ "$(grep -c '^[a-z]' "$work/locked.txt")" != "$(grep -c . "$here/wheels.txt")" ]; then
    echo "error: wheels.txt names packages that requirements.lock does not have" >&2
    exit 1
fi
rm -rf "$folder"
python -m pip download --quiet --no-deps --require-hashes --only-binary=:all: \
    --python-version 3.12 --implementation cp \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
    --dest "$folder" -r "$work/locked.txt"
du -sh "$folder"
