"""Formats of measured reflection lists: each file registers one."""
