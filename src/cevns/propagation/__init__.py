"""What changes flavours on the way from source to detector."""

from cevns.propagation.distance import Distant
from cevns.propagation.vacuum import Extent, Mixing, Oscillation, vacuum_phase

__all__ = ["Distant", "Extent", "Mixing", "Oscillation", "vacuum_phase"]
