"""The picture of the README shows what the evaluations say."""

from draw_evaluations import draw


def test_a_bar_for_each_split_with_its_share() -> None:
    metrics = [
        {f"{name}_accuracy": share, f"{name}_interval_95": [share - 0.01, share + 0.01]}
        | {"physics_line_top_1_accuracy": 0.7, "physics_line_top_1_interval_95": [0.69, 0.71]}
        for name, share in (("top_1", 0.9), ("top_1", 0.8))
    ]
    (axes,) = draw([("ours", metrics)]).axes
    # Published (one split), the physics line and ours in the first split; then in the other.
    assert [round(bar.get_width(), 3) for bar in axes.patches] == [0.802, 0.7, 0.9, 0.7, 0.8]
    assert [label.get_text() for label in axes.get_yticklabels()][-1] == "ours"
