"""Show a web page on this machine that names the space group of what is dropped on it."""

from spacegrouper.programs.command_line import run_program
from spacegrouper.programs.serve import main

if __name__ == "__main__":
    run_program(main)
