"""
The patterns of a crystal
=========================

Read a crystal from a CIF file, find its standard cell, and simulate its three views.
"""

import matplotlib.pyplot as plt

from spacegrouper.crystals.cif_reader import read_cif_content
from spacegrouper.crystals.standard_cell import standardise
from spacegrouper.settings.run import make_settings

# %%
# A CIF file, as bytes. A file that contradicts itself gives a rejection with the reason instead of
# a crystal.

halite = b"""
data_halite
_cell_length_a 5.6402
_cell_length_b 5.6402
_cell_length_c 5.6402
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'F m -3 m'
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Na 0 0 0
Cl 0.5 0.5 0.5
"""
(crystal,) = read_cif_content(halite, "halite.cif")
print(crystal.id, crystal.species)

# %%
# Settings are those of a configuration file; what is left out has its default, here the paper's
# values. The standard cell carries what spglib finds.

settings = make_settings()
crystal = standardise(crystal, settings.standardise)
for key, value in crystal.metadata.items():
    print(f"{key:17} {value}")

# %%
# The engine takes crystals and returns their patterns, some crystals at a time: 8-bit grey levels,
# for each crystal and view. They are mostly black, so here they are drawn brighter than they are.

(patterns,) = settings.engine.simulate([crystal], settings, 1)
views = settings.simulate.views
figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
for axis, pattern, view in zip(axes, patterns.values[0], views, strict=True):
    axis.imshow(pattern, cmap="gray", vmax=40)
    axis.set(title=f"turned by {view.angle:g}° about {view.axis}", xticks=[], yticks=[])
