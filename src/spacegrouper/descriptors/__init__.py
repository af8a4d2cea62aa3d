"""Images made from patterns: what the networks see."""
