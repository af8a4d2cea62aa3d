import pytest

from spacegrouper.errors import UserError
from spacegrouper.settings import Plan, settings_from_mapping


@pytest.mark.parametrize(("rows", "size"), [(1, 512), (144_000, 512), (2**20, 512), (10**7, 8192)])
def test_shards_grow_with_the_dataset_alone(rows: int, size: int) -> None:
    assert Plan().shard_rows(rows) == size
    assert rows <= 2048 * size
    assert Plan(block_size=7).shard_rows(rows) == 7


@pytest.mark.parametrize("size", ["automatic", 0, -1, 2.5, [512]])
def test_what_is_no_size_gets_one_line(size: object) -> None:
    with pytest.raises(UserError) as error:
        settings_from_mapping({"plan": {"block_size": size}}, "own.yaml")
    line = "own.yaml: `plan.block_size`: must be auto, or a whole number of crystals, 1 to 100000"
    assert str(error.value).startswith(line)
    assert len(str(error.value).splitlines()) == 1
