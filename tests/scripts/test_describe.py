import numpy as np
import pandas as pd
import pytest
from programs import call, spawn
from small_dataset import patterns_settings, settings_of, write_small_dataset

CRYSTALS, SIZE = 12, 64
PATTERNS = (np.random.default_rng(0).random((CRYSTALS, 3, SIZE, SIZE)) > 0.98) * np.uint8(200)


@pytest.fixture
def patterns(tmp_path):
    """Eleven finished crystals, ten of a group."""
    return write_small_dataset(
        tmp_path / "data.zarr",
        PATTERNS,
        [0] + [62] * 5 + [225] * 6,
        chunk_rows=2,
        status=np.array([1] * 11 + [2], dtype=np.uint8),
        prototype=["A", "B"] * 6,
    )


@pytest.fixture
def bitmaps(tmp_path):
    """Twelve crystals, of which those of groups 216 and 225 look alike."""
    bitmaps = np.random.default_rng(0).integers(0, 256, (3, 2, 8, 8), dtype=np.uint8)
    settings = settings_of("morphology")
    return write_small_dataset(
        tmp_path / "data.zarr",
        np.repeat(bitmaps, 4, axis=0),
        [216, 216, 225, 225] + [194] * 8,
        settings.technique.record(settings),
        chunk_rows=5,
    )


def describe(dataset, output, *arguments, run=call):
    return run("describe", f"--dataset={dataset.path}", f"--output={output}", *arguments)


@pytest.fixture(params=["patterns", "bitmaps"])
def dataset(request):
    return request.getfixturevalue(request.param)


def test_all_products_are_there_and_do_not_depend_on_the_threads(dataset, tmp_path):
    products = []
    for threads in ("1", "3"):
        finished = describe(dataset, tmp_path / threads, "--threads", threads)
        assert finished.returncode == 0, finished.stderr
        files = [path for path in (tmp_path / threads).rglob("*") if path.is_file()]
        products.append(
            {str(path.relative_to(tmp_path / threads)): path.read_bytes() for path in files}
        )
    technique = dataset.technique
    expected = {f"{name}.csv" for name in technique.tables}
    expected |= {
        f"figures/{name}.{suffix}" for name in technique.figures for suffix in ("svg", "png")
    }
    assert set(products[0]) == expected
    assert products[0] == products[1]


def test_patterns_are_counted_and_measured(patterns, tmp_path):
    finished = describe(patterns, tmp_path / "out")
    said = " ".join(finished.stderr.split())
    assert "10 crystals in 2 space groups; 1 without a space group" in said
    assert "1 rows are left out" in said
    table = pd.read_csv(tmp_path / "out" / "per_space_group.csv")
    assert table["spacegroup"].tolist() == [62, 225]
    assert table["crystals"].tolist() == [5, 5]
    assert table["raw_brightness"][0] == pytest.approx(PATTERNS[1:6].mean(), abs=1e-6)
    measured = pd.read_csv(tmp_path / "out" / "patterns.csv")
    assert (measured["patterns"] == 11).all()


def test_bitmaps_that_look_alike_limit_what_can_be_told_of_them(bitmaps, tmp_path):
    finished = describe(bitmaps, tmp_path / "out")
    said = " ".join(finished.stderr.split())
    assert "12 crystals in 3 space groups, 3 different bitmaps" in said
    assert "right for at most 83.3 % of them" in said
    table = pd.read_csv(tmp_path / "out" / "decidability.csv").set_index("level")
    assert table["ceiling"].tolist() == pytest.approx([10 / 12, 10 / 12, 1, 1], abs=1e-6)
    shared = pd.read_csv(tmp_path / "out" / "shared_bitmaps.csv")
    assert shared["examples"].tolist() == ["crystal-0 crystal-2"]


@pytest.mark.parametrize(
    ("groups", "views", "message", "run"),
    [
        (0, "zone_axes", "data.zarr: no crystal has a space group; simulate crystals that", call),
        (62, [{"axis": "x", "angle": 0}], "its settings name 1 views, but it has 3 patt", spawn),
    ],
)
def test_a_mistake_is_one_line_and_leaves_no_output(tmp_path, groups, views, message, run):
    settings = patterns_settings(SIZE, views=views)
    data = write_small_dataset(tmp_path / "data.zarr", PATTERNS, [groups] * CRYSTALS, settings)
    finished = describe(data, tmp_path / "out", run=run)
    assert finished.returncode == 1
    assert message in " ".join(finished.stderr.split())
    assert "Traceback" not in finished.stderr
    assert not (tmp_path / "out").exists()


def test_reflections_of_powders_are_not_described(tmp_path):
    settings = settings_of("pymatgen")
    sticks = np.ones((2, 1, 1, 8), dtype=np.uint16)
    made_with = settings.technique.record(settings)
    powders = write_small_dataset(tmp_path / "data.zarr", sticks, [62] * 2, made_with)
    finished = describe(powders, tmp_path / "out")
    assert finished.returncode == 1
    assert "holds powder reflections, which are not described" in " ".join(finished.stderr.split())
