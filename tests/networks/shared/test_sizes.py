import dataclasses

import pytest

from spacegrouper.contract.network import NETWORKS
from spacegrouper.networks.shared import sizes
from spacegrouper.networks.shared.sizes import NetworkSize, network_sizes, sizes_markdown


def test_the_table_has_every_network() -> None:
    assert {settings.name for settings, _, _ in sizes.TABULATED} == set(NETWORKS.names)


def test_rows_hold_size_and_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row for row in sizes.TABULATED if row[0].name == "msdn"]
    monkeypatch.setattr(sizes, "TABULATED", rows)

    ours, variant = network_sizes()

    assert (ours.network, ours.images, ours.parameters) == ("msdn", 3, 1_542_424)
    assert ours.published.startswith("1.54 million")
    assert variant == dataclasses.replace(
        variant, network="msdn, the paper's Supplementary Table 1", parameters=1_114_648
    )
    assert 0 < variant.gflop < ours.gflop


def test_markdown_has_a_line_for_each_row() -> None:
    row = NetworkSize("net", 3, 1234567, 0.5, "1.2 million")

    text = sizes_markdown([row, dataclasses.replace(row, network="other", published="")])

    assert text.endswith(
        "| net | 3 | 1,234,567 | 0.50 | 1.2 million |\n| other | 3 | 1,234,567 | 0.50 | none |\n"
    )
