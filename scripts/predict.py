"""Name the space group of one's own crystals, with a trained network."""

from spacegrouper.programs.command_line import run_program
from spacegrouper.programs.predict import main

if __name__ == "__main__":
    run_program(main)
