"""Trees as arrays say what scikit-learn's say."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from spacegrouper.techniques.reflections.ranking.boosted_trees import (
    from_arrays,
    from_scikit_learn,
)


def test_they_are_those_of_scikit_learn_with_and_without_missing_values():
    generator = np.random.default_rng(0)
    features = generator.standard_normal((600, 5))
    features[generator.random(features.shape) < 0.2] = np.nan
    truth = np.nan_to_num(features[:, 0]) + np.isnan(features[:, 1]) > 0.3
    classifier = HistGradientBoostingClassifier(max_iter=20, random_state=0).fit(features, truth)
    trees = from_scikit_learn(classifier)
    unseen = generator.standard_normal((400, 5))
    unseen[generator.random(unseen.shape) < 0.2] = np.nan
    assert np.abs(trees.log_odds(unseen) - classifier.decision_function(unseen)).max() < 1e-9
    again = from_arrays(trees.arrays())
    assert np.array_equal(again.log_odds(unseen), trees.log_odds(unseen))
