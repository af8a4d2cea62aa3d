"""Files of instruments, written by hand: a few peaks over a background."""

import struct
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
from numpy.typing import NDArray

ANGLES = np.round(10 + 0.05 * np.arange(1401), 2)  # to 80 degrees
COUNTS = 20 + sum(
    np.rint(height * np.exp(-(((ANGLES - place) / 0.15) ** 2)))
    for place, height in ((27.4, 300), (31.7, 2000), (45.4, 1100), (56.5, 400))
)
WAVELENGTH = 1.540598


def columns(separator: str = " ", angles: NDArray[np.float64] = ANGLES) -> bytes:
    """Return columns of text."""
    rows = zip(angles, COUNTS, strict=True)
    return "\n".join(f"{angle:.2f}{separator}{count:.0f}" for angle, count in rows).encode()


def fullprof(heading: str = "", title: str = "Al2O3 sample", columns: int = 10) -> bytes:
    """Return a file as FullProf reads it with INSTRM = 0, so many intensities in a line."""
    lines = [COUNTS[start : start + columns] for start in range(0, COUNTS.size, columns)]
    rows = "\n".join("".join(f"{count:8.0f}" for count in line) for line in lines)
    return f"{heading}{ANGLES[0]:10.4f}{0.05:9.4f}{ANGLES[-1]:10.4f}  {title}\n{rows}\n".encode()


def gsas() -> bytes:
    """Return a file of GSAS, hundredths of degrees and intensities of 8 letters."""
    head = f"Al2O3\nBANK 1 {COUNTS.size} {COUNTS.size // 10 + 1} CONST 1000.00 5.00 0 0 STD\n"
    return head.encode() + fullprof().partition(b"\n")[2]


def xrdml(
    scans: int = 1,
    intensities: str = "intensities",
    further: str = "",
    wavelength: float | str = WAVELENGTH,
) -> bytes:
    """Return an XRDML file."""
    scan = (
        '<scan scanAxis="Gonio"><dataPoints><positions axis="2Theta" unit="deg">'
        f"<startPosition>{ANGLES[0]}</startPosition><endPosition>{ANGLES[-1]}</endPosition>"
        '</positions><positions axis="Omega"><startPosition>5</startPosition>'
        f"<endPosition>40</endPosition></positions>{further}<{intensities}>"
        + " ".join(f"{count:.0f}" for count in COUNTS)
        + f"</{intensities}></dataPoints></scan>"
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<xrdMeasurements xmlns="http://www.xrdml.com/XRDMeasurement/1.5"><xrdMeasurement>'
        f'<usedWavelength intended="K-Alpha 1"><kAlpha1 unit="Angstrom">{wavelength}</kAlpha1>'
        f"</usedWavelength>{scan * scans}</xrdMeasurement></xrdMeasurements>"
    ).encode()


def brml(
    axis: str = "TwoTheta",
    wavelength: float = WAVELENGTH,
    ends: tuple[str, str] = (str(ANGLES[0]), str(ANGLES[-1])),
) -> bytes:
    """Return a BRML file."""
    points = "".join(
        f"<Datum>0.5,1,{angle:.2f},{angle / 2:.3f},{count:.0f}</Datum>"
        for angle, count in zip(ANGLES, COUNTS, strict=True)
    )
    scan = (
        "<RawData><FixedInformation><Instrument><PrimaryTracks><TrackInfo><MountedTube>"
        f'<WaveLengthAlpha1 Value="{wavelength}" Unit="A"/></MountedTube></TrackInfo>'
        "</PrimaryTracks></Instrument></FixedInformation><DataRoutes><DataRoute>"
        f'<ScanInformation><ScanAxes><ScanAxisInfo AxisId="{axis}" AxisName="{axis}">'
        f"<Start>{ends[0]}</Start><Stop>{ends[1]}</Stop></ScanAxisInfo></ScanAxes>"
        f"</ScanInformation>{points}</DataRoute></DataRoutes></RawData>"
    )
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("Experiment0/DataContainer.xml", "<DataContainer/>")
        archive.writestr("Experiment0/RawData0.xml", scan)
    return file.getvalue()


def bruker_raw(wavelength: float = WAVELENGTH) -> bytes:
    """Return a RAW file of version 3."""
    head, of_range = bytearray(712), bytearray(304)
    head[:7] = b"RAW1.01"
    struct.pack_into("<I", head, 12, 1)
    struct.pack_into("<II", of_range, 0, 304, ANGLES.size)
    struct.pack_into("<d", of_range, 16, ANGLES[0])
    struct.pack_into("<d", of_range, 176, 0.05)
    struct.pack_into("<d", of_range, 240, wavelength)
    struct.pack_into("<I", of_range, 256, 8)
    return bytes(head + of_range) + bytes(8) + COUNTS.astype("<f4").tobytes()


def powder_cif(wavelength: float = WAVELENGTH) -> bytes:
    """Return a CIF file with a profile."""
    rows = "\n".join(
        f"{angle:.2f} {count:.0f}({np.sqrt(count):.0f})"
        for angle, count in zip(ANGLES, COUNTS, strict=True)
    )
    return (
        f"data_a\n_diffrn_radiation_wavelength {wavelength}\nloop_\n_pd_meas_2theta_scan\n"
        f"_pd_meas_intensity_total\n{rows}\n"
    ).encode()
