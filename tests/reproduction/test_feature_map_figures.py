import numpy as np
import pandas as pd
import pytest

from spacegrouper.reproduction.feature_map_figures import (
    feature_maps_figure,
    feature_redundancy_figure,
)
from spacegrouper.reproduction.feature_maps import CrystalMaps


def crystal_maps(network, images, channels, part="test"):
    rng = np.random.default_rng(0)
    maps = {}
    for block, number in enumerate(channels, start=1):
        edge = 64 >> block
        maps[f"block{block}"] = {
            name: rng.random((edge, edge, number), dtype=np.float32) for name in images
        }
        maps[f"block{block}"][images[0]][:, :, 0] = 0  # a channel without any value
    shown = {name: rng.random((64, 64, 3), dtype=np.float32) for name in images}
    return CrystalMaps(network, "mp-1085", part, shown, maps)


def redundancy(network, blocks, images):
    rng = np.random.default_rng(blocks)
    table = pd.DataFrame(
        [(f"block{b + 1}", image) for image in (*images, "all") for b in range(blocks)],
        columns=["block", "image"],
    )
    for name in ("correlation", "rank_share"):
        table[name] = rng.random(len(table)) / 2
        table[f"{name}_low"], table[f"{name}_high"] = table[name] - 0.05, table[name] + 0.05
    return table.assign(network=network, crystals=100)


THREE = ("red", "green", "blue")


def draw():
    maps = [
        crystal_maps("msdn, shaped", THREE, (12, 32, 70, 96)),
        crystal_maps("msvgg, shaped", THREE, (64, 128, 256, 512, 512)),
        crystal_maps("ziletti, spot", ("image",), (32, 16, 8)),
    ]
    table = pd.concat(redundancy(each.network, len(each.maps), list(each.images)) for each in maps)
    return {"maps": feature_maps_figure(maps), "redundancy": feature_redundancy_figure(table)}


def test_saved_figures_have_ink(assert_saved_well):
    assert_saved_well(draw, files=4)


def test_the_heading_says_which_set_a_crystal_is_in_and_which_are_missing():
    parts = ("test", "train", None)
    maps = [crystal_maps("msdn, shaped", ("image",), (4,), part) for part in parts]
    figure = feature_maps_figure(maps, ["mp-1", "mp-2"])
    assert [part.get_suptitle() for part in figure.subfigs] == [
        f"msdn, shaped: mp-1085, {where}" for where in ("test set", "training set", "in no set")
    ]
    assert figure.get_suptitle() == "Not in the dataset: mp-1, mp-2"
    assert not feature_maps_figure(maps).get_suptitle()
    nothing = feature_maps_figure([], ["mp-1"])
    assert (nothing.get_suptitle(), nothing.axes) == ("Not in the dataset: mp-1", [])


def test_each_block_of_each_image_is_drawn_with_its_mean():
    maps = crystal_maps("msdn, shaped", THREE, (12, 32))
    figure = feature_maps_figure([maps])
    shown = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    assert len(shown) == 3 * 3 + 2  # three images and their means, and the channels of two blocks
    expected = maps.maps["block2"]["green"].mean(axis=2)
    assert any(image.shape == expected.shape and np.allclose(image, expected) for image in shown)


def test_single_channels_are_spread_over_the_block_and_scaled_to_their_maximum():
    maps = crystal_maps("msdn, shaped", ("image",), (4,))
    mosaic = np.asarray(feature_maps_figure([maps]).axes[-1].images[0].get_array())
    channels = maps.maps["block1"]["image"]
    gap = len(mosaic) - 64
    for place in range(4):
        top, left = (32 + gap) * (place // 2), (32 + gap) * (place % 2)
        channel = channels[:, :, place]
        expected = channel / (channel.max() or 1)
        assert mosaic[top : top + 32, left : left + 32] == pytest.approx(expected)


def test_lines_are_of_all_images_together():
    table = redundancy("msdn, shaped", 4, THREE)
    axes = feature_redundancy_figure(table).axes[1]
    together = table[table["image"] == "all"]
    line = axes.containers[0].lines[0]
    assert line.get_ydata() == pytest.approx(together["rank_share"].to_numpy())
    (single,) = [
        one for one in axes.lines if one.get_linestyle() == "None" and one.get_markersize() == 3
    ]
    assert len(single.get_ydata()) == 12
