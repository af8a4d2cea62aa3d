"""From crystal structures to diffraction images to a network that names the space group."""
