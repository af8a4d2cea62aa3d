"""
What can be named
=================

Everything that a configuration chooses by name is in a registry. Files of this package and of
others add to them.
"""

from spacegrouper.contract.network import NETWORKS
from spacegrouper.contract.source import SOURCES
from spacegrouper.contract.technique import DESCRIPTORS, ENGINES, TECHNIQUES
from spacegrouper.errors import UserError

# %%
# A technique is what is measured of a crystal; its engines simulate it.

for technique in TECHNIQUES:
    engines = ", ".join(technique.engines)
    print(f"{technique.name:12} {technique.measures:24} simulated by {engines}")

# %%
# A descriptor makes a network's input from what was measured. A network takes one kind of input.

for descriptor in DESCRIPTORS:
    networks = [network.name for network in NETWORKS if network.takes == descriptor.gives]
    print(f"{descriptor.name:14} {descriptor.gives:13} for {', '.join(networks)}")

# %%
# Sources give the crystals.

print(*SOURCES.names)

# %%
# A name that is not there is a mistake of the user's, answered in one line.

try:
    ENGINES["kinematics"]
except UserError as error:
    print(error)
