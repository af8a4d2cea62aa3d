import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import (
    balanced_accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
    top_k_accuracy_score,
)

from spacegrouper.evaluation.metrics import (
    balanced_accuracy,
    bootstrap_of_class_means,
    confusion_table,
    cross_entropy,
    crystal_system_errors,
    macro_f1,
    per_class,
    per_crystal_system,
    ranks_of_truth,
    share_interval,
    summarise,
    summarise_symmetry,
    symmetry_table,
    top_k_table,
)
from spacegrouper.settings.space_groups import CRYSTAL_SYSTEMS

# Four crystals, three classes; the true class comes first, second, third, first.
PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.5, 0.4, 0.1], [0.5, 0.3, 0.2], [0.1, 0.2, 0.7]])
LABELS = np.array([0, 1, 2, 2])
SPACE_GROUPS = np.array([62, 221, 225])  # Pnma, Pm-3m, Fm-3m
TRUTH = SPACE_GROUPS[LABELS]  # 62, 221, 225, 225
PREDICTED = SPACE_GROUPS[PROBABILITIES.argmax(axis=1)]  # 62, 62, 62, 225


def random_answers(crystals=200, classes=7, seed=1):
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), rng.integers(0, classes, crystals - classes)])
    return rng.dirichlet(np.ones(classes), crystals), labels


def test_ranks_and_top_k_by_hand():
    assert ranks_of_truth(PROBABILITIES, LABELS).tolist() == [1, 2, 3, 1]
    assert top_k_table(PROBABILITIES, LABELS)["accuracy"].tolist() == [0.5, 0.75, 1.0]


@pytest.mark.parametrize("k", [1, 2, 5])
def test_top_k_agrees_with_scikit_learn(k):
    probabilities, labels = random_answers()
    expected = top_k_accuracy_score(labels, probabilities, k=k)
    found = top_k_table(probabilities, labels).set_index("k")["accuracy"][k]
    assert found == pytest.approx(expected, abs=1e-12)


@given(
    arrays(np.float64, (6, 4), elements=st.sampled_from([0.1, 0.2, 0.3])),
    arrays(np.int64, 6, elements=st.integers(0, 3)),
)
def test_rank_one_is_the_answer_even_where_classes_tie(probabilities, labels):
    first = ranks_of_truth(probabilities, labels) == 1
    assert np.array_equal(first, probabilities.argmax(axis=1) == labels)


@given(arrays(np.float64, (1, 5), elements=st.sampled_from([0.1, 0.2, 0.3])))
def test_ranks_of_all_classes_are_a_permutation(probabilities):
    ranks = ranks_of_truth(np.repeat(probabilities, 5, axis=0), np.arange(5))
    assert sorted(ranks.tolist()) == [1, 2, 3, 4, 5]


def test_answers_that_are_no_numbers_are_not_counted_as_right():
    with pytest.raises(ValueError, match="finite"):
        ranks_of_truth(np.array([[np.nan, 0.5]]), np.array([0]))


def test_top_k_table_ends_at_the_number_of_classes():
    table = top_k_table(PROBABILITIES, LABELS)
    assert table["k"].tolist() == [1, 2, 3]
    assert table["accuracy"].tolist() == [0.5, 0.75, 1.0]
    assert table["chance"].tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    first = table.iloc[0]
    assert (first["low"], first["high"]) == share_interval(np.arange(4) < 2)
    assert (table["low"][2], table["high"][2]) == pytest.approx((0.5101, 1), abs=1e-4)


def test_top_k_table_of_many_classes_ends_at_five():
    assert top_k_table(*random_answers())["k"].tolist() == [1, 2, 3, 4, 5]


def test_per_class_by_hand():
    table = per_class(TRUTH, PREDICTED)
    assert table["class"].tolist() == [62, 221, 225]
    assert table["crystals"].tolist() == [1, 1, 2]
    assert table["correct"].tolist() == [1, 0, 1]
    assert table["recall"].tolist() == [1.0, 0.0, 0.5]
    assert table["low"].tolist() == pytest.approx([0.2065, 0, 0.0945], abs=1e-4)
    assert table["high"].tolist() == pytest.approx([1, 0.7935, 0.9055], abs=1e-4)
    # 62 is given to three crystals, 221 to none, 225 to one.
    assert table["precision"].tolist() == pytest.approx([1 / 3, np.nan, 1.0], nan_ok=True)
    assert table["f1"].tolist() == pytest.approx([0.5, 0.0, 2 / 3])


