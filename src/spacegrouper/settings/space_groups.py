"""The crystal systems, and lists of space groups by the name they have in the configuration.

Tiong et al. (npj Comput. Mater. 6:196, 2020) tell 8, 20, 49 and 72 groups apart. `groups_72` are
those of their Supplementary Table 2, with 295 materials or more. The others are in a figure only
and are inferred here: `groups_8` are those of Ziletti et al. (Nat. Commun. 9:2775, 2018), whom they
compare with, `groups_20` and `groups_49` the most populous of Supplementary Table 2.
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
# Materials of each space group that the networks of the paper were trained on, 108,658 in all
# (Supplementary Table 2), and of each that they never were, 3,052 (Supplementary Table 3).
PAPER_TRAINED = {
    1: 7328, 2: 6356, 4: 1430, 5: 1340, 6: 1148, 7: 860, 8: 2305, 9: 1120, 10: 462, 11: 1753,
    12: 4324, 13: 612, 14: 8592, 15: 4050, 19: 885, 25: 330, 29: 302, 31: 494, 33: 897, 36: 622,
    38: 1022, 44: 392, 47: 365, 55: 611, 57: 366, 58: 394, 59: 456, 60: 556, 61: 946, 62: 5691,
    63: 2463, 64: 561, 65: 735, 70: 313, 71: 2827, 74: 946, 82: 349, 87: 348, 88: 326, 107: 317,
    115: 328, 122: 406, 123: 2510, 127: 602, 129: 1026, 136: 468, 139: 3367, 140: 635, 141: 719,
    146: 826, 148: 1160, 156: 1381, 160: 1034, 164: 1270, 166: 2637, 173: 431, 176: 518, 186: 900,
    187: 1094, 189: 997, 191: 803, 193: 583, 194: 3423, 198: 441, 205: 319, 216: 1644, 221: 3267,
    223: 295, 225: 8367, 227: 1407, 229: 299, 230: 307,
}
PAPER_UNTRAINED = {
    3: 198, 69: 146, 76: 44, 86: 98, 95: 60, 102: 46, 109: 91, 111: 38, 113: 139, 128: 142,
    130: 121, 131: 75, 137: 133, 142: 190, 145: 59, 150: 146, 162: 155, 163: 137, 165: 134,
    182: 69, 185: 152, 188: 44, 197: 45, 200: 86, 203: 68, 212: 83, 214: 52, 215: 150, 218: 95,
    226: 56,
}

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
    "groups_72": tuple(PAPER_TRAINED),
}
# fmt: on
