"""
From spots to shapes
====================

Join the spots of a pattern by both methods, and compose what the network sees.
"""

import matplotlib.pyplot as plt
import numpy as np

from spacegrouper.contract.technique import DESCRIPTORS, Presentation
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.standard_cell import standardise
from spacegrouper.settings.run import make_settings
from spacegrouper.techniques.patterns.settings import Shape
from spacegrouper.techniques.patterns.shaping import shape_patterns

# %%
# Caesium chloride, written by hand: a cubic cell of 4.12 Å.

settings = make_settings()
crystal = Crystal(
    id="CsCl",
    lattice=4.12 * np.eye(3),
    species=("Cs", "Cl"),
    frac_coords=np.array([[0, 0, 0], [0.5, 0.5, 0.5]]),
)
crystal = standardise(crystal, settings.standardise)
(patterns,) = settings.engine.simulate([crystal], settings, 1)
raw = patterns.values
print(raw.shape, raw.dtype)

# %%
# `pixels` is the program that the paper's authors released, `nodes` the text of their paper.

by_pixels = shape_patterns(raw, Shape(method="pixels"))
by_nodes = shape_patterns(raw, Shape(method="nodes"))

figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
for axis, name, image in zip(
    axes, ("raw", "pixels", "nodes"), (raw, by_pixels, by_nodes), strict=True
):
    axis.imshow(image[0, 0], cmap="gray", vmax=60)
    axis.set(title=name, xticks=[], yticks=[])

# %%
# A descriptor makes the network's input from the arrays of a dataset. That of `shaped` is three
# images, one for each view, with the shaped pattern in the colour of the view.

presentation = Presentation(
    descriptor="shaped",
    image_size=128,
    resize="maximum",
    seed=0,
    sections={},
    made_with={"shape": settings.of(Shape).model_dump()},
)
composer = DESCRIPTORS["shaped"].composer(presentation)
prepared = composer.prepare({"raw": raw, "shaped": by_pixels})
images = composer.compose(prepared, [crystal.id])

figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
for axis, name, image in zip(axes, "xyz", images, strict=True):
    axis.imshow(image[0])
    axis.set(title=f"{name} view", xticks=[], yticks=[])