def test_classes_may_be_texts():
    names = np.array(["cubic", "hexagonal", "trigonal"])
    truth, predicted = names[LABELS], names[PROBABILITIES.argmax(axis=1)]
    table = per_class(truth, predicted)
    assert table["class"].tolist() == ["cubic", "hexagonal", "trigonal"]
    assert table["recall"].tolist() == [1.0, 0.0, 0.5]
    confusion = confusion_table(truth, predicted, names)
    assert confusion.columns.tolist() == ["cubic", "hexagonal", "trigonal"]
    assert confusion.to_numpy().tolist() == [[1, 0, 0], [1, 0, 0], [1, 0, 1]]
    assert summarise(PROBABILITIES, LABELS, names, seed=0) == summarise(
        PROBABILITIES, LABELS, SPACE_GROUPS, seed=0
    )


def test_per_crystal_system_by_hand():
    # 225 named 221 is another space group of the right crystal system.
    truth, predicted = np.append(TRUTH, 225), np.append(PREDICTED, 221)
    table = per_crystal_system(truth, predicted)
    assert table["crystal_system"].tolist() == ["orthorhombic", "cubic"]
    assert table["crystals"].tolist() == [1, 4]
    assert table["correct"].tolist() == [1, 1]
    assert table["recall"].tolist() == [1.0, 0.25]
    assert table["system_correct"].tolist() == [1, 2]
    assert table["system_recall"].tolist() == [1.0, 0.5]
    one, two = np.arange(4) < 1, np.arange(4) < 2
    cubic = table.iloc[1]
    assert (cubic["low"], cubic["high"]) == share_interval(one)
    assert (cubic["system_low"], cubic["system_high"]) == share_interval(two)


def test_crystal_systems_come_in_order_of_symmetry():
    numbers = np.array([225, 194, 1, 166, 62, 139, 14])
    table = per_crystal_system(numbers, numbers)
    assert table["crystal_system"].tolist() == list(CRYSTAL_SYSTEMS)


def test_rates_of_wrong_predictions_by_hand():
    # 225: right, 221 (wrong group, right system), 62; 221: 62. 62: right.
    truth, predicted = np.array([225, 225, 225, 221, 62]), np.array([225, 221, 62, 62, 62])
    errors = crystal_system_errors(truth, predicted)
    assert errors.index.tolist() == errors.columns.tolist() == list(CRYSTAL_SYSTEMS)
    assert errors.loc["cubic", "cubic"] == 0.25
    assert errors.loc["cubic", "orthorhombic"] == 0.5
    assert errors.loc["orthorhombic"].tolist() == [0.0] * 7
    assert errors.drop(index=["cubic", "orthorhombic"]).isna().all(axis=None)


def test_rates_of_wrong_predictions_add_up_to_the_errors_of_each_system():
    rng = np.random.default_rng(5)
    truth, predicted = rng.integers(1, 231, (2, 500))
    predicted[::3] = truth[::3]
    errors = crystal_system_errors(truth, predicted)
    systems = per_crystal_system(truth, predicted).set_index("crystal_system")
    assert errors.sum(axis=1).to_numpy() == pytest.approx(1 - systems["recall"].to_numpy())
    diagonal = np.diag(errors.to_numpy())
    expected = systems["system_recall"] - systems["recall"]
    assert diagonal == pytest.approx(expected.to_numpy())


def test_symmetry_levels_by_hand():
    # Right; F-43m for Fm-3m: one extinction class; Pm-3m for Fm-3m: one point group; P6/mmm for
    # P-6m2: one extinction class; Pbcm for Pca21: one class once axes are exchanged.
    truth, predicted = np.array([225, 225, 225, 187, 29]), np.array([225, 216, 221, 191, 57])
    table = symmetry_table(truth, predicted, np.unique([*truth, *predicted]))
    assert dict(zip(table["level"], table["accuracy"], strict=True)) == {
        "space group": 0.2,
        "extinction class": 0.6,
        "extinction class, axes in any order": 0.8,
        "extinction class from the principal zones": 0.6,
        "point group": 0.4,
        "Laue class": 1.0,
        "crystal system": 1.0,
    }
    assert table["classes"].tolist() == [7, 5, 4, 5, 6, 3, 3]
    right = np.arange(5) < 3
    assert (table["low"][1], table["high"][1]) == share_interval(right)
    summary = summarise_symmetry(table)
    assert summary["extinction_class_accuracy"] == 0.6
    assert summary["laue_class_interval_95"] == pytest.approx([0.5655, 1], abs=1e-4)
    assert "space_group_accuracy" not in summary


