"""XRDML of PANalytical's instruments: XML of the schema at www.xrdml.com."""

from xml.etree.ElementTree import Element

import numpy as np

from spacegrouper.errors import UserError
from spacegrouper.techniques.powder.measured.radiation import (
    anode_of,
    in_angstrom,
    stated_wavelength,
)
from spacegrouper.techniques.powder.measured.scan import Scan, one_scan
from spacegrouper.techniques.powder.measured.xml_text import numbers_of, xml_root

# Lists with a value for each point, or one for all.
_OF_EACH_POINT = ("beamAttenuationFactors", "countingTimes", "divergenceCorrections")


def read_xrdml(content: bytes) -> Scan:
    """Read the scan of a file, intensities as without an attenuator.

    Raises:
        UserError: there is none of 2 theta, or it contradicts itself.
    """
    root = xml_root(content)
    wavelengths = [
        in_angstrom(number, line.get("unit"))
        for line in root.iterfind(".//usedWavelength/kAlpha1")
        for number in numbers_of(line.text, "wavelengths")
    ]
    anodes = [anode_of(f"anode {tube.text}") for tube in root.iterfind(".//anodeMaterial")]
    known = stated_wavelength(wavelengths, [anode for anode in anodes if anode])
    scans = [
        _scan(points, known, scan.get("status", ""))
        for scan in root.iterfind(".//scan")
        for points in scan.iterfind("dataPoints")
    ]
    return one_scan([scan for scan in scans if scan is not None])


def _scan(points: Element, wavelength: float | None, status: str) -> Scan | None:
    for positions in points.iterfind("positions"):
        if positions.get("axis") != "2Theta":
            continue
        intensity = np.array(_numbers(points, "intensities") or _numbers(points, "counts"))
        _check_number(points, intensity.size)
        if points.find("intensities") is None:
            intensity = intensity * (_numbers(points, "beamAttenuationFactors") or [1.0])
        listed = _numbers(positions, "listPositions")
        ends = _numbers(positions, "startPosition") + _numbers(positions, "endPosition")
        ends_only = not listed and len(ends) == 2
        if ends_only:
            if status.lower() == "aborted":
                raise UserError(
                    "its scan was aborted, and where is not said: it has no angles but the first "
                    "and the last; export what there is as .xy"
                )
            listed = np.linspace(ends[0], ends[1], intensity.size).tolist()
        if len(listed) != intensity.size or not listed:
            raise UserError(
                f"has {len(listed)} angles and {intensity.size} intensities; export it anew, whole"
            )
        return Scan(np.array(listed), intensity, wavelength, ends_only=ends_only)
    return None


def _check_number(points: Element, number: int) -> None:
    """Raise UserError where a list has more or fewer values than there are intensities."""
    for name in _OF_EACH_POINT:
        listed = len((points.findtext(name) or "").split())
        if listed > 1 and listed != number:
            raise UserError(
                f"has {listed} values of {name} and {number} intensities; export it anew, whole"
            )


def _numbers(parent: Element, name: str) -> list[float]:
    return numbers_of(parent.findtext(name), name)
