"""How shares and probabilities are printed."""


def percent(share: float) -> str:
    """Return a share as it is printed, such as `93.4 %`; none but the exact is 0 or 100."""
    if 0 < share < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= share < 1:
        return "> 99.9 %"
    return f"{100 * share:.1f} %"
