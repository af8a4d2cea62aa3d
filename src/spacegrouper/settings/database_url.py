"""Passwords have no place in a configuration, of which every run keeps copies."""

from spacegrouper.errors import UserError


def holds_password(url: str) -> bool:
    """Tell whether a database's URL holds a password; one that cannot be read as a URL does not.

    Raises:
        UserError: the extra `databases` is not installed.
    """
    try:
        # Imported here, as most runs know no database.
        import sqlalchemy
    except ImportError:
        raise UserError(
            "morphology.database: reading a database needs packages that are not installed; "
            "run `pip install '.[databases]'`"
        ) from None
    try:
        parsed = sqlalchemy.make_url(url)
    except sqlalchemy.exc.ArgumentError:
        return False
    # Drivers also take `passwd`, and `sslpassword` of a key.
    return parsed.password is not None or any("passw" in key.lower() for key in parsed.query)
