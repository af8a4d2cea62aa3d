import pandas as pd
from programs import spawn


def test_the_tables_hold_the_published_layers(tmp_path):
    finished = spawn("tabulate_layers", f"--output={tmp_path / 'layers'}")
    assert finished.returncode == 0, finished.stderr
    msdn, table, msvgg = (
        pd.read_csv(tmp_path / "layers" / f"{name}.csv") for name in ("msdn", "msdn_table", "msvgg")
    )
    # The released checkpoint, and the table of the paper's supplement.
    assert msdn["parameters"].sum() == 1_542_424
    assert table["parameters"].sum() == 1_114_648
    convolutions = msvgg[msvgg["kind"] == "Conv2D"]["output"]
    channels = convolutions.str.split(" x ").str[-1].astype(int)
    assert channels.tolist() == [64, 128, 256, 256, 512, 512, 512, 512]
