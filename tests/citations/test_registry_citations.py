"""Every entry of every registry cites somebody, or says why it does not."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import cevns
from cevns import registry
from cevns.citations import Citations, entry, identifiers_in, of_model, written
from cevns.datasets import names as releases
from cevns.datasets import release
from cevns.experiments.declaration.document import parse
from cevns.experiments.declaration.loader import catalogue, find
from cevns.nuclear.couplings import coupling_schemes, couplings
from cevns.processes import Extension
from cevns.processes.generalised_interactions import GeneralisedInteractions
from cevns.processes.light_scalar import LightScalar
from cevns.processes.light_vector import LightVector
from cevns.processes.tensor import LightTensor
from cevns.sources import source
from cevns.sources.sky.solar_fluxes import flux_sets, solar_fluxes

SOURCE = Path(cevns.__file__).parent
REGISTRIES = sorted(
    {
        ".".join(path.relative_to(SOURCE).parent.parts)
        for path in SOURCE.rglob("*.py")
        if re.search(r"^MODEL\b", path.read_text("utf-8"), re.MULTILINE)
    }
    - {"likelihood_files.formats"}  # no models: what other programs read
    | {"analysis.topics"}  # functions and no models
)
ENTRIES = [(r, n) for r in REGISTRIES for n in registry.shipped(f"cevns.{r}")]


@pytest.mark.parametrize(("folder", "name"), ENTRIES, ids=lambda x: str(x))
def test_an_entry_of_a_registry_cites_or_says_why_not(folder: str, name: str) -> None:
    found = registry.cited(f"cevns.{folder}", "entry", name)
    assert found, f"{folder}/{name} needs CITE"
    if isinstance(found, str):
        kind, _, reason = found.partition(": ")
        assert kind in ("none", "file")
        assert len(reason) > 10
    for item in written(found):
        assert entry(item).carried, f"{folder}/{name}: there is no references/*.bib of {item}"


@pytest.mark.parametrize("name", catalogue())
def test_a_file_of_the_catalogue_cites_or_says_why_not(name: str) -> None:
    values = parse(find(name)).values
    if "combination" in values:
        return  # its members cite
    assert values["cite"]
    for item in values["cite"]:
        assert entry(item).carried or item.startswith("none: ")


@pytest.mark.parametrize("name", catalogue())
def test_every_experiment_cites(name: str) -> None:
    used = cevns.cite(name)
    roles = {role for _, role in used.pairs}
    assert {"interaction", "software", "minimisation"} <= roles
    assert Citations.read(used.records()) == used  # a result can be cited from its JSON
    for made in map(used.format, ("bibtex", "text", "markdown")):
        assert made.replace("\n", "").isprintable()


@pytest.mark.parametrize("name", releases())
def test_a_release_cites(name: str) -> None:
    assert all(entry(item).carried for item in release(name).cite)


@pytest.mark.parametrize("name", coupling_schemes())
def test_couplings_cite_where_they_are_no_tree_level(name: str) -> None:
    scheme = couplings(name)
    assert bool(scheme.cite) is (scheme.radii is not None)


@pytest.mark.parametrize("name", flux_sets())
def test_solar_fluxes_cite(name: str) -> None:
    assert all(entry(item).carried for item in solar_fluxes(name).cite)
    assert solar_fluxes(name).cite


def test_points_of_quenching_cite() -> None:
    files = sorted((SOURCE / "quenching" / "catalogue").rglob("*.csv"))
    assert files
    for path in files:
        (line,) = [x for x in path.read_text().splitlines() if x.startswith("# cite:")]
        assert all(entry(i).carried for i in identifiers_in(line))
        assert line.partition(":")[2].strip()


def names_in(used: Citations) -> set[str]:
    return {i for e in used.entries.values() for i in (*e.identifiers, e.key)}


@pytest.mark.parametrize(
    ("model", "cited"),
    [
        (
            LightVector(10.0, "B-3L_mu"),
            {"arXiv:2009.14220", "arXiv:2202.10829", "arXiv:2202.11002"},
        ),
        (LightVector(10.0, "universal"), {"arXiv:1708.04255"}),
        (LightVector(10.0, "u=1/3 d=1/3 nu_mu=-1"), set()),
        (LightScalar(10.0), {"arXiv:1506.04142"}),
        (LightScalar(10.0, "nucleons"), set()),
        (LightTensor(charges="anselmino"), {"arXiv:0812.4366"}),
        (GeneralisedInteractions(), {"arXiv:1506.04142", "arXiv:1808.07597"}),
    ],
)
def test_named_charges_are_cited(model: Extension, cited: set[str]) -> None:
    own = names_in(Citations.of(vars(sys.modules[type(model).__module__])["CITE"], "interaction"))
    assert {n for n in names_in(of_model(model, "x")) if n.startswith("arXiv")} - own == cited


def test_what_depends_on_arguments_is_cited_with_them() -> None:
    reactor = {"power_gw": 1.0, "distance_m": 20.0, "live_time_d": 1.0}

    def cites(name: str, **options: object) -> set[str]:
        return names_in(of_model(source(name, **options), "source"))

    assert "arXiv:2102.04614" in cites("reactor", spectra="hm-dayabay", **reactor)
    assert "arXiv:2102.04614" not in cites("reactor", spectra="bestiole", **reactor)
    assert "james-1969" in cites("reactor", energies="james-1969", **reactor)
    sun = {"live_time_d": 1.0, "branches": "b8"}
    assert "sno-2013" in cites("sun", fluxes="sno-8b", **sun)
    assert "sno-2013" not in cites("sun", **sun)
    assert "parke-1986" not in cites("sun", oscillation="none", **sun)
    assert "arXiv:1606.09243" in cites("supernova", distance_kpc=10.0, model="ls220-27")
    assert "arXiv:1606.09243" not in cites("supernova", distance_kpc=10.0)
    assert "arXiv:2412.18509" in cites("stopped-pion", distance_m=20.0, facility="mlf")
    assert "arXiv:2105.00599" in cites("halo", live_time_d=1.0, halo="recommended-2021")
    beam = {"distance_m": 20.0, "protons": 1e20}
    assert "arXiv:1311.3870" in cites("meson-decay", bremsstrahlung="coherent-like", **beam)
    assert "arXiv:1311.3870" not in cites("meson-decay", **beam)


@pytest.mark.parametrize(
    ("name", "item", "roles"),
    [
        ("coherent-lar-2020", "arXiv:2006.12659", {"resolution", "efficiency", "pulse shape"}),
        ("coherent-csi-2021", "arXiv:2110.07730", {"resolution", "efficiency in time"}),
        ("xenonnt-2024", "arXiv:2408.02877", {"response"}),
    ],
)
def test_parts_of_a_detector_are_cited(name: str, item: str, roles: set[str]) -> None:
    assert roles <= set(cevns.cite(name).roles(entry(item).key))


def test_arrival_times_are_cited(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "docs" / "examples" / "excess-in-time.yaml"
    own = tmp_path / "mine.yaml"
    own.write_text('cite: ["arXiv:2509.03559"]\n' + example.read_text("utf-8"), "utf-8")
    assert "arrival times" in cevns.cite(own).roles(entry("arXiv:2509.03559").key)
