"""Solar 8B in xenon on the command line: the flux, dark matter over CEvNS, what is refused."""

import json

import pytest

from cevns.cli import run


def record(capsys, *words):
    assert run([*words, "--json", "-"]) == 0
    out = capsys.readouterr().out
    return json.loads(out[out.index("{") :])


def test_the_flux(capsys):
    found = record(capsys, "fit", "xenonnt-2026", "--poi", "flux")
    assert found["question"] == "flux"
    assert found["poi"]["unit"] == "cm-2 s-1"
    assert found["poi"]["value"] == pytest.approx(5.15e6, rel=0.04)
    assert found["physics"]["fluxes"] == "sno-8b"
    assert found["observed"] == 62


def test_dark_matter_over_cevns(capsys):
    words = ("limit", "xenonnt-2026", "--model", "wimp-si", "--at", "m_wimp=6GeV")
    found = record(capsys, *words)
    assert found["parameter"] == "sigma_si"
    assert found["upper_limit"] / 2.497e-45 == pytest.approx(1.0, rel=0.06)
    assert found["at"] == {"m_wimp": 6.0}
    assert found["structure"] == {"m_wimp": 6.0}
    assert found["physics"]["halo.wimp-si"] == "recommended-2021"


@pytest.mark.parametrize(
    ("model", "nucleon", "parameter", "limit"),
    # xenon has odd neutrons: protons are seen by two-body currents alone
    [
        ("wimp-sd", "neutron", "sigma_sd", 3.608e-40),
        pytest.param(
            "wimp-sd-proton", "proton", "sigma_sd_proton", 1.240e-38, marks=pytest.mark.slow
        ),
    ],
)
def test_whose_spin_a_limit_is_of(capsys, model, nucleon, parameter, limit):
    words = ["limit", "xenonnt-2026", "--model", model, "--at", "m_wimp=6GeV"]
    found = record(capsys, *words)
    assert found["physics"][f"nucleon.{model}"] == nucleon
    assert found["parameter"] == parameter
    assert found["upper_limit"] / limit == pytest.approx(1.0, rel=0.02)
    assert run(words) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert f"WIMPs couple only to the spin of the {nucleon}" in shown


@pytest.mark.slow
def test_the_mass_of_a_limit_is_always_said(capsys):
    words = ["limit", "xenonnt-2026", "--model", "wimp-si"]
    found = record(capsys, *words)
    assert found["at"] == {"m_wimp": 50.0}
    assert found["upper_limit"] == record(capsys, *words, "--at", "m_wimp=50GeV")["upper_limit"]
    assert run(words) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "for m_wimp = 50 GeV (the default; --at m_wimp=NUMBERGeV changes it)" in shown
    assert run([*words, "--at", "m_wimp=6GeV"]) == 0
    shown = capsys.readouterr().out
    assert "m_wimp = 6 GeV" in shown
    assert "the default" not in shown


def test_a_limit_on_the_flux(capsys):
    found = record(capsys, "limit", "xenon1t-2020")
    assert found["flux_cm2_s"] == pytest.approx(1.4e7, rel=1e-3)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("limit", "xenon1t-2020"), "published value, in 1e6 /cm2/s: CEvNS < 14 at 90 %"),
        (("fit", "pandax4t-2024"), "published values in 1e6 /cm2/s"),
        (("predict", "xenon1t-2020"), "expected value in 1e6 /cm2/s"),
        (("rate", "pandax4t-2024"), "expected value in 1e6 /cm2/s"),
    ],
)
def test_a_published_flux_is_no_number_of_events(capsys, words, shown):
    assert run(list(words)) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert shown in said
    assert "events in the analysis region" not in said
    assert "CEvNS events" not in said
    assert record(capsys, *words)["values_unit"] == "1e6 /cm2/s"


