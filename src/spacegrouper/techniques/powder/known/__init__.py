"""Known crystals that a measured diffractogram is like, and what they say of its space group."""

KNOWN_CRYSTALS = "known_crystals.npz"  # the file of them, beside a network
