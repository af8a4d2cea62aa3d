"""Its engines: a file each."""
