"""From the electron micrographs of diffraction patterns to reflections; nothing is simulated here.

One file a step: reading, checks, centre, mask and background, spots, the lattice of a zone, its
plane symmetry, the zone's indices on a cell, and the reflection list of several zones.
"""
