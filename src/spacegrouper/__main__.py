"""`python -m spacegrouper` is the command `spacegrouper`."""

from spacegrouper.programs.command import run

run()
