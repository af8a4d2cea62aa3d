from spacegrouper.randomness import generator_for


def test_seed_crystal_and_use_each_make_other_numbers() -> None:
    uses = [(0, "a", "noise"), (1, "a", "noise"), (0, "b", "noise"), (0, "a", "disorder")]
    drawn = [generator_for(*use).random() for use in uses]
    assert len(set(drawn)) == 4
    assert [generator_for(*use).random() for use in uses] == drawn
