"""The crystal systems, and lists of space groups by the name they have in the configuration.

Tiong et al. (npj Comput. Mater. 6:196, 2020) tell 8, 20, 49 and 72 groups apart. `groups_72` are
those of their Supplementary Table 2, with 295 materials or more, and `UNTRAINED_GROUPS` the 30 of
their Supplementary Table 3. The others are in a figure only and are inferred here: `groups_8` are
those of Ziletti et al. (Nat. Commun. 9:2775, 2018), whom they compare with, `groups_20` and
`groups_49` the most populous of Supplementary Table 2.
"""

CRYSTAL_SYSTEMS = (
    "triclinic",
    "monoclinic",
    "orthorhombic",
    "tetragonal",
    "trigonal",
    "hexagonal",
    "cubic",
)

# fmt: off
SPACE_GROUPS: dict[str, tuple[int, ...]] = {
    "groups_8": (139, 141, 166, 194, 221, 225, 227, 229),
    "groups_20": (
        1, 2, 4, 8, 11, 12, 14, 15, 62, 63, 71, 123, 139, 156, 166, 194, 216, 221, 225, 227,
    ),
    "groups_49": (
        1, 2, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 19, 33, 36, 38, 55, 60, 61, 62, 63, 64, 65, 71,
        74, 123, 127, 129, 139, 140, 141, 146, 148, 156, 160, 164, 166, 176, 186, 187, 189, 191,
        193, 194, 216, 221, 225, 227,
    ),
    "groups_72": (
        1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 19, 25, 29, 31, 33, 36, 38, 44, 47, 55, 57,
        58, 59, 60, 61, 62, 63, 64, 65, 70, 71, 74, 82, 87, 88, 107, 115, 122, 123, 127, 129, 136,
        139, 140, 141, 146, 148, 156, 160, 164, 166, 173, 176, 186, 187, 189, 191, 193, 194, 198,
        205, 216, 221, 223, 225, 227, 229, 230,
    ),
}
# Never trained on.
UNTRAINED_GROUPS = (
    3, 69, 76, 86, 95, 102, 109, 111, 113, 128, 130, 131, 137, 142, 145, 150, 162, 163, 165, 182,
    185, 188, 197, 200, 203, 212, 214, 215, 218, 226,
)
# fmt: on
