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
    scans = [_scan(points, known) for points in root.iterfind(".//scan/dataPoints")]
    return one_scan([scan for scan in scans if scan is not None])


def _scan(points: Element, wavelength: float | None) -> Scan | None:
    intensity = np.array(_numbers(points, "intensities") or _numbers(points, "counts"))
    attenuation = _numbers(points, "beamAttenuationFactors")
    if points.find("intensities") is None and attenuation:
        if len(attenuation) != intensity.size:
            raise UserError("has not as many attenuation factors as counts; export it anew")
        intensity = intensity * attenuation
    for positions in points.iterfind("positions"):
        if positions.get("axis") != "2Theta":
            continue
        listed = _numbers(positions, "listPositions")
        ends = _numbers(positions, "startPosition") + _numbers(positions, "endPosition")
        if not listed and len(ends) == 2:
            listed = np.linspace(ends[0], ends[1], intensity.size).tolist()
        if len(listed) != intensity.size or not listed:
            raise UserError(
                f"has {len(listed)} angles and {intensity.size} intensities; export it anew"
            )
        return Scan(np.array(listed), intensity, wavelength)
    return None


def _numbers(parent: Element, name: str) -> list[float]:
    return numbers_of(parent.findtext(name), name)
