"""Faults on purpose: a day's events as an unreliable source would hand them over, and the truth of what was done."""

from generator.faults.inject import Delivered, inject
from generator.faults.profile import Faults, load_faults

__all__ = ["Delivered", "Faults", "inject", "load_faults"]
