"""What a beam consists of: the energy of its particles, and in which length they are scattered.

Constants of CODATA 2018.
"""

import math

from spacegrouper.settings.simulate import Radiation

CLASSICAL_ELECTRON_RADIUS = 2.8179403262e-15  # m
LIGHT_SPEED = 299792458  # m / s
PLANCK_TIMES_LIGHT_SPEED = 6.62607015e-34 * LIGHT_SPEED  # J m
JOULES_PER_ELECTRONVOLT = 1.602176634e-19
_REST_ENERGY = {  # J
    "xray": 0.0,
    "electron": 9.1093837015e-31 * LIGHT_SPEED**2,
    "neutron": 1.67492749804e-27 * LIGHT_SPEED**2,
}


def particle_energy(radiation: Radiation, wavelength: float) -> float:
    """Return the kinetic energy, J, of a photon, electron or neutron of a wavelength, m."""
    momentum = PLANCK_TIMES_LIGHT_SPEED / wavelength  # times the speed of light
    rest = _REST_ENERGY[radiation]
    # The total energy less that at rest, written so that nothing cancels.
    return momentum * momentum / (math.hypot(momentum, rest) + rest) if rest else momentum


def wavelength_of_electrons(energy: float) -> float:
    """Return the wavelength, m, of electrons of a kinetic energy, J."""
    rest = _REST_ENERGY["electron"]
    return PLANCK_TIMES_LIGHT_SPEED / math.sqrt(energy * (energy + 2 * rest))


def scattering_length(radiation: Radiation, wavelength: float) -> float:
    """Return the length, m, that a form factor of 1 stands for.

    X-rays: the classical electron radius; no polarisation. Neutrons: a femtometre. Electrons: an
    Angstrom, times E / mc^2, for the tables are of electrons at rest (International Tables for
    Crystallography, Vol. C, 4.3.1).
    """
    if radiation == "xray":
        return CLASSICAL_ELECTRON_RADIUS
    if radiation == "neutron":
        return 1e-15
    return 1e-10 * (1 + particle_energy(radiation, wavelength) / _REST_ENERGY["electron"])
