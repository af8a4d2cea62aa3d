"""What the report says of the tables and figures of a dataset of patterns."""

from spacegrouper.contract.technique import Shown

TABLES = {
    "per_space_group": Shown(
        "crystals and brightness per space group",
        "The crystals of each space group: how many, of how many prototypes (kinds of structure), "
        "and the mean grey level (of 255) of their raw and shaped patterns with its standard "
        "deviation between crystals.",
    ),
    "per_crystal_system": Shown(
        "crystals per crystal system",
        "The space groups, crystals and prototypes (kinds of structure) of each crystal system.",
    ),
    "patterns": Shown(
        "occupied pixels and nodes",
        "Mean and percentiles, over the patterns of each view, of the lit pixels (not 0) and the "
        "bright pixels (normalised value of at least ``shape.threshold``) of raw and shaped "
        "patterns, and of the nodes: the bright spots of a raw pattern, the direct beam included. "
        "Views are counted from 0.",
    ),
    "histograms": Shown(
        "histograms of occupied pixels and nodes",
        "How many patterns of each view have a value from ``first`` to ``last``. The measures are "
        "those of the table of occupied pixels and nodes.",
    ),
}

FIGURES = {
    "class_balance": Shown(
        "crystals and prototypes per space group",
        "How many crystals each space group has, and of how many prototypes (kinds of structure) "
        "they are, on a logarithmic scale. Groups with few crystals are hard to learn; where few "
        "prototypes make up a group, a network may learn the prototypes in place of the space "
        "group.",
    ),
    "crystal_systems": Shown(
        "crystals per crystal system",
        "How many crystals, of how many space groups, each crystal system has.",
    ),
    "brightness": Shown(
        "brightness per space group",
        "How bright the raw and the shaped patterns of each space group are. The brightness of a "
        "crystal is the mean grey level (of 255) of all pixels of its patterns; shown are the "
        "mean over the space group's n crystals and, as bars, the standard deviation between "
        "them. The scales of raw and shaped differ.",
    ),
    "occupied_pixels": Shown(
        "occupied pixels",
        "How many pixels of a pattern are lit (not 0), and how many are bright (normalised value "
        "of at least ``shape.threshold``), for raw and shaped patterns and each view. The axis is "
        "logarithmic: the share of patterns between two numbers of pixels is the area under the "
        "line, and the height is the share for each factor of two.",
    ),
    "nodes": Shown(
        "nodes",
        "How many nodes the patterns of each view have. A node is a bright spot of the raw "
        "pattern: pixels with a normalised value of at least ``shape.threshold`` that touch by an "
        "edge or a corner. The direct beam is one of them. The share of patterns between two "
        "numbers of nodes is the area under the line.",
    ),
}
