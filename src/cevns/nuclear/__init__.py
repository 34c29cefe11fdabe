"""The nucleus: nuclides, materials, form factors and weak couplings."""

from cevns.nuclear.couplings import Couplings, coupling_schemes, couplings
from cevns.nuclear.electron_shells import ElectronShell, electron_shells, free_electrons
from cevns.nuclear.form_factors import FormFactor, form_factor, form_factors
from cevns.nuclear.materials import Material, material
from cevns.nuclear.nuclides import Nuclide, isotopes, nuclide, nuclides
from cevns.nuclear.radii import point_proton_radius, proton_distribution_radius

__all__ = [
    "Couplings",
    "ElectronShell",
    "FormFactor",
    "Material",
    "Nuclide",
    "coupling_schemes",
    "couplings",
    "electron_shells",
    "form_factor",
    "form_factors",
    "free_electrons",
    "isotopes",
    "material",
    "nuclide",
    "nuclides",
    "point_proton_radius",
    "proton_distribution_radius",
]
