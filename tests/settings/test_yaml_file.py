from pathlib import Path

import pytest

from spacegrouper.errors import UserError
from spacegrouper.settings import load_settings

BOMB = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 20)
)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"seed: 1\nname: x\nseed: 2\n", "line 3: the key `seed` is there twice, first in line 1"),
        (b"train:\n  epochs: 1\n  epochs: 2\n", "line 3: the key `epochs` is there twice"),
        (b"train:\n\tepochs: 1\n", "line 2: a tab; indent with blanks"),
        ("seed: 1\n# Ångström\n".encode("latin-1"), "line 2: is not UTF-8"),
        (b"seed: [1", "line 1: not valid YAML"),
        (b"seed: 1\n---\nseed: 2\n", "line 2: not valid YAML: there are several documents"),
        (b"seed: !!python/object/apply:os.getpid []\n", "line 1: not valid YAML: a tag"),
        (b"seed: *none\n", "line 1: not valid YAML: an alias"),
        (b"grid: &grid {networks: *grid}\n", "an alias .* stands inside of what it names"),
        (BOMB.encode(), "more than 100,000 values"),
        (b"[" * 5000, "not valid YAML"),
        (b"- seed\n", "expected `key: value` lines"),
        (b"seed\n", "expected `key: value` lines"),
        (b"1: 2\n", "`1` is no key"),
    ],
)
def test_a_file_that_is_no_configuration_gets_one_line(
    tmp_path: Path, data: bytes, message: str
) -> None:
    path = tmp_path / "own.yaml"
    path.write_bytes(data)
    with pytest.raises(UserError, match=message) as error:
        load_settings(path)
    assert str(error.value).startswith(f"{path}: ")
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_that_say_which_they_are_can_be_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("seed: 7 # Å\n", encoding=encoding)
    assert load_settings(path).seed == 7


def test_anchors_stand_for_what_they_name(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("train: &once {batch_size: 8}\nevaluate:\n  <<: *once\n  unseen_groups: 2\n")
    settings = load_settings(path)
    assert settings.train.batch_size == settings.evaluate.batch_size == 8
