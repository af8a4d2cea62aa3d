"""From a crystal to its kinematic diffraction patterns."""
