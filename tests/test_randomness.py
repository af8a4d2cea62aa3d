from spacegrouper.randomness import generator_for, generators


def test_seed_crystal_and_use_each_make_other_numbers() -> None:
    uses = [(0, "a", "noise"), (1, "a", "noise"), (0, "b", "noise"), (0, "a", "disorder")]
    drawn = [generator_for(*use).random() for use in uses]
    assert len(set(drawn)) == 4
    assert [generator_for(*use).random() for use in uses] == drawn


def test_crystals_have_generators_of_their_own_in_each_epoch() -> None:
    drawn = [
        [generator.random() for generator in generators(0, ids, "noise", epoch)]
        for ids, epoch in ((["a", "b"], None), (["a", "b"], 0), (["b", "a"], 1), (["a"], 1))
    ]
    assert len({number for numbers in drawn for number in numbers}) == 6
    assert drawn[3][0] == drawn[2][1]
    assert drawn[0][0] == generator_for(0, "a", "noise").random()
