"""Draw the diffraction patterns of one crystal: JSON lines in, a figure out."""

from spacegrouper.programs.command_line import run_program
from spacegrouper.programs.draw_patterns import main

if __name__ == "__main__":
    run_program(main)
