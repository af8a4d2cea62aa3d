"""Files that people give and that are not taken: what they are, so that the reason can say so.

Recognised by how they begin, or else by their names; nothing of them is read.
"""

import re

_CONVERT = "write it as CIF (such as with VESTA or Open Babel) or POSCAR"
_IMAGE = "an image, not a structure; give patterns as docs/prediction.md says"
_DIFFRACTOGRAM = (
    "a measured diffractogram, which only networks trained on powders take, such as the one that "
    "answers without --model"
)
_MOLECULE = "a molecule without a unit cell; give a crystal as CIF or POSCAR"
_MICROSCOPE = "a microscope's file"
_UNPACK = "unpack it, and give the files in it"

_PICKLE = "a pickle of Python, which could run code, and is never read"

# Where a file has which bytes. Images that can be read, see pattern_files.py, are not among these.
_OTHER_IMAGES = (
    (0, b"\xff\xd8\xff", "JPEG"), (0, b"GIF8", "GIF"), (8, b"WEBP", "WebP"),
    (4, b"ftypavif", "AVIF"), (4, b"ftyphei", "HEIC"), (0, b"%PDF", "PDF"),
    (0, b"\x00\x00\x00\x0cjP  ", "JPEG 2000"), (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"%!PS", "PostScript"), (0, b"<svg", "SVG"),
)  # fmt: skip
_LOSSY_IMAGES = ("JPEG", "JPEG 2000", "WebP", "AVIF", "HEIC")
_MICROSCOPES = (
    (208, b"MAP ", "MRC"), (0, b"II\x97\x01", "SER of TIA"), (0, b"MQ1", "MIB of Merlin"),
    (0, b"\x00\x00\x00\x03\x00", "DM3 of DigitalMicrograph"),
    (0, b"\x00\x00\x00\x04\x00", "DM4 of DigitalMicrograph"),
    (0, b"\x89HDF", "HDF5, such as EMD, NeXus or HyperSpy"), (0, b"CDF", "NetCDF"),
    (0, b"SIMPLE  =", "FITS"), (0, b"###CBF", "CBF"), (0, b"{\nHEADER_BYTES=", "SMV"),
)  # fmt: skip
_MICROSCOPE_SUFFIXES = {
    ".mrc": "MRC", ".mrcs": "MRC", ".ccp4": "CCP4", ".dm3": "DM3 of DigitalMicrograph",
    ".dm4": "DM4 of DigitalMicrograph", ".ser": "SER of TIA", ".emi": "EMI of TIA", ".emd": "EMD",
    ".hspy": "HyperSpy", ".tvips": "TVIPS", ".blo": "Blockfile", ".mib": "MIB of Merlin",
    ".edf": "EDF", ".cbf": "CBF", ".h5": "HDF5",
}  # fmt: skip
_READABLE_IMAGES = (b"\x89PNG", b"II*\x00", b"MM\x00*", b"BM")
_PACKED = (
    (0, b"PK\x03\x04", "a ZIP archive"), (0, b"7z\xbc\xaf", "a 7z archive"),
    (0, b"Rar!", "a RAR archive"), (257, b"ustar", "a tar archive"),
    (0, b"\x28\xb5\x2f\xfd", "packed with Zstandard"),
)  # fmt: skip
_BINARY = (
    (0, b"\x80\x03", _PICKLE), (0, b"\x80\x04", _PICKLE), (0, b"\x80\x05", _PICKLE),
    (0, b"\x93NUMPY", "a NumPy array; call it *.npy if it holds patterns"),
    (0, b"SQLite format 3", "a database; give structures"),
)  # fmt: skip
_SUFFIXES = {
    _DIFFRACTOGRAM: ".chi",
    _MOLECULE: ".mol .mol2 .sdf .smi .cml .gjf .zmat",
    f"a macromolecule's file; {_CONVERT}": ".pdb .ent .mmtf",
    "SHELX's instructions; give the list of reflections too, such as x.hkl, or the structure as "
    "CIF": ".res .ins",
    f"YAML, a format that is not taken; {_CONVERT}": ".yaml .yml",
    "an output of VASP, a format that is not taken; give the POSCAR or CONTCAR": ".xml",
    _PICKLE: ".pkl .pickle .p",
    f"a format of structures that is not taken; {_CONVERT}": ".xsf .axsf .cssr .cell .gen .struct "
    ".lmp .lammps .cfg .xtl .vesta .exyz .extxyz .abi .fdf .pwi .pwo .cry .mcsqs .traj",
}
_BY_SUFFIX = {suffix: reason for reason, names in _SUFFIXES.items() for suffix in names.split()}


def other_content(content: bytes) -> str:
    """Return why a file gives no structure, as far as its first bytes tell; or ""."""
    if kind := _begins(content, _PACKED):
        return f"{kind}; {_UNPACK}"
    if kind := _begins(content, _BINARY):
        return kind
    if content.startswith(_READABLE_IMAGES) or _begins(content, _OTHER_IMAGES):
        return _IMAGE
    if kind := _begins(content, _MICROSCOPES):
        return f"{_MICROSCOPE} ({kind}), not a structure"
    return ""


def other_text(text: str, suffix: str) -> str:
    """Return why a file gives no structure, as far as its text or its suffix tells; or ""."""
    # Only here: they are slow to import.
    from spacegrouper.techniques.powder.measured.columns import is_columns
    from spacegrouper.techniques.powder.measured.reading import SUFFIXES
    from spacegrouper.techniques.powder_rows import holds_powder_rows
    from spacegrouper.techniques.reflections.other_lists import other_list

    if suffix in SUFFIXES:
        return _DIFFRACTOGRAM
    if reason := other_list(text, suffix):
        return reason
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if suffix in _MICROSCOPE_SUFFIXES:
        return f"{_MICROSCOPE} ({_MICROSCOPE_SUFFIXES[suffix]}), not a structure"
    lines = [line.strip() for line in text.splitlines()[:200]]
    if _is_xyz(lines):
        if 'lattice="' in lines[1].lower():
            return f"extended XYZ, a format that is not taken; {_CONVERT}"
        return _MOLECULE
    if holds_powder_rows(text) or is_columns(text):
        return _DIFFRACTOGRAM
    if "\0" in text:
        return "binary, and no format that is known"
    return ""


def other_image(content: bytes, suffix: str) -> str:
    """Return what an image is that cannot be taken, and what to do; or ""."""
    if kind := _begins(content, _OTHER_IMAGES):
        why = ", which loses grey levels" if kind in _LOSSY_IMAGES else ""
        return f"a {kind} file{why}; save the pattern as PNG or TIFF from the measured data"
    kind = _begins(content, _MICROSCOPES) or _MICROSCOPE_SUFFIXES.get(suffix, "")
    if kind and not content.startswith(_READABLE_IMAGES):
        return (
            f"{_MICROSCOPE} ({kind}), which is not read here; open it with a program that knows "
            "it, such as HyperSpy, and save each view as a grey PNG"
        )
    if kind := _begins(content, _PACKED):
        return f"{kind}; {_UNPACK}"
    return ""


def _begins(content: bytes, signatures: tuple[tuple[int, bytes, str], ...]) -> str:
    """Return the name that goes with the first signature that a content has at its place."""
    return next((name for at, bytes_, name in signatures if content.startswith(bytes_, at)), "")


def _is_xyz(lines: list[str]) -> bool:
    return (
        len(lines) > 2
        and lines[0].isdigit()
        and re.match(r"[A-Z][a-z]?\d*(?:\s+[-+.\dEe]+){3}", lines[2]) is not None
    )
