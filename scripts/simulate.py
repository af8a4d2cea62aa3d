"""Simulate the patterns of a block of crystals: JSON lines in, raw HDF5 shard out."""

from spacegrouper.programs.command_line import run_program
from spacegrouper.programs.simulate import main

if __name__ == "__main__":
    run_program(main)
