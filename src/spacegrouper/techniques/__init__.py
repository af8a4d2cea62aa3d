"""What is measured of a crystal, and what a network may be shown of it: a folder a technique."""
