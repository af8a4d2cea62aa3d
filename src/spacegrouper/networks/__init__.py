"""Keras networks by name; nothing but Keras layers, so that any of its backends can run them."""
