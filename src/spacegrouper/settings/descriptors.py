"""What is simulated of a crystal, and the images that can be made of it."""

from typing import Literal

# The images that are made of a crystal's patterns, see descriptors/images.py.
Descriptor = Literal["shaped", "spot", "raw", "powder", "diffractogram", "morphology"]


# What is simulated of a crystal, and the descriptors that can be made of it.
Technique = Literal["diffraction", "powder", "morphology"]


DESCRIPTORS: dict[Technique, tuple[Descriptor, ...]] = {
    "diffraction": ("shaped", "spot", "raw"),
    "powder": ("powder", "diffractogram"),
    "morphology": ("morphology", "raw"),
}
