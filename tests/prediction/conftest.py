import pytest
from tiny_model import write_tiny_model

from spacegrouper.prediction.trained_model import TrainedModel, load_trained_model


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    """A network of shaped images that has been calibrated."""
    folder = tmp_path_factory.mktemp("prediction") / "model"
    return load_trained_model(write_tiny_model(folder, temperature=1.5))
