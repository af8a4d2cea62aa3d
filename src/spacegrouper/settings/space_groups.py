"""The crystal systems, and lists of space groups by the name they have in `split.classes`.

Tiong et al. (npj Comput. Mater. 6:196, 2020) tell 8, 20, 49 and 72 groups apart, but list them in
no text. `groups_8` are those of Ziletti et al. (Nat. Commun. 9:2775, 2018); the others are the most
populous ones of the Materials Project's release 2025.02 (144,140 structures, symprec 0.1).
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
        1, 2, 5, 8, 9, 11, 12, 14, 15, 38, 62, 63, 71, 123, 139, 166, 194, 216, 221, 225,
    ),
    "groups_49": (
        1, 2, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 19, 25, 33, 36, 38, 44, 55, 60, 61, 62, 63, 64,
        65, 71, 74, 123, 129, 139, 140, 141, 146, 148, 156, 160, 164, 166, 167, 186, 187, 189, 191,
        194, 216, 221, 225, 227,
    ),
    "groups_72": (
        1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 19, 25, 26, 29, 31, 33, 36, 38, 44, 47, 55,
        57, 58, 59, 60, 61, 62, 63, 64, 65, 70, 71, 74, 82, 87, 99, 107, 115, 119, 122, 123, 127,
        129, 136, 139, 140, 141, 146, 148, 156, 160, 161, 164, 166, 167, 173, 176, 186, 187, 189,
        191, 193, 194, 198, 216, 221, 225, 227,
    ),
}
# fmt: on
