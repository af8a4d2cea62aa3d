"""
In a notebook
=============

Five functions of the package do what a notebook needs: `read`, `simulate`, `shape`, `predict` and
`open_dataset`. What they return shows itself.
"""

import tempfile
from pathlib import Path

import spacegrouper

# %%
# A structure in a file. It is brought into its standard conventional cell, whatever cell the file
# has: here the primitive one of silicon.

folder = Path(tempfile.mkdtemp())
(folder / "silicon.cif").write_text("""
data_silicon
_cell_length_a 3.8399
_cell_length_b 3.8399
_cell_length_c 3.8399
_cell_angle_alpha 60
_cell_angle_beta 60
_cell_angle_gamma 60
_symmetry_space_group_name_H-M 'P 1'
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Si1 0 0 0
Si2 0.25 0.25 0.25
""")
silicon = spacegrouper.read(folder / "silicon.cif")
silicon

# %%
# Its patterns along three axes. Keys are those of the section `simulate` of a configuration; a key
# that is none is refused by name.

patterns = spacegrouper.simulate(silicon, views="zone_axes")
patterns

# %%
# Shaped as in the paper, and drawn beside the raw ones with the strongest reflections indexed. As
# an array they have the form (views, y, x).

shaped = spacegrouper.shape(patterns)
shaped.draw()

# %%
# The network that ships names its space group.

spacegrouper.predict(silicon)

# %%
# `predict` takes the path of anything else that scripts/predict.py takes, and the folder of another
# network. A dataset of the workflow opens as an xarray, which reads what is used:
#
# .. code-block:: python
#
#     spacegrouper.predict("silicon.cif", model="results/demo/model")
#     spacegrouper.predict(["glycine.hkl", "glycine.ins"], prior="molecular")
#     spacegrouper.open_dataset("results/demo/dataset.zarr")
