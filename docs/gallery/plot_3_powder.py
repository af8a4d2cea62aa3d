"""
A powder diffractogram
======================

Simulate the reflections of a powder, and give them the profile of an instrument and a sample.
"""

import matplotlib.pyplot as plt
import numpy as np

from spacegrouper.contract.technique import ENGINES
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.standard_cell import standardise
from spacegrouper.randomness import generators
from spacegrouper.settings.run import make_settings
from spacegrouper.techniques.powder.diffractograms import diffractograms
from spacegrouper.techniques.powder.settings import Diffractogram, Powder

# %%
# Silicon, as in the standard NIST SRM 640, in its primitive cell. Engines are known by name.

settings = make_settings()
crystal = Crystal(
    id="Si",
    lattice=5.4311 / 2 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]),
    species=("Si", "Si"),
    frac_coords=np.array([[0, 0, 0], [0.25, 0.25, 0.25]]),
)
crystal = standardise(crystal, settings.standardise)
(patterns,) = ENGINES["xrayutilities"].simulate([crystal], settings, 1)
print(patterns.values.shape)

# %%
# A dataset keeps these sticks: the integrated intensity at each step of 2θ. Diffractograms are made
# from them when they are needed, so the profile can change without a new simulation.

powder = settings.of(Powder)
sticks = patterns.values[:, 0, 0]
figure, axis = plt.subplots(figsize=(9, 3.6), layout="constrained")
for size in (50, 5):
    profile = Diffractogram(crystallite_size=size, k_alpha_2=0.5)
    curves = diffractograms(
        sticks, powder, profile, powder.angles, None, generators(0, [crystal.id], "diffractogram")
    )
    angles = np.linspace(*powder.two_theta, powder.angles)
    axis.plot(angles, curves[0], label=f"crystallites of {size} nm", linewidth=1)
axis.set(xlabel="2θ, degrees", ylabel="intensity, relative")
axis.set(xlim=powder.two_theta, ylim=0)
axis.legend()