@pytest.mark.parametrize("command", ["predict", "rate"])
def test_counts_without_the_efficiency_are_said_to_be_none(capsys, command):
    assert run([command, "lz-2025"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "not a prediction for what lz-2025 sees" in said
    assert "efficiency of 1; its counts, efficiency and flux" in said
    assert "HEPData" in record(capsys, command, "lz-2025")["missing"]
    assert run([command, "pandax4t-2024"]) == 0
    assert "not a prediction" not in capsys.readouterr().out


def test_counting_in_pandax_is_of_events(capsys):
    words = ("predict", "pandax4t-2024", "--set", "variant=counting")
    assert run(list(words)) == 0
    assert "expected counts in the analysis region" in capsys.readouterr().out
    assert "values_unit" not in record(capsys, *words)


def test_a_best_fit_at_its_bound(capsys):
    """No flux is seen: the best one is none, not where the minimiser stopped, with its limit."""
    found = record(capsys, "fit", "xenon1t-2020", "--poi", "flux")
    assert found["poi"]["value"] == 0.0
    assert found["parameters"]["flux"]["value"] == 0.0
    assert found["parameters"]["flux"]["at_bound"]
    assert found["upper_limit"]["value"] == pytest.approx(1.4e7, rel=1e-3)
    assert found["upper_limit"]["unit"] == "cm-2 s-1"
    assert run(["fit", "xenon1t-2020", "--poi", "flux"]) == 0
    shown = capsys.readouterr().out
    assert "flux = 0 +1.092e+07 cm-2 s-1; the background-only hypothesis" in shown
    assert "flux < 1.4e+07 cm-2 s-1 at 90 % (one-sided profile likelihood)" in shown
    assert record(capsys, "fit", "pandax4t-2024", "--poi", "flux")["upper_limit"] is None


def test_the_cross_section_at_its_bound_is_in_cm2(capsys):
    found = record(capsys, "fit", "xenon1t-2020", "--poi", "cross-section")
    assert found["upper_limit"]["unit"] == "cm2"
    limit = record(capsys, "limit", "xenon1t-2020")["cross_section_cm2"]
    assert found["upper_limit"]["value"] == pytest.approx(limit, rel=1e-6, abs=0.0)


def test_a_variant_is_named_without_its_contents(capsys):
    words = ("--set", "variant=counting", "--set", "backgrounds.us2.count=251 +/- 30")
    assert run(["fit", "pandax4t-2024", *words]) == 0
    lines = capsys.readouterr().out.splitlines()
    (changed,) = (line for line in lines if line.startswith("changed: "))
    assert changed == "changed: backgrounds.us2.count=251 +/- 30, variant=counting"


def test_exact_counts_are_not_called_held(capsys):
    assert run(["fit", "xenonnt-2026", "--poi", "flux"]) == 0
    assert "not in its errors: sun.b8\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fit", "lz-2025", "--asimov"), "lz-2025 cannot be fitted: "),
        (("fit", "coherent-csi-2021", "--poi", "flux"), "emit at all times"),
        (("limit", "xenonnt-2026", "--model", "wimp-si", "--method", "fc"), "--parameter"),
        (("limit", "xenonnt-2026", "--model", "wimp-si", "--events", "3"), "--parameter"),
        (("limit", "xenonnt-2026", "--model", "nsi"), "name a parameter and its range"),
        (("supernova", "pandax4t-2024", "--distance", "10kpc"), "has no efficiency"),
        (("supernova", "xenon1t-2020", "--distance", "10kpc"), "is a published summary"),
        (("supernova", "lz-2025", "--distance", "10kpc"), "lz-2025 has no efficiency here: "),
        (("data", "fetch", "xenonnt-cevns"), "cannot be fetched: pack the HDF5 templates"),
    ],
)
def test_what_is_refused(words, said, capsys):
    assert run(list(words)) == 2
    errors = capsys.readouterr().err
    assert said in errors
    assert "Traceback" not in errors


def test_the_sun_has_no_full_power(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")  # in fewer the heading has two lines
    assert run(["flux", "xenonnt-2026"]) == 0
    assert "full power" not in capsys.readouterr().out
    assert run(["flux", "conus-2020"]) == 0
    assert "per cm2 and s, full power" in capsys.readouterr().out


def test_what_is_missing_is_no_projection(capsys):
    assert run(["list", "experiments", "--json", "-"]) == 0
    rows = json.loads(capsys.readouterr().out)["experiments"]
    kinds = {row["name"]: row["data"] for row in rows}
    assert kinds["lz-2025"] == "not carried"
    assert (kinds["nucleus-1g"], kinds["xenonnt-2026"]) == ("projection", "carried")
