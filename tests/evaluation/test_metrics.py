import gemmi
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import confusion_matrix, recall_score, top_k_accuracy_score

from spacegrouper.evaluation.metrics import (
    bootstrap_interval,
    confusion_table,
    crystal_systems,
    per_crystal_system,
    per_space_group,
    ranks_of_truth,
    summarise,
    top_k_accuracy,
    top_k_table,
)

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


def test_crystal_system_of_every_space_group_is_that_of_gemmi():
    numbers = np.arange(1, 231)
    expected = [gemmi.find_spacegroup_by_number(int(n)).crystal_system_str() for n in numbers]
    assert crystal_systems(numbers).tolist() == expected


@pytest.mark.parametrize("number", [0, 231])
def test_a_number_that_is_no_space_group_is_refused(number):
    with pytest.raises(ValueError, match="1 to 230"):
        crystal_systems(np.array([number]))


def test_ranks_and_top_k_by_hand():
    assert ranks_of_truth(PROBABILITIES, LABELS).tolist() == [1, 2, 3, 1]
    assert [top_k_accuracy(PROBABILITIES, LABELS, k) for k in (1, 2, 3)] == [0.5, 0.75, 1.0]


@pytest.mark.parametrize("k", [1, 2, 5])
def test_top_k_agrees_with_scikit_learn(k):
    probabilities, labels = random_answers()
    expected = top_k_accuracy_score(labels, probabilities, k=k)
    assert top_k_accuracy(probabilities, labels, k) == pytest.approx(expected, abs=1e-12)


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


def test_top_k_table_of_many_classes_ends_at_five():
    assert top_k_table(*random_answers())["k"].tolist() == [1, 2, 3, 4, 5]


def test_per_space_group_by_hand():
    table = per_space_group(TRUTH, PREDICTED)
    assert table["spacegroup"].tolist() == [62, 221, 225]
    assert table["crystal_system"].tolist() == ["orthorhombic", "cubic", "cubic"]
    assert table["crystals"].tolist() == [1, 1, 2]
    assert table["correct"].tolist() == [1, 0, 1]
    assert table["recall"].tolist() == [1.0, 0.0, 0.5]


def test_per_crystal_system_by_hand():
    # 225 named 221 is another space group of the right crystal system.
    table = per_crystal_system(np.append(TRUTH, 225), np.append(PREDICTED, 221))
    assert table["crystal_system"].tolist() == ["orthorhombic", "cubic"]
    assert table["crystals"].tolist() == [1, 4]
    assert table["correct"].tolist() == [1, 1]
    assert table["recall"].tolist() == [1.0, 0.25]
    assert table["system_correct"].tolist() == [1, 2]
    assert table["system_recall"].tolist() == [1.0, 0.5]


def test_crystal_systems_come_in_order_of_symmetry():
    numbers = np.array([225, 194, 1, 166, 62, 139, 14])
    assert per_crystal_system(numbers, numbers)["crystal_system"].tolist() == [
        "triclinic",
        "monoclinic",
        "orthorhombic",
        "tetragonal",
        "trigonal",
        "hexagonal",
        "cubic",
    ]


def test_recall_and_confusion_agree_with_scikit_learn():
    probabilities, labels = random_answers()
    space_groups = np.array([2, 14, 62, 139, 166, 194, 225])
    truth, predicted = space_groups[labels], space_groups[probabilities.argmax(axis=1)]
    recall = per_space_group(truth, predicted)["recall"]
    assert recall.to_numpy() == pytest.approx(recall_score(truth, predicted, average=None))
    confusion = confusion_table(truth, predicted, space_groups)
    assert np.array_equal(confusion, confusion_matrix(truth, predicted, labels=space_groups))


def test_confusion_has_true_groups_as_rows_and_keeps_groups_never_named():
    confusion = confusion_table(TRUTH, PREDICTED, SPACE_GROUPS[::-1])
    assert confusion.index.tolist() == confusion.columns.tolist() == [62, 221, 225]
    assert confusion.to_numpy().tolist() == [[1, 0, 0], [1, 0, 0], [1, 0, 1]]


def test_bootstrap_interval_is_that_of_drawing_answers_with_replacement():
    correct = np.arange(1000) < 750
    rng = np.random.default_rng(7)
    drawn = rng.choice(correct, (10_000, correct.size)).mean(axis=1)
    expected = np.percentile(drawn, (2.5, 97.5))
    assert bootstrap_interval(correct, seed=3) == pytest.approx(tuple(expected), abs=0.003)


def test_bootstrap_interval_depends_on_the_seed_alone():
    correct = np.arange(3001) % 3 == 0
    intervals = [bootstrap_interval(correct, seed) for seed in (0, 0, 1)]
    assert intervals[0] == intervals[1] != intervals[2]


def test_summary_by_hand():
    summary = summarise(PROBABILITIES, LABELS, SPACE_GROUPS, seed=0)
    low, high = summary.pop("top_1_interval_95")
    assert 0 <= low < 0.5 < high <= 1
    # F1: 62: precision 1/3, recall 1; 221: 0; 225: precision 1, recall 1/2.
    assert summary == pytest.approx(
        {
            "classes": 3,
            "test_crystals": 4,
            "top_1_accuracy": 0.5,
            "top_5_accuracy": 1.0,
            "balanced_accuracy": (1 + 0 + 0.5) / 3,
            "macro_f1": (0.5 + 0 + 2 / 3) / 3,
            "crystal_system_accuracy": 0.5,
            "chance_accuracy": 1 / 3,
            "majority_accuracy": 0.5,
        }
    )
