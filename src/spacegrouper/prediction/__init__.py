"""The answer of a trained network to anyone's own crystal: from a file to a picture or a page."""
