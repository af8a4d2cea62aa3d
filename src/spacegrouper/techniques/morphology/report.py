"""What the report says of the tables and figures of a dataset of bitmaps."""

from spacegrouper.contract.technique import Shown

_DECIDABILITY = Shown(
    "best possible accuracy",
    "How far the bitmaps decide the question. Crystals of different classes may have the same "
    "bitmap, equal in every pixel (by SHA-256); the best any classifier can do is to name, "
    "for each bitmap, the class that most of its crystals have. The share answered right in "
    "this way is the ceiling of the accuracy on these crystals, for space groups and for "
    "coarser classes. A bitmap that occurs once counts as decided, though nothing may tell it "
    "from that of another class but a pixel: on the crystals whose bitmap occurs more than "
    "once the ceiling is lower, and says more. The third bar is the accuracy of always naming "
    "the largest class.",
)

_BRIGHTNESS = Shown(
    "average brightness",
    "How bright the crystals are: the mean grey level (0 to 255) of all pixels of a crystal's "
    "bitmaps, those of the background included. The table has the mean over the crystals, the "
    "standard deviation between them and percentiles, for all views together and for each, "
    "counted from 0.",
)

_PIXEL_VALUES = Shown(
    "histograms of pixel values",
    "How many pixels of all bitmaps have which grey level, for each view, counted from 0. The "
    "highest column at 0 is the background. Shaded faces are at least as bright as 51 "
    "(docs/morphology.md); darker pixels are edges of the crystal that cover a part of a "
    "pixel.",
)

TABLES = {
    "decidability": _DECIDABILITY,
    "brightness": _BRIGHTNESS,
    "brightness_distribution": Shown(
        "brightness per space group, distribution",
        "How many crystals of each space group have a mean grey level ``from`` the one value to "
        "``below`` the other; rows without crystals are left out.",
    ),
    "pixel_values": _PIXEL_VALUES,
    "per_space_group": Shown(
        "crystals and brightness per space group",
        "The crystals of each space group: how many, how many different bitmaps they have, and "
        "their mean grey levels: mean and standard deviation over the crystals, and percentiles.",
    ),
    "shared_bitmaps": Shown(
        "equal bitmaps of different space groups",
        "The bitmaps that crystals of several space groups have, the most frequent first: SHA-256 "
        "of the pixels, number of crystals, number of space groups, the crystals of each, and "
        "examples from different groups.",
    ),
}

FIGURES = {
    "class_balance": Shown(
        "crystals and different bitmaps per space group",
        "How many crystals each space group has, and how many different bitmaps these have, on a "
        "logarithmic scale. Where a space group has few bitmaps, many of its crystals look "
        "exactly alike: habits of cubic crystals, for one, depend on nothing but the space group.",
    ),
    "brightness": _BRIGHTNESS,
    "brightness_per_space_group": Shown(
        "brightness per space group",
        "How bright the crystals of each space group are: the mean grey level (0 to 255) of all "
        "pixels of a crystal's bitmaps. Shown are, over the n crystals of the space group, the "
        "smallest to the largest value, the middle nine tenths, the median and the mean. Groups "
        "that differ here could be told apart, in part, by nothing but the amount of light.",
    ),
    "pixel_values": _PIXEL_VALUES,
    "decidability": _DECIDABILITY,
    "mean_images": Shown(
        "mean bitmap of each space group",
        "The mean of the bitmaps of all n crystals of each space group, its views side by side. "
        "Sharp edges mean that the crystals look alike, as those of a cubic space group do; "
        "blurred ones, that their axes differ.",
    ),
}
