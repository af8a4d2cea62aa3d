import pytest

from spacegrouper.contract.network import build_model
from spacegrouper.reproduction.layers import layer_table
from spacegrouper.settings import Model


@pytest.mark.parametrize(
    "settings", [Model(image_size=32, blocks=(1, 2)), Model(name="ziletti", image_size=16)]
)
def test_the_layers_hold_all_parameters(settings):
    model = build_model(5, settings)
    assert layer_table(model)["parameters"].sum() == model.count_params()


def test_layers_are_described():
    model = build_model(5, Model(image_size=32, blocks=(1, 2)))
    rows = layer_table(model).set_index("layer").to_dict("index")
    assert rows["stem"] == {
        "part": "trunk",
        "kind": "Conv2D",
        "kernel": "7 x 7",
        "stride": "2 x 2",
        "output": "16 x 16 x 32",
        "parameters": 7 * 7 * 3 * 32 + 32,
        "uses": 3,
    }
    heads = [name for name in rows if rows[name]["kind"] == "Dense"]
    assert len(heads) == 3
    for name in heads:
        assert (rows[name]["part"], rows[name]["output"], rows[name]["uses"]) == ("", "5", 1)
    assert rows["red"]["output"] == "32 x 32 x 3"
