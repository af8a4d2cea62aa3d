"""Densities hold against integrals over the true intensity."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi2, expon, norm

from spacegrouper.techniques.reflections.ranking.wilson import log_likelihoods


@pytest.mark.parametrize("sigma", [0.02, 0.3, 2.0])
@pytest.mark.parametrize("value", [-0.05, 0.0, 0.1, 1.0, 4.0])
def test_distributions_with_errors(value, sigma):
    tolerances = np.array([0.003, 0.1])
    found = np.exp(log_likelihoods(np.array([value]), np.array([sigma]), tolerances))[0]
    # Of centric reflections the square root is integrated over, which has no pole.
    centric = quad(
        lambda e: 2 * e * chi2.pdf(e * e, 1) * norm.pdf(value, e * e, sigma),
        1e-9,
        6,
        points=[max(value, 0.01) ** 0.5],
        limit=500,
    )[0]
    assert found[1] == pytest.approx(0.998 * centric + 0.0001, rel=0.12, abs=2e-4)
    for density, mean in zip(found[[0, 2, 3]], (1.0, *tolerances), strict=True):
        exact = quad(
            lambda z, mean=mean: expon.pdf(z, scale=mean) * norm.pdf(value, z, sigma),
            0,
            25 * mean,
            points=[mean, max(value, 0)] if max(value, 0) < 25 * mean else [mean],
            limit=500,
        )[0]
        assert density == pytest.approx(0.998 * exact + 0.0001, rel=1e-3, abs=1e-6)


def test_far_from_everything_the_likelihood_is_that_of_a_wrong_value():
    found = log_likelihoods(np.array([-40.0, 1e6]), np.array([1e-3, 1e-3]), np.array([1e-4]))
    assert np.allclose(found, np.log(0.0001))
