import numpy as np
import pytest
from numpy.typing import NDArray

from spacegrouper.errors import UserError
from spacegrouper.prediction.poscar import is_poscar, read_poscar

ROWS = ["0 0 0", "0 .5 .5", ".5 0 .5", ".5 .5 0", ".5 .5 .5", ".5 0 0", "0 .5 0", "0 0 .5"]
PLACES = np.array([row.split() for row in ROWS], dtype=float)


def poscar(
    scale: str = "5.64",
    cell: tuple[str, ...] = ("1 0 0", "0 1 0", "0 0 1"),
    elements: str | None = "Na Cl",
    counts: str = "4 4",
    modes: tuple[str, ...] = ("Direct",),
    rows: list[str] = ROWS,
) -> str:
    lines = ["a title", scale, *cell, elements, counts, *modes, *rows]
    return "\n".join(line for line in lines if line is not None) + "\n"


def read(text: str) -> tuple[NDArray[np.float64], tuple[str, ...], NDArray[np.float64]]:
    assert is_poscar(text)
    crystal = read_poscar(text, "name")
    assert crystal.id == "name"
    return crystal.lattice, crystal.species, crystal.frac_coords


CARTESIAN = [" ".join(map(str, place)) for place in PLACES * 5.64]


@pytest.mark.parametrize(
    "text",
    [
        poscar(),
        poscar(scale="5.64 5.64 5.64"),
        poscar(scale=f"-{5.64**3}", cell=("2 0 0", "0 2 0", "0 0 2")),
        poscar(scale="1.0d0", cell=("5.64d0 0 0", "0 5.64 0", "0 0 5.64")),
        poscar(scale="5.64 ! Angstrom", modes=("direct",)),
        poscar(elements="Na_pv Cl/27a3"),
        poscar(modes=("Selective dynamics", "Direct"), rows=[f"{row} T F T" for row in ROWS]),
        poscar(rows=[f"{row} F F F" for row in ROWS]),
        poscar(rows=[f"{r} {'Na' if i < 4 else 'Cl3'}" for i, r in enumerate(ROWS)]),
        poscar(modes=("Cartesian",)),
        poscar(scale="1", cell=("5.64 0 0", "0 5.64 0", "0 0 5.64"), modes=("K",), rows=CARTESIAN),
        poscar(rows=[*ROWS, "", "0.1 0.2 0.3", "0.1 0.2 0.3"]),
        poscar(rows=[*ROWS, "Cartesian", "0.1 0.2 0.3"]),
        poscar().replace("\n", "\r\n"),
    ],
)
def test_one_crystal_is_the_same_however_it_is_written(text: str) -> None:
    lattice, species, frac_coords = read(text)
    assert lattice == pytest.approx(5.64 * np.eye(3))
    assert species == ("Na",) * 4 + ("Cl",) * 4
    assert frac_coords == pytest.approx(PLACES)


def test_three_factors_scale_the_directions_of_space() -> None:
    lattice, _, frac_coords = read(
        poscar(
            scale="2 3 4",
            cell=("1 0 0", "1 1 0", "0 0 1"),
            elements="Fe",
            counts="1",
            modes=("Cartesian",),
            rows=["0.5 0.5 0.5"],
        )
    )
    assert lattice == pytest.approx(np.array([[2, 0, 0], [2, 3, 0], [0, 0, 4]]))
    # (1, 1.5, 2) in Angstrom is half of b and half of c.
    assert frac_coords == pytest.approx(np.array([[0, 0.5, 0.5]]))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (poscar(elements=None), "line 6: '4 4': the elements are missing, as in files of VASP 4"),
        (
            poscar(elements=None, rows=[f"{row} F F F" for row in ROWS]),
            "line 6: '4 4': the elements are missing",
        ),
        (poscar(counts="4 5"), r"9 atoms \(Na 4, Cl 5\), but 8 rows"),
        (poscar(counts="4 3"), r"7 atoms \(Na 4, Cl 3\), but 8 rows"),
        (poscar(counts="8"), "line 6 has 2 elements, line 7 has 1 counts"),
        (poscar(counts="4 four"), "line 7: expected the number of atoms"),
        (poscar(counts="8 0"), "line 7: a count is 0"),
        (poscar(elements="Na Xy"), "line 6: 'Xy' is no element"),
        (poscar(elements="Na 4"), "line 6: '4' is no element"),
        (poscar(scale="5.64 5.64"), "line 2: expected one or three"),
        (poscar(scale="five"), "line 2: expected one or three"),
        (poscar(scale="0"), "line 2: '0': a scaling factor is positive"),
        (poscar(scale="1 1 -1"), "line 2: '1 1 -1'"),
        (poscar(scale="1e999"), "line 2: expected one or three"),
        (poscar(cell=("1 0", "0 1 0", "0 0 1")), "line 3: expected a vector"),
        (poscar(cell=("1 0 0", "2 0 0", "0 0 1")), "span no volume"),
        (poscar(modes=("",)), "line 8: expected `Direct` or `Cartesian`, found an empty line"),
        (poscar(modes=()), "line 8: expected `Direct`"),
        (poscar(modes=("Selective", "Direct")), "line 10: expected three flags"),
        (poscar(rows=[f"{row} Na" for row in ROWS]), "line 13: labelled Na, but .* is Cl"),
        (poscar(rows=[f"{row} 0.1" for row in ROWS]), "line 9: expected three coordinates"),
        (poscar(rows=[f"{row[:-1]}x" for row in ROWS]), "line 9: expected three coordinates"),
        ("hello", "ends before line 2"),
        ("\n".join(poscar().split("\n")[:6]), "ends before line 7"),
    ],
)
def test_what_is_not_whole_or_contradicts_itself_is_refused(text: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        read_poscar(text, "name")
