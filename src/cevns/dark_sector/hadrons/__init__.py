"""Hadrons that a vector mediator makes below a few GeV."""

from cevns.dark_sector.hadrons.hadron_ratio import baryon_hadron_ratio, hadron_ratio
from cevns.dark_sector.hadrons.pion_form_factor import pion_form_factor_squared

__all__ = ["baryon_hadron_ratio", "hadron_ratio", "pion_form_factor_squared"]
