"""The figures and tables of the paper, from results of the grid of experiments."""
