"""``cevns global``: the record, the choices and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from cevns import load

GE, CONUS = "coherent-ge-2024-count", "conus-plus-2025"


def test_command(cevns: Callable):
    words = ("global", "--parameter", "sin2_theta_w", "--with", "ge-2024,conus-plus", "--json", "-")
    done = cevns(*words, "--choose", "conus-plus-prediction=published")
    assert done.code == 0
    record = json.loads(done.out)
    assert {"name", "value", "error_up", "error_down"} <= record["poi"].keys()
    assert record["poi"]["name"] == "sin2_theta_w"
    assert list(record["experiments"]) == [GE, CONUS]
    assert record["goodness"]["ndof"] == 1
    assert record["goodness"]["parameter_goodness"] > 0.0
    assert record["choices"]["conus-plus-prediction"] == "published"
    assert record["sets"]["conus-plus"]["alone"]["sin2_theta_w"]["value"] == pytest.approx(
        0.259, abs=0.004
    )
    assert "parameter goodness of fit" in done.err
    assert "conus-plus-prediction published" in done.err


def test_command_leaves_out(cevns: Callable):
    done = cevns(
        *("global", "--with", "csi,ge-2024", "--without", "csi", "--joint-only"),
        *("--profile", "5", "--json", "-"),
    )
    record = json.loads(done.out)
    assert (done.code, list(record["experiments"]), record["sets"]) == (0, [GE], {})
    assert len(record["profile"]["values"]) >= 5
    done = cevns("global", "--with", "coherent-csi-2017,csi")
    assert (done.code, done.err.count("\n")) == (2, 1)
    done = cevns("global", "coherent-csi-2021")
    assert done.code == 2
    assert "no combination" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--with", " , "), "--with names no set of data"),
        (("--without", ""), "--without names no set of data"),
        (("--with", "csi", "--choose", "couplings"), "write NAME=ALTERNATIVE"),
        (("--choose", "pulse-time=free", "--choose", "pulse_time=held"), "is free already"),
        (("--with", "csi", "--parameter", ""), "unknown parameter ''"),
        (("--with", "csi", "--json", "/nowhere/x.json"), "cannot write"),
        (("--with", "csi", "--model", "charge-radius", "--parameter", "charge_radius_tautau"),
         "nothing that charge_radius_tautau changes is seen"),
    ],
)  # fmt: skip
def test_what_is_refused_in_one_sentence(cevns: Callable, words: tuple[str, ...], said: str):
    done = cevns("global", *words)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done.err
    assert said in done.err


def test_the_held_pull_is_said(cevns: Callable):
    words = ("--with", "csi", "--joint-only", "--model", "neutron-radius-common")
    done = cevns("global", *words, "--parameter", "r_n_csi")
    assert "form_factor of coherent-csi-2021 is held" in done.out


def test_variants_are_the_fits_with_each_alternative(cevns: Callable):
    """Those that touch the sets, one at a time; what does not go with another choice is said."""
    words = ("global", "--with", "ge-2024", "--joint-only", "--choose", "couplings=tree-level")
    done = cevns(*words, "--variants", "--json", "-")
    assert done.code == 0
    found = {(v["choice"], v["alternative"]): v for v in json.loads(done.out)["variants"]}
    assert list(found)[:2] == [("couplings", "flavour-dependent"), ("couplings", "common")]
    assert ("couplings", "tree-level") not in found  # the fit itself
    assert {"pulse-time", "pandax", "apv-amplitude"}.isdisjoint(c for c, _ in found)
    assert "charge-radius-running" in found["charge-radius", "running"]["refused"]
    assert "charge-radius=running: " in done.err
    choice = {"choose.couplings": "common"}
    alone = load("global:ge-2024", overrides=choice).combine(each=False).poi
    got = found["couplings", "common"]["of_interest"]["sin2_theta_w"]
    assert (got["value"], got["error_up"]) == pytest.approx((alone.value, alone.error_up))
    assert alone.value != pytest.approx(json.loads(done.out)["poi"]["value"], abs=1e-5)


def test_other_minima_are_said(cevns: Callable):
    words = ("global", "--with", "ge-2024,conus-plus", "--model", "nsi", "--json", "-")
    done = cevns(*words, "--parameter", "eps_ee_u")
    record = json.loads(done.out)
    assert [m["delta_chi2"] for m in record["minima"]] == sorted(
        m["delta_chi2"] for m in record["minima"]
    )
    other = record["minima"][1]
    assert (
        f"another minimum at eps_ee_u = {other['values']['eps_ee_u']:.4g}, "
        f"-2lnL higher by {other['delta_chi2']:.2f}"
    ) in done.err
    assert "conus-plus alone: another minimum" in done.err
    assert "all without ge-2024: another minimum" in done.err


def test_what_is_not_determined_or_felt_is_said(cevns: Callable):
    words = ("global", "--with", "ge-2024,conus-plus", "--model", "nsi")
    done = cevns(*words, "--parameter", "eps_ee_u", "--parameter", "eps_mumu_u")
    assert done.out.count("not determined") == 2
    assert "ge-2024 alone cannot tell eps_ee_u and eps_mumu_u apart" in done.out
    done = cevns(*words, "--parameter", "eps_mumu_u")
    assert done.out.count("not felt") == 2


@pytest.mark.slow
def test_an_open_side_is_said(cevns: Callable):
    """The upper error of the radius does not exist below its bound."""
    words = ("--with", "ge-2024,conus-plus", "--model", "neutron-radius")
    done = cevns("global", *words, "--parameter", "sin2_theta_w", "--parameter", "r_n_ge")
    assert done.out.count("not determined") == 4
    assert "r_n_ge = 8.263 +open -2 fm" in done.out
    assert "note: r_n_ge has no upper MINOS error" in done.out


def test_share_of_shared_constraints_is_said(cevns: Callable):
    done = cevns("global", "--with", "csi,ge-2024", "--json", "-")
    share = json.loads(done.out)["shared_information_share"]
    row = next(line for line in done.err.splitlines() if "constraints of shared" in line)
    assert f"{100 * share:.1f} %" in row
