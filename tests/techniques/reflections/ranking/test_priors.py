import numpy as np
import pytest

from spacegrouper.techniques.reflections.ranking.priors import PRIOR_WORDS, PRIORS, frequencies

COUNTED = np.bincount([1, 1, 1, 1, 2, 152, 154, 154], minlength=231)


@pytest.mark.parametrize("prior", PRIORS)
def test_every_space_group_may_occur(prior):
    found = frequencies(prior, COUNTED)

    assert found.shape == (231,)
    assert (found[1:] > 0).all()
    assert PRIOR_WORDS[prior]


def test_crystals_that_were_trained_on_are_counted_by_what_intensities_tell_apart():
    found = frequencies("trained", COUNTED)

    # One more of each, and enantiomorphic groups together.
    assert found[[1, 2, 152, 194]].tolist() == [5, 2, 4, 1]


@pytest.mark.parametrize("prior", ["inorganic", "molecular"])
def test_measured_crystals_have_a_centre_more_often_than_no_symmetry_at_all(prior):
    found = frequencies(prior, COUNTED)

    assert found[2] > 4 * found[1]
