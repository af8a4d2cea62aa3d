"""How figures look: colours, style, and what is drawn alike in several.

Colours are those of Okabe and Ito, which colour-blind readers can tell apart; where two things
are compared, they differ in hatching or line style too, so the figures read in black and white.
"""

from typing import Any

BLUE = "#0072B2"
SKY_BLUE = "#56B4E9"
ORANGE = "#E69F00"
VERMILION = "#D55E00"
GREY = "#767676"
LIGHT_GREY = "#D9D9D9"
STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "hatch.linewidth": 0.6,
    # Without a fixed salt the names inside an SVG differ from run to run.
    "svg.hashsalt": "spacegrouper",
}
WHISKERS: Any = {"ecolor": "black", "capsize": 2, "error_kw": {"linewidth": 0.9}}
TITLE: Any = {"fontsize": 10, "x": 0.01, "ha": "left"}
# What is compared with something in solid blue.
OPEN_POINTS: Any = {"color": VERMILION, "markerfacecolor": "white"}
# What whoever knows the extinction class alone names right.
PHYSICS_LINE: Any = {
    "colors": ORANGE,
    "linewidth": 2.5,
    "label": "physics line",
}
HATCHED: Any = {"color": "white", "edgecolor": VERMILION, "hatch": "////"}
# Between images that belong together.
NARROW_GAPS: Any = {"w_pad": 0.02, "h_pad": 0.02, "wspace": 0.02, "hspace": 0.02}
