"""What can be added to the house: sources, techniques, engines, descriptors, networks, formats.

Each is a frozen dataclass with a name, and a registry holds all of a kind. Everything else asks the
registry, and never compares names.
"""
