"""Options behind the name of an interaction: any charge assignment of a light vector."""

from __future__ import annotations

import pytest

from cevns.exceptions import InputError, UnknownNameError
from cevns.processes import differential_cross_section, interaction
from cevns.processes.framework.abilities import choices_of

GAUGED = "u=1/3 d=1/3 e=-1 mu=-1 tau=-1 nu_e=-1 nu_mu=-1 nu_tau=-1"
AT = {"g_zprime": 3e-5}


def cross_section(name: str, **at: float) -> float:
    made = interaction(name)
    found = differential_cross_section("Ar40", 30, 10, interaction=made, values={**AT, **at})
    return 1e40 * float(found)


@pytest.mark.parametrize("written", ["charges=B-L", f"charges={GAUGED}", "charges=b_l"])
def test_charges_by_name_and_by_hand_are_one(written):
    expected = cross_section("vector-b-l")
    assert cross_section(f"light-vector:{written}") == pytest.approx(expected, rel=1e-12)
    # and it is no other assignment that is seen
    assert cross_section("light-vector") != pytest.approx(expected, rel=1e-3)


def test_options_are_numbers_too_and_stand_beside_other_interactions():
    # constructive, and the more so the lighter the mediator
    masses = [cross_section(f"light-vector:charges=B-L,m_zprime={m}") for m in (1000, 100, 10)]
    assert masses[0] < masses[1] < masses[2]
    assert masses[1] == pytest.approx(cross_section("vector-b-l"), rel=1e-12)
    both = interaction("nsi+light-vector:charges=L_mu-L_tau,loop=constant")
    assert both.name == "nsi+light-vector"
    assert choices_of(both) == {
        "charges": "L_mu-L_tau",
        "normalisation": "lagrangian",
        "loop": "constant",
    }


@pytest.mark.parametrize(
    ("written", "options"),
    [
        ("neutron-radius:elements=Ar Ge,theory=0.02", {"elements": ("Ar", "Ge"), "theory": 0.02}),
        ("light-scalar:leptons=mu", {"leptons": ("mu",)}),
        ("form-factor-expansion:truncated=false", {"truncated": False}),
        ("form-factor-expansion:truncated=True", {"truncated": True}),
        ("sterile:baseline_m=20", {"baseline_m": 20.0}),
        ("standard-model:axial=false", {"axial": False}),
    ],
)
def test_written_options_are_those_given_in_python(written, options):
    name, _, _ = written.partition(":")
    assert interaction(written) == interaction(name, **options)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("form-factor-expansion:truncated=no", "truncated=no: write true or false"),
        ("neutron-radius:theory=little", "theory=little: this is not a number"),
        ("magnetic-moment-mass-basis:mixing=nufit", "a Python object"),
        ("light-vector:charge=B-L", "it has m_zprime, charges"),
        ("light-vector:charges=", "NAME=VALUE"),
        ("light-vector:charges=B-L,m_zprime=ten", "m_zprime=ten: this is not a number"),
        ("light-vector:charges=u=x", "is not a charge"),
        ("light-vector:charges=u=1/0", "is not a charge"),
        ("vector-b-l:charges=universal", "has no option 'charges'"),
        ("light-vector:loop=never", "choose running or constant"),
    ],
)
def test_bad_options_are_one_sentence(name, said):
    with pytest.raises(InputError, match=said):
        interaction(name)


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'B-L'"):
        interaction("light-vector:charges=B-LL")
    with pytest.raises(UnknownNameError, match="fermion"):
        interaction("light-vector:charges=quark=1")
