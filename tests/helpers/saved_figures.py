"""The check that saved figures have ink. Figures of the same bytes are the toolkit's concern."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from spacegrouper.figures.toolkit import save_figure


@pytest.fixture
def assert_saved_well(tmp_path: Path) -> Callable[..., None]:
    """Save figures, each in two files: they must be large, and have ink, but not all over."""

    def check(draw: Callable[[], dict[str, Figure]], files: int) -> None:
        folder, figures = tmp_path / "figures", draw()
        for name, figure in figures.items():
            save_figure(figure, folder, name)
            image = np.asarray(Image.open(folder / f"{name}.png").convert("L"))
            assert min(image.shape) > 400
            assert 0.01 < (image < 200).mean() < 0.9
        assert len(list(folder.iterdir())) == files == 2 * len(figures)

    return check
