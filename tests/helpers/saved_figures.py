"""The check that a saved figure has ink, no date, and the same bytes each time."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from spacegrouper.figures.toolkit import save_figure


@pytest.fixture
def assert_saved_well(tmp_path: Path) -> Callable[..., None]:
    """Save figures twice: the files must have ink, no date, and the same bytes."""

    def check(draw: Callable[[], dict[str, Figure]], files: int) -> None:
        for folder in ("once", "twice"):
            for name, figure in draw().items():
                save_figure(figure, tmp_path / folder, name)
        written = sorted(path.name for path in (tmp_path / "once").iterdir())
        assert len(written) == files
        for name in written:
            content = (tmp_path / "once" / name).read_bytes()
            assert content == (tmp_path / "twice" / name).read_bytes()
            if name.endswith(".png"):
                image = np.asarray(Image.open(io.BytesIO(content)).convert("L"))
                assert min(image.shape) > 400
                assert 0.01 < (image < 200).mean() < 0.9
            else:
                assert content.startswith(b"<?xml")
                assert b"<dc:date>" not in content

    return check
