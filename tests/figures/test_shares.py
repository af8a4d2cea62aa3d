import pytest

from spacegrouper.figures.shares import percent


@pytest.mark.parametrize(
    ("share", "printed"),
    [
        (0.0, "0.0 %"),
        (1e-9, "< 0.1 %"),
        (0.0006, "0.1 %"),
        (0.934, "93.4 %"),
        (0.9994, "99.9 %"),
        (0.9999999, "> 99.9 %"),
        (1.0, "100.0 %"),
    ],
)
def test_no_share_but_the_exact_is_none_or_all(share: float, printed: str) -> None:
    assert percent(share) == printed
