"""New interactions of solar neutrinos in xenon: what does not depend on how flavours change."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import cevns
from cevns.cli import run
from cevns.exceptions import InputError

EXAMPLE = str(Path(__file__).parents[2] / "docs" / "examples" / "solar-xenon.yaml")
SMALL = """\
schema: 1
name: xenon-and-boron
source: {kind: sun, branches: b8, live_time: 365.25 d}
target: {material: Xe, mass: 1000 kg}
interaction: {kind: standard-model}
detector: {response: {kind: identity}}
axes: {energy: {unit: keVnr, edges: [1, 2, 4]}}
"""
TREE = {"interaction.couplings": "tree-lowE", "interaction.axial": "false"}
CONVERSIONS = [
    {},
    {"source.oscillation": "none"},
    {"source.sin2_theta12": "0.2", "source.sin2_theta23": "0.7", "source.dm21_ev2": "1e-4"},
    {"source.matter_nsi": "{eps_ee_u: 0.3, eps_etau_d: -0.2}"},
]


@pytest.fixture(scope="module", params=["xenonnt-2026", "small"])
def file(request, tmp_path_factory):
    if request.param != "small":
        return request.param
    path = tmp_path_factory.mktemp("small") / "xenon.yaml"
    path.write_text(SMALL)
    return path


def count(file, conversion, **eps):
    """Expected CEvNS events with coefficients at u and d quarks, by flavour."""
    study = cevns.load(file, models="nsi", overrides={**TREE, **conversion})
    at = {
        f"eps_{ab}_{q}": size
        for ab, sizes in eps.items()
        for q, size in zip("ud", sizes, strict=True)
    }
    (counts,) = study.predict(at=at).values()
    return counts["cevns"]


@pytest.mark.parametrize("sizes", [(0.0, 0.0), (0.1, 0.0), (-0.3, 0.2)])
def test_what_acts_on_all_flavours_alike_is_blind_to_their_change(file, sizes):
    """Probabilities add to one: sum_a P_a |Q(eps)|^2 = |Q(eps)|^2, whatever P is."""
    found = [count(file, c, ee=sizes, mumu=sizes, tautau=sizes) for c in CONVERSIONS]
    assert found == pytest.approx([found[0]] * len(found), rel=3e-12)
    assert found[0] != pytest.approx(count(file, {}, ee=sizes), rel=1e-3) or not any(sizes)


@pytest.mark.parametrize("sizes", [(0.1, 0.0), (0.0, -0.2), (0.25, 0.4)])
@pytest.mark.parametrize("conversion", CONVERSIONS)
def test_muons_and_taus_together(file, sizes, conversion):
    """R(ee) + R(mumu = tautau) = R(none) + R(all), since R = P_ee Q^2(ee) + (1 - P_ee) Q^2(mumu).

    With no conversion nothing arrives that muons and taus could act on.
    """
    together = count(file, conversion, mumu=sizes, tautau=sizes)
    alone, none = count(file, conversion, ee=sizes), count(file, conversion)
    every = count(file, conversion, ee=sizes, mumu=sizes, tautau=sizes)
    assert alone + together == pytest.approx(none + every, rel=3e-12)
    if conversion == CONVERSIONS[1]:
        assert together == pytest.approx(none, rel=1e-13)
    else:
        assert abs(together / none - 1.0) > 0.05


def test_shares_of_muons_and_taus_do_not_matter_where_they_are_alike(file):
    """theta_23 drops out of eps_mumu = eps_tautau, and not out of eps_mumu alone."""
    shares = [{"source.sin2_theta23": s} for s in ("0.3", "0.5", "0.6")]
    both = [count(file, c, mumu=(0.2, 0.1), tautau=(0.2, 0.1)) for c in shares]
    assert both == pytest.approx([both[0]] * 3, rel=3e-12)
    one = [count(file, c, mumu=(0.2, 0.1)) for c in shares]
    assert np.ptp(one) > 0.05 * one[0]


# -- what is said ---------------------------------------------------------------------------------

NSI = ["--model", "nsi"]


@pytest.mark.parametrize(
    ("words", "said", "named"),
    [
        (["predict", EXAMPLE, *NSI, "--at", "eps_ee_u=0.1"], "held at those of", "standard-model"),
        (["rate", EXAMPLE, *NSI, "--at", "eps_ee_u=0.1"], "held at those of", "standard-model"),
        (["fit", "pandax4t-2024", *NSI, "--free", "eps_ee_u"], "held at those", "standard-model"),
        (
            ["limit", "pandax4t-2024", *NSI, "--parameter", "eps_ee_u=-0.3:0.8:12"],
            "held at those of",
            "standard-model",
        ),
        (
            ["predict", EXAMPLE, *NSI, "--set", "source.matter_nsi={eps_ee_u: 0.2}"],
            "held at the coefficients in 'matter_nsi'",
            "nsi",
        ),
    ],
)
def test_that_propagation_is_held_is_said(capsys, words, said, named):
    assert run([*words, "--json", "-"]) == 0
    both = capsys.readouterr()
    shown = " ".join(both.err.split())
    assert f"note: the survival probabilities of solar neutrinos are {said}" in shown
    assert json.loads(both.out)["physics"]["propagation"] == named


@pytest.mark.parametrize(
    "words",
    [
        ["predict", EXAMPLE],
        ["predict", EXAMPLE, "--model", "light-vector-universal", "--at", "g=1e-5"],
        ["predict", EXAMPLE, *NSI, "--set", "source.oscillation=none"],
        ["predict", "coherent-csi-2021", *NSI],
    ],
)
def test_nothing_is_said_where_nothing_is_held(capsys, words):
    run([*words, "--json", "-"])
    both = capsys.readouterr()
    assert "survival probabilities" not in both.err
    assert "propagation" not in both.out


def test_matter_with_nsi_changes_a_rate_that_tells_flavours_apart(file):
    conversion = {"source.matter_nsi": "{eps_ee_u: 0.4}"}
    eps = {"ee": (0.2, 0.0)}
    assert count(file, conversion) == pytest.approx(count(file, {}), rel=3e-12)
    assert abs(count(file, conversion, **eps) / count(file, {}, **eps) - 1.0) > 5e-3


def test_a_coefficient_that_there_is_not(file):
    with pytest.raises(InputError, match=r"coefficient in the Sun"):
        count(file, {"source.matter_nsi": "{eps_ee: 0.2}"})
