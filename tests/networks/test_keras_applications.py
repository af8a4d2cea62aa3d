import pytest

from spacegrouper.contract.network import build_model
from spacegrouper.settings import Model


@pytest.mark.parametrize(
    ("name", "published", "features"),
    # https://keras.io/api/applications rounds these counts to 8.1 and 25.6 million.
    [("densenet", 8_062_504, 1024), ("resnet", 25_636_712, 2048)],
)
def test_has_the_published_parameters(name: str, published: int, features: int) -> None:
    model = build_model(1000, Model(name=name, image_size=32))

    # These networks average over the image: its size changes no layer.
    assert model.count_params() == published
    assert model.get_layer("features").output.shape == (None, features)