def test_report_and_confusion_agree_with_scikit_learn():
    probabilities, labels = random_answers()
    space_groups = np.array([2, 14, 62, 139, 166, 194, 225])
    truth, predicted = space_groups[labels], space_groups[probabilities.argmax(axis=1)]
    precision, recall, f1, crystals = precision_recall_fscore_support(truth, predicted)
    table = per_class(truth, predicted)
    expected = {"precision": precision, "recall": recall, "f1": f1, "crystals": crystals}
    for name, values in expected.items():
        assert table[name].to_numpy() == pytest.approx(values), name
    confusion = confusion_table(truth, predicted, space_groups)
    assert np.array_equal(confusion, confusion_matrix(truth, predicted, labels=space_groups))


def test_confusion_has_true_groups_as_rows_and_keeps_groups_never_named():
    confusion = confusion_table(TRUTH, PREDICTED, SPACE_GROUPS[::-1])
    assert confusion.index.tolist() == confusion.columns.tolist() == [62, 221, 225]
    assert confusion.to_numpy().tolist() == [[1, 0, 0], [1, 0, 0], [1, 0, 1]]


@pytest.mark.filterwarnings("ignore:y_pred contains classes", "ignore:A single label")
@given(arrays(np.int64, (2, 12), elements=st.integers(0, 4)))
def test_means_over_classes_agree_with_scikit_learn_even_where_classes_are_absent(answers):
    truth, predicted = answers
    confusion = confusion_table(truth, predicted, np.arange(5)).to_numpy()
    assert balanced_accuracy(confusion) == pytest.approx(balanced_accuracy_score(truth, predicted))
    assert macro_f1(confusion) == pytest.approx(f1_score(truth, predicted, average="macro"))


def test_cross_entropy_agrees_with_scikit_learn():
    probabilities, labels = random_answers()
    assert cross_entropy(probabilities, labels) == pytest.approx(log_loss(labels, probabilities))


def test_cross_entropy_of_an_answer_held_for_impossible_is_finite():
    assert cross_entropy(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(-np.log(1e-7))


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [(6, 6, 0.6097, 1.0), (0, 10, 0.0, 0.2775), (750, 1000, 0.7222, 0.7758)],
)
def test_intervals_of_shares_are_wilsons(right, count, low, high):
    assert share_interval(np.arange(count) < right) == pytest.approx((low, high), abs=1e-4)


def test_intervals_of_class_means_are_those_of_drawing_crystals_with_replacement():
    probabilities, labels = random_answers(crystals=300, classes=4)
    probabilities[np.arange(300), labels] += 0.3
    predicted = probabilities.argmax(axis=1)
    found = bootstrap_of_class_means(
        confusion_table(labels, predicted, np.arange(4)).to_numpy(), seed=2
    )
    rng = np.random.default_rng(8)
    drawn = []
    for _ in range(1000):
        chosen = rng.integers(0, 300, 300)
        resampled = np.zeros((4, 4))
        np.add.at(resampled, (labels[chosen], predicted[chosen]), 1)
        drawn.append((balanced_accuracy(resampled), macro_f1(resampled)))
    low, high = np.percentile(drawn, (2.5, 97.5), axis=0)
    assert found["balanced_accuracy"] == pytest.approx((low[0], high[0]), abs=0.01)
    assert found["macro_f1"] == pytest.approx((low[1], high[1]), abs=0.01)


def test_summary_by_hand():
    summary = summarise(PROBABILITIES, LABELS, SPACE_GROUPS, seed=0)
    for name in ("top_1", "balanced", "macro_f1"):
        low, high = summary.pop(f"{name}_interval_95")
        assert 0 <= low < 0.5 < high <= 1
    for name in ("top_3", "top_5"):
        assert summary.pop(f"{name}_interval_95") == pytest.approx([0.5101, 1], abs=1e-4)
    # F1: 62: precision 1/3, recall 1; 221: 0; 225: precision 1, recall 1/2.
    assert summary == pytest.approx(
        {
            "classes": 3,
            "test_crystals": 4,
            "top_1_accuracy": 0.5,
            "top_3_accuracy": 1.0,
            "top_5_accuracy": 1.0,
            "balanced_accuracy": (1 + 0 + 0.5) / 3,
            "macro_f1": (0.5 + 0 + 2 / 3) / 3,
            "chance_accuracy": 1 / 3,
            "majority_accuracy": 0.5,
        }
    )
