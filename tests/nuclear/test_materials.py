from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cevns.constants import AVOGADRO
from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear import material, nuclides


def _formula(m):
    return {x.symbol: 0.0 for x, _ in m.atoms} | {
        s: sum(c for x, c in m.atoms if x.symbol == s) for s in {x.symbol for x, _ in m.atoms}
    }


@pytest.mark.parametrize(
    ("formula", "molar_mass_g", "error"),
    # standard molar masses; errors are those of the standard atomic weights
    [
        ("CsI", 259.81, 1e-2),
        ("NaI", 149.894, 1e-3),
        ("CaWO4", 287.91, 3e-2),
        ("D2O", 20.0276, 2e-3),
        ("H2O", 18.015, 2e-3),
        ("Al2O3", 101.961, 2e-3),
        ("Ge", 72.630, 8e-3),
        ("Ar", 39.948, 1e-3),
        ("Xe", 131.293, 6e-3),
    ],
)
def test_molar_masses(formula, molar_mass_g, error):
    assert material(formula).molar_mass_g == pytest.approx(molar_mass_g, abs=error)


def test_the_nuclei_of_the_coherent_crystal():
    nuclei = material("CsI").nuclei_per_kg()
    # arXiv:2110.07730: 14.6 kg hold 3.384e25 of each; half a unit of the last digit
    assert 14.6 * nuclei["Cs133"] == pytest.approx(3.384e25, abs=5e21)
    assert nuclei["I127"] == nuclei["Cs133"]


def test_parentheses_and_repeats_are_read():
    a, b = material("Ca(WO4)"), material("CaWO4")
    assert _formula(a) == pytest.approx(_formula(b), rel=1e-14)
    assert _formula(material("(CH2)3")) == pytest.approx({"C": 3, "H": 6}, rel=1e-14)
    assert _formula(material("CH3CH3")) == pytest.approx({"C": 2, "H": 6}, rel=1e-14)
    assert _formula(material("Ca(AlO2(H2O)2)3")) == pytest.approx(
        {"Ca": 1, "Al": 3, "O": 12, "H": 12}, rel=1e-14
    )


def test_heavy_water_holds_deuterons_only():
    names = {x.name for x in material("D2O").nuclides}
    assert "H2" in names
    assert "H1" not in names


def test_a_single_nuclide_is_a_material():
    assert [(x.name, n) for x, n in material("76Ge").atoms] == [("Ge76", 1.0)]


def test_enrichment_replaces_the_natural_composition():
    enriched = material("Ge", composition={"Ge76": 0.87, "Ge74": 0.13})
    assert {x.name: n for x, n in enriched.atoms} == {"Ge76": 0.87, "Ge74": 0.13}
    mixed = material("NaI", composition={"Na23": 1.0})
    assert {x.name for x in mixed.nuclides} == {"Na23", "I127"}


@pytest.mark.parametrize(
    ("formula", "composition", "sentence"),
    [
        ("Ge", {"Ge76": 0.87}, "sums to 0.87, not 1"),
        ("Ge", {"Ge76": 1.5, "Ge74": -0.5}, "not within 0..1"),
        ("Ge", {"Ge76": float("nan")}, "not within 0..1"),
        ("Ge", {"Xe136": 1.0}, "contains no Xe136"),
        ("Ge76", {"Ge76": 1.0}, "takes no composition"),
        ("", None, "not a chemical formula"),
        ("csi", None, "not a chemical formula"),
        ("Cs I", None, "not a chemical formula"),
        ("CsI-", None, "not a chemical formula"),
        ("2CsI", None, "is not a valid number of atoms"),
        ("Cs0I", None, "is not a valid number of atoms"),
        ("Ca(WO4", None, "is not closed"),
        ("CaWO4)", None, "closes too often"),
        ("UO2", None, "unknown element 'U'"),
    ],
)
def test_what_is_not_a_material_is_refused(formula, composition, sentence):
    with pytest.raises(InputError, match=sentence.replace("(", r"\(")):
        material(formula, composition)


@pytest.mark.parametrize("name", ["Xe999", "Ge71", "71Ge", "Ge-71", "Ar39", "Cs137", "Xe1234"])
def test_a_nuclide_without_data_is_not_the_natural_element(name):
    with pytest.raises(UnknownNameError, match=f"unknown nuclide '{name}'"):
        material(name)


@pytest.mark.parametrize(
    ("formula", "nuclide"),
    [("Xe136F6", "Xe136"), ("Na24I", "Na24"), ("CsI131", "I131"), ("(Ge76O2)3", "Ge76")],
)
def test_a_mass_number_in_a_compound_is_refused(formula, nuclide):
    with pytest.raises(InputError, match=f"{nuclide} looks like a nuclide.*composition"):
        material(formula)


@pytest.mark.parametrize(
    ("formula", "counts"),
    # scintillators, bubble chambers and helium mixtures; a count is in parentheses where needed
    [
        ("C16H18", {"C": 16, "H": 18}),
        ("C18H30", {"C": 18, "H": 30}),
        ("C12H26", {"C": 12, "H": 26}),
        ("C6H6", {"C": 6, "H": 6}),
        ("CaWO4", {"Ca": 1, "W": 1, "O": 4}),
        ("CO2", {"C": 1, "O": 2}),
        ("C3F8", {"C": 3, "F": 8}),
        ("He755(SF6)5", {"He": 755, "S": 5, "F": 30}),
        ("(Si)28O56", {"Si": 28, "O": 56}),
        ("D2", {"H": 2}),
        ("(Ge)71", {"Ge": 71}),
    ],
)
def test_counts_of_atoms_stay_counts(formula, counts):
    assert _formula(material(formula)) == pytest.approx(counts, rel=1e-12)


def test_an_unknown_isotope_in_a_composition_is_refused():
    with pytest.raises(UnknownNameError, match="Ge99"):
        material("Ge", {"Ge99": 1.0})


@given(st.lists(st.tuples(st.sampled_from(nuclides()), st.integers(1, 9)), min_size=1, max_size=4))
def test_a_kilogram_weighs_a_kilogram(parts):
    formula = "".join(f"{x.symbol}{n}" for x, n in parts)
    if len(parts) == 1:
        formula = f"({formula})"  # a symbol and one number may be a nuclide's name
    m = material(formula)
    grams = sum(n * x.atomic_mass_u / AVOGADRO for x, n in _by_nuclide(m))
    # rounding of a few dozen products
    assert grams == pytest.approx(1000.0, rel=1e-13)


def _by_nuclide(m):
    nuclei = m.nuclei_per_kg()
    return [(x, nuclei[x.name]) for x in m.nuclides]
