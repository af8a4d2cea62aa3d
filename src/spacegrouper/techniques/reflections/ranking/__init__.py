"""From a measured list of reflections to its space group: candidates, their evidence, a ranking."""
