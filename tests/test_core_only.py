"""What must work without any extra (`make wheel-test` runs this where none is installed).

Elsewhere the extras are hidden: None in ``sys.modules`` makes an import fail as if the package
were absent.
"""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import cevns

EXTRAS = (
    *("matplotlib", "mplhep", "h5py", "contourpy", "distributed", "dask"),
    *(
        "emcee",
        "arviz",
        "uproot",
        "awkward",
        "pyhf",
        "hepdata_lib",
        "pandas",
        "hist",
        "h5netcdf",
        "jinja2",
    ),
)
HIDE = f"import sys; sys.modules.update(dict.fromkeys({EXTRAS!r}))\n"
COMMAND = HIDE + "from cevns.cli import main; sys.argv[0] = 'cevns'; main()"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`cevns ARGUMENTS` without the extras."""
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def result(*arguments: str) -> dict[str, Any]:
    """The JSON of `cevns ARGUMENTS --json -`."""
    done = run(*arguments, "--json", "-")
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_every_module_is_imported_without_extras() -> None:
    modules = [m.name for m in pkgutil.walk_packages(cevns.__path__, "cevns.")]
    assert len(modules) > 30
    code = HIDE + "import importlib\nfor name in sys.argv[1:]: importlib.import_module(name)"
    done = subprocess.run(
        [sys.executable, "-c", code, *(m for m in modules if not m.endswith("__main__"))],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def test_lists() -> None:
    assert run("list").returncode == 0
    assert "coherent-csi-2021" in run("list", "experiments").stdout


def test_cross_section() -> None:
    document = result("xsec", "Cs133", "--couplings", "scholberg2021")
    assert document["flux_averaged_cm2"]["mean"] > 0


def test_rate() -> None:
    assert len(result("rate", "coherent-csi-2021")["recoil_energy_kev"]) > 10


def test_fit() -> None:
    """The carried counts are the 1578 coincidences of the release; the count is a fit to them."""
    document = result("fit", "coherent-csi-2021")
    assert sum(c["prediction"] for c in document["components"].values()) > 1000
    assert document["significance"] > 5


def test_toys_with_numpy() -> None:
    document = result("toys", "coherent-csi-2021", "-n", "50", "--seed", "1")
    assert sum(document["statuses"].values()) == 50


NSI = ("coherent-csi-2021", "--model", "nsi", "--parameter", "eps_ee_u=-0.2:0.6:5")
PLANE = (*NSI, "--parameter", "eps_ee_d=-0.2:0.6:4")


def test_limit() -> None:
    """Both pieces of the degenerate coupling, by profile and by toys."""
    document = result("limit", *NSI)
    assert len(document["intervals"]) == 2
    toys = result("limit", *NSI, "--method", "fc", "--toys", "20", "--workers", "1")
    assert toys["toys"] == 100


def test_plane() -> None:
    """The region; its area needs an extra, and is left out."""
    done = run("scan", *PLANE)
    assert done.returncode == 0, done.stderr
    assert "region at 90 %" in done.stdout
    assert "area" not in done.stdout
    assert result("scan", *PLANE)["failed_points"] == 0


def test_parameters() -> None:
    assert "eps_ee_u" in run("list", "parameters", "--model", "nsi").stdout


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (("fit", "coherent-csi-2021", "--plots", "figures"), "plot"),
        (("scan", *NSI, "--out", "figures.h5"), "scan"),
        (("scan", *NSI, "--method", "bayes"), "bayes"),
        (("scan", *NSI, "--method", "fc", "--scheduler", "tcp://localhost:8786"), "dist"),
        (("plot", "figures.h5"), "plot"),
        (("report", "coherent-csi-2021", "--out", "figures.html"), "report"),
        (("merge", "figures.h5", "--out", "figures.h5"), "scan"),
    ],
)
def test_missing_extra_is_one_sentence(
    arguments: tuple[str, ...], extra: str, tmp_path: Path
) -> None:
    done = run(*(str(tmp_path / a) if a.startswith("figures") else a for a in arguments))
    assert done.returncode == 2, done.stderr
    assert f"cevns[{extra}]" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_likelihood_files(tmp_path: Path) -> None:
    """HistFactory is written and read by the core; formats that need an extra name it."""
    out = tmp_path / "csi.json"
    done = run("export", "coherent-csi-2021", "--to", "histfactory", "--out", out)
    assert done.returncode == 0, done.stderr
    assert run("fit", out).returncode == 0
    for name, package in (("root", "uproot"), ("hepdata", "hepdata_lib"), ("arviz", "emcee")):
        out = tmp_path / f"never-{name}"
        done = run("export", "coherent-csi-2021", "--to", name, "--out", out)
        assert done.returncode == 2
        assert package in done.stderr
        assert "pip install 'cevns[" in done.stderr
        assert not out.exists()
