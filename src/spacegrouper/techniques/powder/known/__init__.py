"""Known crystals that a measured diffractogram is like, and what they say of its space group."""
