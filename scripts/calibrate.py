"""Fit the temperature that makes a trained network's probabilities believable."""

import json

from spacegrouper.atomic import written_aside
from spacegrouper.backend import start_backend
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError
from spacegrouper.evaluation.calibration import TEMPERATURES, calibrate
from spacegrouper.evaluation.distance import measure_distance, rows_to_average
from spacegrouper.evaluation.model_folder import (
    find_model_folder,
    read_labels,
    read_parts,
    uncalibrated_because,
)
from spacegrouper.programs.command_line import Config, Model, Store, log, progress, run_program
from spacegrouper.settings import load_settings


def main(dataset: Store, model: Model, config: Config) -> None:
    """Fit the temperature of a trained network on the crystals of the validation part.

    Reads patterns from DATASET, and the network and the split from MODEL. Writes calibration.json
    into MODEL: the temperature, the number of validation crystals, and their negative log
    likelihood (nats) and expected calibration error before and after; and how far validation
    crystals are from the training crystals of each class, by which predict.py warns of inputs that
    are farther. No answer changes, only the probabilities that evaluate.py and predict.py give it.
    """
    model = find_model_folder(model)
    settings = load_settings(config)
    group = Dataset(dataset)
    labels = read_labels(model, group)
    if reason := uncalibrated_because(model):
        raise UserError(f"{reason}; evaluate.py and predict.py take its probabilities as they are")
    split = read_parts(model / "split.csv", group)
    validation = split[split["part"] == "validation"]
    if validation.empty:
        raise UserError(
            f"{model / 'split.csv'}: no crystal of the part validation, which the temperature is "
            "fitted on; train again with scripts/train.py"
        )

    start_backend()
    from spacegrouper.evaluation.predictions import load_network, predict_logits
    from spacegrouper.training.devices import prepare_backend

    prepare_backend()
    network = load_network(model / "model.keras")
    training = rows_to_average(split[split["part"] == "train"], settings.seed)
    parts, batch_size = (validation, training), settings.evaluate.batch_size
    with progress("predicting", sum(map(len, parts))) as advance:
        logits, of_training = (
            predict_logits(network, labels, group, part["row"].to_numpy(), batch_size, advance)
            for part in parts
        )

    found = calibrate(logits, validation["label"].to_numpy())
    distance = measure_distance(of_training, training["label"].to_numpy(), logits)
    if found["validation_mistakes"] == 0:
        log.warning(
            "all %d validation crystals are named right, so they do not tell how sure the network "
            "may be: the temperature is 1; with more crystals it could be fitted",
            found["validation_crystals"],
        )
    elif found["temperature"] > 0.99 * TEMPERATURES[1]:
        log.warning(
            "the temperature is at the end of its range: the network knows no more than chance"
        )
    with written_aside(model / "calibration.json") as path:
        path.write_text(json.dumps(found | distance, indent=2) + "\n", encoding="utf-8")
    log.info(
        "temperature %.3f; negative log likelihood %.3f, before %.3f; expected calibration error "
        "%.1f %%, before %.1f %%; n = %d",
        found["temperature"],
        found["negative_log_likelihood_after"],
        found["negative_log_likelihood_before"],
        100 * found["expected_calibration_error_after"],
        100 * found["expected_calibration_error_before"],
        found["validation_crystals"],
    )


if __name__ == "__main__":
    run_program(main)
