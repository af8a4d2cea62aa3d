"""The figure of a powder: its diffractogram above its reflections."""

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from spacegrouper.figures.looks import BLUE, STYLE
from spacegrouper.figures.toolkit import new_figure
from spacegrouper.techniques.powder.settings import Powder

_LONGEST_LINE = 75  # of the heading, characters


@mpl.rc_context(STYLE)
def diffractogram_figure(
    heading: str, powder: Powder, sticks: NDArray[Any], diffractogram: NDArray[Any]
) -> Figure:
    """Draw a diffractogram (points,) above its sticks (angles,), over 2 theta.

    Args:
        heading: of the crystal, with three spaces before what is in brackets.
        powder: what the sticks were simulated with.
        sticks: the integrated intensities.
        diffractogram: its highest point is 1.
    """
    heights = {"height_ratios": (4, 1)}
    figure, (above, below) = new_figure(8, 4.2, 2, sharex=True, gridspec_kw=heights)
    # Ids of prototypes are long.
    above.set_title(heading if len(heading) <= _LONGEST_LINE else heading.replace("   (", "\n("))
    above.plot(
        np.linspace(*powder.two_theta, diffractogram.size), diffractogram, color=BLUE, linewidth=0.9
    )
    above.set(ylabel="intensity, relative", ylim=(0, 1.05))
    (steps,) = np.nonzero(sticks)
    angles = powder.two_theta[0] + powder.step * steps
    below.vlines(angles, 0, sticks[steps] / sticks.max(), color="black", linewidth=0.7)
    below.set(
        xlabel=f"2θ (degrees), wavelength {powder.wavelength * 1e10:g} Å",
        ylabel="area",
        xlim=powder.two_theta,
        ylim=(0, 1.05),
    )
    figure.align_ylabels()
    return figure
