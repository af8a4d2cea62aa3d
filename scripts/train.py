"""Train the network on the dataset, data-parallel over the ranks; resumes by itself."""

from spacegrouper.programs.command_line import run_program
from spacegrouper.programs.train import main

if __name__ == "__main__":
    run_program(main)
