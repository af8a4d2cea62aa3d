"""The error a person can act on: programs print its one line and stop, without a traceback."""


class UserError(Exception):
    """Bad input: the message says what is wrong, where, and what to do, in one line."""
