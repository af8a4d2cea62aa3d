import pytest

from spacegrouper.settings.database_url import holds_password


@pytest.mark.parametrize(
    ("url", "holds"),
    [
        ("sqlite:///habits.db", False),
        ("postgresql+psycopg://me@host/habits", False),
        ("postgresql+psycopg://me:s3cret@host/habits", True),
        ("postgresql+psycopg://me:s3#c/r?t@host/habits", True),
        ("mysql+pymysql://host/habits?user=me&passwd=s3cret", True),
        ("postgresql+psycopg://host/habits?sslpassword=s3cret", True),
        ("no URL", False),
    ],
)
def test_a_password_is_found_wherever_drivers_take_one(url: str, holds: bool) -> None:
    assert holds_password(url) == holds
