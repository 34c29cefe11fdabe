"""Every command does what it says: tables for people, strict JSON for programs."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from cevns.experiments import load
from cevns.sources.facilities.pion_facility import facilities

PUBLIC = os.environ.get("CEVNS_DATA")
NAME = "coherent-csi-2021"


def strict(text: str):
    def refuse(word: str):
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


COMMANDS = [
    ("list",),
    ("list", "nuclides"),
    ("list", "form_factors"),
    ("xsec", "Cs133"),
    ("xsec", "CsI", "--couplings", "tree-lowE", "--form_factor", "helm"),
    ("xsec", "Ge", "--energy", "30MeV"),
    ("rate", NAME),
    ("fit", NAME),
    ("fit", "coherent_csi_2021", "--poi", "cross_section", "--asimov"),
    ("fit", NAME, "--poi", "sin2_theta_w", "--fix", "t0", "--fix", "ssb=1280"),
    ("fit", NAME, "--set", "target.mass=20 kg"),
    ("profile", NAME, "--points", "7"),
    ("profile", NAME, "--points", "7", "--parameter", "qf.csi.0"),
    ("systematics", NAME),
    ("reproduce", "tmax"),
    ("data", "list"),
    ("data", "where", NAME),
]


@pytest.mark.parametrize("command", [("predict",), ("rate",), ("fit", "--asimov")], ids=" ".join)
def test_counts_are_those_of_every_channel(cevns, command):
    path = Path(__file__).parents[2] / "docs" / "examples" / "two-detectors.yaml"
    shown = cevns(*command, path)
    rows = [line.split() for line in shown.out.splitlines()]
    record = strict(cevns(*command, path, "--json", "-").out)
    assert "structure" not in record  # nor anything held: the Standard Model has no such parameter
    channels = {n: c["expected"] for n, c in record["channels"].items()}
    assert {n: list(c) for n, c in channels.items()} == {
        "two-detectors.ge": ["cevns", "flat"],
        "two-detectors.csi": ["cevns", "steady"],
    }
    digits = 1 if command[0] == "fit" else 2
    for channel, counts in channels.items():
        for name, count in counts.items():
            assert [channel, name, f"{count:.{digits}f}"] in rows
    whole = sum(c["cevns"] for c in channels.values())
    if command[0] != "fit":
        assert whole == pytest.approx(record["expected"]["cevns"], rel=1e-12)
    assert whole == pytest.approx(load(path).prediction(), rel=1e-5)  # before any model is made
    assert ("summed over all channels" in " ".join(shown.out.split())) == (command[0] == "rate")


@pytest.mark.parametrize("command", ["rate", "predict"])
def test_a_signal_that_is_no_cevns_has_the_name_of_its_reaction(cevns, command):
    result = cevns(command, "coherent-nubes-pb")
    assert "nue-pb208-cc-1n" in result.out
    assert "cevns" not in result.out


def test_electrons_of_a_charged_current_are_shown_in_mev(cevns):
    rows = [line.split() for line in cevns("rate", "coherent-nubes-fe").out.splitlines()]
    columns = [r for r in rows if len(r) == 5 and r[0].replace(".", "").isdigit()]
    energy, total = (np.array([float(r[i]) for r in columns]) for i in (0, -1))
    assert 40.0 < energy[-1] < 46.0
    assert np.trapezoid(total, energy) == pytest.approx(610.0, rel=0.02)  # all that are counted


def test_facilities_are_listed_by_the_names_that_files_take(cevns):
    found = json.loads(cevns("list", "facilities", "--json", "-").out)["facilities"]
    assert {row["name"] for row in found} == set(facilities())
    (ppu,) = (row for row in found if row["name"] == "sns-ppu")
    assert (ppu["GeV"], ppu["MW"], ppu["Hz"]) == (1.3, 2.0, 60.0)


@pytest.mark.parametrize("name", facilities())
def test_every_facility_is_a_source(cevns, name):
    assert cevns("xsec", "Ar40", "--source", name).code == 0


@pytest.mark.parametrize(
    "command",
    [
        ("predict",),
        ("rate",),
        pytest.param(("fit", "--free", "g_zprime"), marks=pytest.mark.slow),
        pytest.param(("profile", "--free", "g_zprime"), marks=pytest.mark.slow),
    ],
    ids=" ".join,
)
def test_a_mass_that_is_held_is_in_the_result(cevns, tmp_path, command):
    held = ("--model", "vector-b-l", "--at", "m_zprime=50")
    path = tmp_path / "out.json"
    shown = cevns(command[0], NAME, *command[1:], *held, "--json", path).out
    record = strict(path.read_text())
    assert record["structure"] == {"m_zprime": 50.0}
    if command[0] in ("predict", "rate"):
        assert record["held"] == {"m_zprime": 50.0}
    elif command[0] == "fit":
        assert "shapes at m_zprime = 50" in shown


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_json_is_strict_and_alone_on_standard_output(cevns, tmp_path, command):
    printed = cevns(*command, "--json", "-")
    assert printed.code == 0, printed.err
    record = strict(printed.out)
    assert record
    assert printed.err.strip(), "tables go to standard error"
    path = tmp_path / "out.json"
    plain = cevns(*command, "--json", path)
    assert plain.code == 0
    assert plain.out.strip(), "tables go to standard output"
    assert strict(path.read_text()) == record
    assert [p.name for p in tmp_path.iterdir()] == ["out.json"]


def test_fields_of_a_fit(cevns):
    record = strict(cevns("fit", NAME, "--json", "-").out)
    assert set(record["components"]) == {"cevns", "ssb", "brn", "nin"}
    for component in record["components"].values():
        assert {"prediction", "fit", "error"} <= set(component)
    assert set(record["poi"]) == {"name", "value", "error", "error_up", "error_down", "unit"}
    assert record["components"]["ssb"]["prediction"] == pytest.approx(1286, rel=1e-12)
    assert record["observed"] == 1578
    assert record["ndof"] == 98
    assert record["seed"] is None
    assert record["engine"] == "numpy"
    assert record["physics"]["couplings"] == "scholberg2021"
    assert record["inputs"]["origin"] == "carried"
    assert all(len(f["sha256"]) == 64 for f in record["inputs"]["files"])
    names = list(record["parameters"])
    matrix = record["correlation"]
    assert len(matrix["matrix"] if isinstance(matrix, dict) else matrix) == len(names)


def test_a_cross_section_is_in_cm2(cevns):
    record = strict(cevns("fit", NAME, "--poi", "cross-section", "--json", "-").out)
    assert record["poi"]["unit"] == "cm2"
    assert record["poi"]["value"] == pytest.approx(1.71e-38, rel=0.02, abs=0.0)
    assert record["parameters"]["cross_section"]["unit"] == "cm2"
    angle = strict(cevns("fit", NAME, "--poi", "sin2-theta-w", "--json", "-").out)
    assert angle["significance"] is None


def test_fields_of_a_rate(cevns):
    record = strict(cevns("rate", NAME, "--points", "50", "--json", "-").out)
    energies, rates = record["recoil_energy_kev"], record["rate_per_kev"]
    assert len(energies) == 50
    assert set(rates) == {"nu_mu", "nu_e", "nubar_mu", "total"}
    for i in (0, 10, 30):
        parts = sum(rates[f][i] for f in rates if f != "total")
        assert rates["total"][i] == pytest.approx(parts, rel=1e-12)
    assert record["expected"]["cevns"] == pytest.approx(331.42, abs=0.01)


def test_fields_of_cross_sections(cevns):
    nuclide = strict(cevns("xsec", "Cs133", "--json", "-").out)["flux_averaged_cm2"]
    assert set(nuclide) == {"nu_mu", "nu_e", "nubar_mu", "mean"}
    flavours = [nuclide[f] for f in ("nu_mu", "nu_e", "nubar_mu")]
    # the same number of each flavour
    assert nuclide["mean"] == pytest.approx(sum(flavours) / 3, rel=1e-12, abs=0.0)
    material = strict(cevns("xsec", "CsI", "--json", "-").out)
    assert [r["nuclide"] for r in material["results"]] == ["Cs133", "I127"]
    means = [r["flux_averaged_cm2"]["mean"] for r in material["results"]]
    assert material["mean_cm2"] == pytest.approx(sum(means) / 2, rel=1e-12, abs=0.0)
    at = strict(cevns("xsec", "Cs133", "--energy", "30 MeV", "--json", "-").out)
    # 2 E^2/(M + 2E), M = 123.8 GeV
    assert at["maximum_recoil_kev"] == pytest.approx(1e3 * 1800 / (123.8e3 + 60), rel=1e-3)
    in_ev = strict(cevns("xsec", "Cs133", "--energy", "30e6eV", "--json", "-").out)
    assert in_ev["total_cm2"]["nu_e"] == pytest.approx(at["total_cm2"]["nu_e"], rel=1e-12, abs=0.0)
    of_file = strict(cevns("xsec", "Cs133", "--source", NAME, "--json", "-").out)
    assert of_file["flux_averaged_cm2"] == pytest.approx(nuclide, rel=1e-12, abs=0.0)


def test_a_shipped_name_wins_over_a_folder_of_that_name(cevns, folder):
    """The release is often kept in a folder of that name in the working folder."""
    assert (folder / NAME).is_dir()
    assert cevns("rate", NAME).code == 0


def test_a_path_in_place_of_a_name(cevns, folder):
    ours = strict(cevns("fit", folder / "mine.yaml", "--json", "-").out)
    shipped = strict(cevns("fit", NAME, "--json", "-").out)
    assert ours["components"] == shipped["components"]
    assert ours["inputs"]["files"][0]["name"] == "mine.yaml"


@pytest.mark.skipif(not PUBLIC, reason="CEVNS_DATA does not name the public releases")
def test_release_by_option_and_environment(cevns, monkeypatch):
    by_option = cevns("fit", NAME, "--data", PUBLIC, "--json", "-")
    record = strict(by_option.out)
    assert record["inputs"]["origin"] == "--data"
    # this copy of the event lists has unknown digests: warned about, and recorded
    assert "warning" in by_option.err
    assert any("dataBeamOnC" in w for w in record["inputs"]["warnings"])
    monkeypatch.setenv("CEVNS_DATA", str(PUBLIC))
    assert strict(cevns("fit", NAME, "--json", "-").out)["inputs"]["origin"] == "CEVNS_DATA"
    verified = cevns("data", "verify", Path(PUBLIC) / NAME, "--json", "-")
    assert verified.code == 2
    states = {f["name"]: f["state"] for f in strict(verified.out)["files"]}
    assert states["dataBeamOnC.txt"] == "differs"
    assert states["effCoefficients.txt"] != "missing"


@pytest.mark.slow
def test_figures(cevns, tmp_path):
    pytest.importorskip("matplotlib")
    done = cevns("fit", NAME, "--plots", tmp_path / "figures", "--json", tmp_path / "fit.json")
    assert done.code == 0, done.err
    written = strict((tmp_path / "fit.json").read_text())["figures"]
    assert written
    assert all(Path(f).stat().st_size > 1000 for f in written)


def test_version_and_help(cevns):
    assert cevns("--version").out.startswith("cevns ")
    assert cevns("--help").code == 0
    assert "--json" in cevns("fit", "--help").out


def test_versions_for_a_report(cevns):
    """Both orders; each package as its metadata have it; nothing without --version."""
    out = cevns("--version", "--verbose").out
    assert out == cevns("--verbose", "--version").out
    lines = out.splitlines()
    assert lines[0] == cevns("--version").out.strip()
    assert lines[1].startswith(f"Python {platform.python_version()} (")
    for name in ("numpy", "scipy", "iminuit"):
        assert f"{name} {metadata.version(name)}" in lines
    assert max(map(len, lines)) < 80
    found = re.search(r"^\[plot\] matplotlib (.+), mplhep", out, flags=re.MULTILINE)
    assert found is not None
    try:
        assert found[1] == metadata.version("matplotlib")
    except metadata.PackageNotFoundError:
        assert found[1] == "(not installed)"
    done = cevns("--verbose", "list")
    assert done.code == 2
    assert done.err == "cevns: --verbose stands with --version: cevns --version --verbose\n"


def test_versions_without_metadata(cevns, monkeypatch):
    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    assert "\nnumpy (not installed)\n" in cevns("--version", "--verbose").out
    monkeypatch.setattr(metadata, "requires", absent)
    assert "is not installed" in cevns("--version", "--verbose").out.splitlines()[-1]


# -- as a process -----------------------------------------------------------------------------


def process(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cevns", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        **options,
    )


def test_exit_codes_of_the_process():
    assert process("xsec", "Cs133", "--json", "-").returncode == 0
    wrong = process("xsec", "CsJ")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.count("\n") == 1


def test_a_reader_that_has_seen_enough():
    """`cevns list nuclides | head -1` ends without a word on standard error."""
    command = f"{sys.executable} -m cevns list nuclides | head -1"
    done = subprocess.run(
        command, shell=True, capture_output=True, text=True, timeout=120, check=False
    )
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_interrupt():
    """Ctrl-C during work: exit code 130, one word, nothing written."""
    code = (
        "import os, signal, time, cevns.cli, cevns.study\n"
        # a shell that runs the tests in the background has its children ignore the signal
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def work(*_, **__):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(30)\n"
        "cevns.study.load = work\n"
        "cevns.cli.main(['rate', 'coherent-csi-2021'])\n"
    )
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert time.monotonic() - start < 25
    assert done.returncode == 130, done.stderr
    assert done.stderr.strip() == "cevns: interrupted"


def test_an_invalid_fit_exits_with_1(cevns, monkeypatch):
    """A fit that does not converge is not the user's mistake."""
    from cevns.exceptions import FitError

    def broken(*_: object, **__: object) -> None:
        raise FitError("MIGRAD did not converge: too many calls")

    monkeypatch.setattr("cevns.analysis.measuring.fit", broken)
    done = cevns("fit", NAME)
    assert done.code == 1
    assert done.err == "cevns: MIGRAD did not converge: too many calls\n"


@pytest.mark.parametrize("arguments", [["--help"], ["fit", "--help"], ["--version", "--verbose"]])
def test_help_is_light(arguments):
    """No array library, no fit, no schema is imported to print help."""
    code = (
        "import sys\nfrom cevns.cli import run\n"
        f"code = run({arguments!r})\n"
        "heavy = {'numpy', 'scipy', 'iminuit', 'ruamel', 'matplotlib', 'pooch'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\nsys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr.strip()) == (0, "[]")
