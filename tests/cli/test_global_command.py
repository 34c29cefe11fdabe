"""``cevns global``: the record, the choices and what is refused."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest

from cevns.exceptions import InputError
from cevns.experiments.declaration.combination import other_file
from cevns.study import load
from cevns.study.choice_variants import variants

NAME = "coherent-csi-2021"
PUBLIC = os.environ.get("CEVNS_DATA")
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
    assert "not a combination" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--with", " , "), "--with names no data set"),
        (("--without", ""), "--without names no data set"),
        (("--with", "csi", "--choose", "couplings"), "write NAME=ALTERNATIVE"),
        (("--choose", "pulse-time=free", "--choose", "pulse_time=held"), "is free already"),
        (("--with", "csi", "--set", "csi:live_time=1 d", "--set", f"{NAME}:live_time=2 d"),
         f"csi:live_time and {NAME}:live_time are the same field; change it once"),
        (("--with", "csi,ge-2024", "--model", "vector-universal", "--parameter", "g_zprime"),
         "to single recoils (in the global fit --choose ge-2024=grid)"),
        (("--with", "csi,dresden2"), 'with --set dresden-ii:data="{...}"'),
        (("--with", "csi", "--model", "dipole-portal"),
         "name what is fitted with --parameter (dipole_e, dipole_mu, dipole_tau, dipole), or"),
        (("csi,lars",), "unknown set of data 'lars'"),
        (("--with", "csi", "--parameter", ""), "unknown parameter ''"),
        (("--with", "csi", "--json", "/nowhere/x.json"), "cannot write"),
        (("--with", "csi", "--model", "charge-radius", "--parameter", "charge_radius_tautau"),
         "charge_radius_tautau has no observable effect"),
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


TO_GE = ("global:ge-2024", "--set", "choose.ge-2024=grid", "--json", "-")


@pytest.mark.parametrize(
    "words",
    [
        ("fit", *TO_GE),
        ("profile", *TO_GE, "--points", "5"),
        ("systematics", *TO_GE, "--poi", "sin2-theta-w"),
        ("toys", *TO_GE, "-n", "20", "--workers", "1"),
        ("scan", *TO_GE, "--parameter", "sin2_theta_w=0.1:0.4:3"),
        ("scan", *TO_GE, "--parameter", "sin2_theta_w=0.1:0.4:3", "--plan", "--method", "fc"),
        ("limit", *TO_GE, "--model", "nsi", "--parameter", "eps_ee_u=-0.3:0.7:5"),
        ("limit", *TO_GE),
        ("predict", *TO_GE),
        ("flux", *TO_GE),
        ("show", *TO_GE),
        ("simulate", *TO_GE, "-n", "5"),
        ("compare", *TO_GE, "--set", "target.mass=20 kg"),
    ],
)
def test_choices_are_in_every_result(cevns: Callable, words: tuple[str, ...]):
    done = cevns(*words)
    assert done.code == 0, done.err
    record = json.loads(done.out)
    assert record["combination"] == "global"
    assert record["choices"]["ge-2024"] == "grid"
    assert record["choices"]["sns-flux"] == "common"
    assert record["sets"] == {"ge-2024": "coherent-ge-2024"}
    said = (
        "Accelerator, reactor and solar CEvNS), choices: ge-2024 grid; the others are the default"
    )
    assert said in " ".join(done.err.split())


def test_common_changes_are_said_once(cevns: Callable):
    done = cevns("fit", "global:ge-2024,conus-plus", "--poi", "sin2-theta-w")
    assert done.code == 0
    lines = [line for line in done.out.splitlines() if "changed" in line]
    assert done.out.count("interaction.couplings=") == 1
    own, common = lines  # germanium at the SNS has nothing of its own
    assert own.startswith(f"{CONUS}: changed: parameters.reactor.flux.held=true, ")
    assert common.startswith("changed in all: interaction.couplings=cadeddu2022, ")
    assert common.endswith("parameters.ge.lindhard_k.held=true")


@pytest.mark.skipif(not PUBLIC, reason="CEVNS_DATA does not name the public releases")
def test_other_digests_are_said_as_in_a_fit(cevns: Callable):
    words = ("--with", "csi", "--joint-only", "--data", PUBLIC)
    said = cevns("global", *words).err
    assert "warning" in said
    assert "digest" in said
    assert said.count("\n") == cevns("fit", NAME, "--data", PUBLIC).err.count("\n")


@pytest.mark.skipif(not PUBLIC, reason="CEVNS_DATA does not name the public releases")
def test_the_reweighted_signal_is_called_so(cevns: Callable):
    data = ("--data", str(PUBLIC))
    said = "signal: released template times the ratio of cross sections\n"
    assert said in cevns("fit", "global:lar", "--poi", "sin2-theta-w", *data).out
    said = "signal: from first principles\n"
    assert said in cevns("fit", "coherent-lar-2020", "--poi", "sin2-theta-w", *data).out


@pytest.mark.parametrize("words", [("ge-2024",), ("ge-2024,csi", "--without", "csi")])
def test_sets_by_short_names(cevns: Callable, words: tuple[str, ...]):
    changed = ("--set", "ge-2024:predicted=36")
    found = []
    for how in (words, ("--with", "ge-2024"), ("--with", "ge-2024", *changed), (*words, *changed)):
        done = cevns("global", *how, "--joint-only", "--json", "-")
        assert done.code == 0, done.err
        found.append(json.loads(done.out))
    plain, same, by_option, by_word = found
    assert plain["sets"] == same["sets"]
    assert plain["poi"] == same["poi"]
    assert by_option["poi"] == by_word["poi"]
    assert by_word["experiments"][GE]["overrides"]["predicted"] == "36"
    assert by_word["poi"]["value"] - plain["poi"]["value"] > 0.002  # less is expected than 37


def test_choices_are_listed(cevns: Callable):
    done = cevns("list", "choices", "--json", "-")
    rows = json.loads(done.out)["choices"]
    usual = {r["name"]: r["alternative"] for r in rows if r["usual"]}
    assert usual == load("global").choices
    (one,) = (r for r in rows if r["alternative"] == "independent")
    assert (one["name"], one["changes"]) == ("sns-flux", "csi, lar, ge-2024, ge-2026")


def test_a_profile_says_how_to_ask(cevns: Callable):
    done = cevns("profile", "global:ge-2024", "--parameter", "sin2-theta-w")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "free it with --free sin2_theta_w" in done.err
    words = ("--free", "sin2_theta_w", "--parameter", "sin2-theta-w", "--points", "5")
    assert cevns("profile", "global:ge-2024", *words).code == 0


def test_the_alternative_that_is_named_has_recoils():
    summaries = {e.name for e in load("global").experiments if e.declaration.summary}
    named = [choice for name in sorted(summaries) for choice in other_file(name)]
    assert named == [("ge-2024", "grid")]
    study = load("global:ge-2024", overrides={"choose.ge-2024": "grid"}, models="vector-universal")
    assert study.model(free=("g_zprime",)).feels("g_zprime")


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


def test_a_variant_replaces_a_choice_in_any_spelling():
    given = {"choose.form_factor": "klein-nystrand"}
    found = {v.choice: v for v in variants("global:ge-2024", overrides=given)}
    assert found["form-factor"].alternative == "helm"
    usual = load("global:ge-2024").combine(each=False).poi.value
    assert found["form-factor"].found.poi.value == usual
    assert load("global:ge-2024", overrides=given).combine(each=False).poi.value != usual
    with pytest.raises(InputError, match="not a combination"):
        variants(NAME)


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


def test_what_is_not_determined_or_felt_is_said(cevns: Callable, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    words = ("global", "--with", "ge-2024,conus-plus", "--model", "nsi")
    done = cevns(*words, "--parameter", "eps_ee_u", "--parameter", "eps_mumu_u")
    assert done.out.count("undetermined") == 2
    choices = done.out.partition("choices: ")[2].partition("eps_ee_u by set")[0]
    assert max(map(len, choices.splitlines())) <= 80
    assert "sns-flux common" in choices
    assert "apv-amplitude" not in choices  # which changes neither of the two
    assert "ge-2024 alone cannot distinguish eps_ee_u and eps_mumu_u apart" in done.out
    done = cevns(*words, "--parameter", "eps_mumu_u")
    assert done.out.count("insensitive") == 2


@pytest.mark.slow
def test_an_open_side_is_said(cevns: Callable, monkeypatch):
    """The upper error of the radius does not exist below its bound."""
    monkeypatch.setenv("COLUMNS", "80")
    words = ("--with", "ge-2024,conus-plus", "--model", "neutron-radius")
    done = cevns("global", *words, "--parameter", "sin2_theta_w", "--parameter", "r_n_ge")
    assert done.out.count("undetermined") == 4
    assert "r_n_ge = 8.263 +open -2 fm" in done.out
    assert "note: r_n_ge has no upper MINOS error" in done.out


def test_share_of_shared_constraints_is_said(cevns: Callable, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    done = cevns("global", "--with", "csi,ge-2024", "--json", "-")
    share = json.loads(done.out)["shared_information_share"]
    row = next(line for line in done.err.splitlines() if line.startswith(" shared"))
    assert f"{100 * share:.1f} %" in row


def test_each_set_is_one_line_of_the_table(cevns: Callable, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    out = cevns("global", "--with", "ge-2024,conus-plus").out
    assert max(map(len, out.splitlines())) <= 80
    sets, _, rows = out.partition("sin2_theta_w by set of data")
    assert "ge-2024: COHERENT germanium 2024, published number of events, 1 bin, -2lnL" in sets
    cells = [line.split() for line in rows.splitlines() if line.startswith(" ")]
    of = {row[0]: row for row in cells if row}
    # value, upper and lower error, alone and of the others; share with its sign, shift
    assert len(of["ge-2024"]) == len(of["conus-plus"]) == 1 + 3 + 3 + 2 + 1
    assert set(of) <= {"set", "ge-2024", "conus-plus", "shared"} | {n for n in of if n[0] == "─"}
