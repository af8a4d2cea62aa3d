"""What several formats are made of: the parts of SHELX, and the cell."""
