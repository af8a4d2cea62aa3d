from typing import get_args

from spacegrouper.config.sections import Model
from spacegrouper.models.registry import NETWORKS, build_model


def test_every_name_of_the_configuration_is_a_network() -> None:
    assert set(get_args(Model.model_fields["name"].annotation)) == set(NETWORKS)


def test_builds_by_name() -> None:
    model = build_model(4, Model(name="msdn", image_size=16, blocks=(1,), growth=4))

    assert model.name == "msdn"
    assert [output.shape for output in model.outputs] == [(None, 4)] * 3
