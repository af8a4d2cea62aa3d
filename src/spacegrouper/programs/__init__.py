"""Programs that a person calls, each also a command of `spacegrouper`."""
