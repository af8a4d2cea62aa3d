import pickle
from pathlib import Path

import pytest
from diffractogram_files import fullprof, gsas

from spacegrouper.prediction.other_formats import other_content, other_image, other_text


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.xyz", b"1\nwater\nH 0 0 0\n", "a molecule without a unit cell"),
        ("a", b"2\n\nH 0 0 0\nH 0 0 1\n", "a molecule without a unit cell"),
        ("a.xyz", b'1\nLattice="1 0 0 0 1 0 0 0 1"\nH 0 0 0\n', "extended XYZ"),
        ("a.XY", b"10,00 12,5\n10,02 13,1\n", "measured diffractogram"),
        ("a.txt", b"# 2theta I\n10.00 12.5 1\n10.02 13.1 1\n", "measured diffractogram"),
        ("a", gsas(), "measured diffractogram"),
        ("a", fullprof(), "measured diffractogram"),
        ("a", b"    1\n -987\n 7.1 9.3 13.2 90 96 90 p21\n", "list of reflections of HKL-2000"),
        ("a.xrdml", b"<?xml version='1.0'?>", "measured diffractogram"),
        ("a.rd", b"V5RD", "measured diffractogram"),
        ("a.zip", b"PK\x03\x04", "a ZIP archive; unpack it"),
        ("a.pdb", b"ATOM", "a macromolecule's file"),
        ("a.res", b"TITL", "SHELX's instructions; give the list"),
        ("a.xsf", b"CRYSTAL", "a format of structures that is not taken; write it as CIF"),
        ("a.yaml", b"!!python/object/apply:os.system [true]", "YAML, a format that is not taken"),
        ("a.txt", pickle.dumps(print), "a pickle of Python, which could run code"),
        ("vasprun.xml", b"<?xml", "an output of VASP"),
        ("x.png", b"\x89PNG\r\n", "an image, not a structure"),
        ("x.mrc", bytes(208) + b"MAP ", "a microscope's file (MRC)"),
    ],
)
def test_files_that_give_no_structure_are_named(name: str, content: bytes, reason: str) -> None:
    suffix = Path(name).suffix.lower()
    found = other_content(content) or other_text(content.decode(errors="replace"), suffix)
    assert reason in found
    assert "\n" not in found


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("x.png", b"\xff\xd8\xff", "a JPEG file, which loses grey levels"),
        ("x.png", b"%PDF", "a PDF file; save the pattern as PNG or TIFF"),
        ("x.dm4", b"\0\0\0\4\0", "a microscope's file (DM4 of DigitalMicrograph)"),
        ("x.tvips", b"1", "a microscope's file (TVIPS)"),
        ("x.zip", b"PK\x03\x04", "a ZIP archive; unpack it"),
        ("x.emd", b"\x89PNG\r\n", ""),
        ("x.tif", b"II*\0", ""),
    ],
)
def test_images_that_are_not_taken_are_named(name: str, content: bytes, reason: str) -> None:
    found = other_image(content, Path(name).suffix)
    assert reason in found if reason else not found
