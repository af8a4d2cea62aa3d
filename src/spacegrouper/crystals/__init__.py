"""Crystals: where they come from, their standard cells, their identities, and blocks of them."""
