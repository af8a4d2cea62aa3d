#!/usr/bin/env bash
# Snakemake runs this in the new conda environment, from the folder the workflow runs in.
set -euo pipefail
./install_environment.sh "$CONDA_PREFIX/bin/python"
