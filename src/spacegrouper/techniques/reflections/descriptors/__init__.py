"""Its descriptors: a file each."""
