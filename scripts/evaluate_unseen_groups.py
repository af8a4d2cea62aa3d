"""Tell apart, by a network's embeddings, space groups that it was never trained on."""

from spacegrouper.atomic import written_aside
from spacegrouper.backend import start_backend
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.evaluation.model_folder import find_model_folder, read_labels, read_split
from spacegrouper.evaluation.scores import write_scores
from spacegrouper.programs.command_line import (
    Config,
    Model,
    Results,
    Store,
    log,
    progress,
    run_program,
)
from spacegrouper.settings import load_settings


def main(dataset: Store, model: Model, config: Config, output: Results) -> None:
    """Give crystals of untrained space groups the group of the most similar reference crystal.

    Reads patterns from DATASET, and the network and the split from MODEL. The most populous space
    groups that are in no part of the split are halved into reference and test crystals, by
    prototype if split.method is that. The same is done with the network untrained. Writes to
    OUTPUT: metrics.json, predictions.csv, top_k.csv, symmetry.csv, per_class.csv, and figures/ with
    each figure as SVG and PNG.
    """
    model = find_model_folder(model)
    settings = load_settings(config)
    group = Dataset(dataset)
    labels = read_labels(model, group)
    trained_on = read_split(model / "split.csv", group)["spacegroup"].unique()
    from spacegrouper.figures.toolkit import save_figure
    from spacegrouper.reproduction import unseen_figures, unseen_groups

    crystals = unseen_groups.choose_unseen(
        group, trained_on, settings.evaluate, settings.split.method, settings.seed
    )
    is_test = (crystals["part"] == "test").to_numpy()
    reference, test = crystals[~is_test], crystals[is_test]

    start_backend()
    import keras

    from spacegrouper.evaluation.predictions import load_network
    from spacegrouper.reproduction.embeddings import embed_crystals, untrained_copy
    from spacegrouper.training.devices import prepare_backend

    prepare_backend()
    network = load_network(model / "model.keras")

    rows, batch_size = crystals["row"].to_numpy(), settings.evaluate.batch_size

    def answer(name: str, network: keras.Model) -> unseen_groups.Answers:
        with progress(name, len(crystals)) as advance:
            embeddings = embed_crystals(network, labels, group, rows, batch_size, advance)
        return unseen_groups.compare_embeddings(
            embeddings[~is_test], reference["spacegroup"].to_numpy(), embeddings[is_test]
        )

    trained = answer("trained network", network)
    untrained = answer("untrained network", untrained_copy(network, settings.seed))
    scores = unseen_groups.score_unseen(reference, test, trained, untrained, settings.seed)
    with written_aside(output) as folder:
        folder.mkdir()
        write_scores(scores, folder)
        for name, figure in unseen_figures.draw_unseen(scores).items():
            save_figure(figure, folder / "figures", name)
    log.info("%s; written to %s", unseen_groups.describe_unseen(scores.summary), output)


if __name__ == "__main__":
    run_program(main)
