"""Engine `pymatgen` of powders, docs/powder.md."""

from spacegrouper.contract.engine import ENGINES
from spacegrouper.techniques.powder.engine import powder_engine

ENGINES.register(powder_engine("pymatgen", seconds=0.02))
