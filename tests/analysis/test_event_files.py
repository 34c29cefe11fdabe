"""Files of events: each format read back by its own library, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cevns import load
from cevns.analysis.events import stratified_sample as samples
from cevns.analysis.events.event_sample import event_sample
from cevns.analysis.events.event_writer import format_of, library
from cevns.analysis.events.sample_file import draw_to_file
from cevns.exceptions import InputError, MissingExtraError, OutputError

NUMBER, SEED = 700, 5


@pytest.fixture(scope="module")
def csi():
    return load("coherent-csi-2021").experiments[0]


@pytest.fixture
def sample(csi, monkeypatch):
    """Signal and backgrounds, in several blocks."""
    monkeypatch.setattr(samples, "BLOCK", 256)
    return event_sample(csi)


def read_csv(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    said = [line for line in lines if line.startswith("#")]
    names = lines[len(said)].split(",")
    values = np.array([[float(x) for x in line.split(",")] for line in lines[len(said) + 1 :]])
    (provenance,) = (line.partition("provenance: ")[2] for line in said if "provenance: " in line)
    return dict(zip(names, values.T, strict=True)), json.loads(provenance)


def read_hdf5(path):
    h5py = pytest.importorskip("h5py", reason="h5py is not installed (extra 'events')")
    with h5py.File(path) as file:
        group = file["events"]
        return {n: d[:] for n, d in group.items()}, json.loads(group.attrs["provenance"])


def read_parquet(path):
    parquet = pytest.importorskip(
        "pyarrow.parquet", reason="pyarrow is not installed (extra 'events')"
    )
    table = parquet.read_table(path)
    said = json.loads(table.schema.metadata[b"cevns"])
    # whole numbers that are missing come back as such
    columns = {n: table[n].to_pandas(integer_object_nulls=True) for n in table.column_names}
    return {n: np.array(c.astype(float)) for n, c in columns.items()}, said


def read_root(path):
    uproot = pytest.importorskip("uproot", reason="uproot is not installed (extra 'events')")
    with uproot.open(path) as file:
        tree = file["events"]
        assert {b.typename for b in tree.branches} == {"double"}
        return tree.arrays(library="np"), json.loads(str(file["provenance"]))


@pytest.mark.parametrize(
    ("suffix", "read", "accuracy"),
    [
        (".csv", read_csv, 1e-9),
        (".h5", read_hdf5, 0.0),
        (".parquet", read_parquet, 0.0),
        (".root", read_root, 0.0),
    ],
)
def test_a_file_holds_the_events(sample, tmp_path, suffix, read, accuracy):
    path = tmp_path / f"events{suffix}"
    try:
        drawn, _ = draw_to_file(sample, NUMBER, SEED, path)
    except MissingExtraError as missing:
        pytest.skip(str(missing))
    columns, provenance = read(path)
    wanted = sample.draw(NUMBER, SEED)
    assert set(columns) == {c.name for c in sample.columns}
    for name, values in wanted.items():
        assert columns[name] == pytest.approx(values, rel=accuracy, abs=1e-12, nan_ok=True), name
    assert drawn.events == columns["event"].size == NUMBER
    assert (provenance["seed"], provenance["events"]) == (SEED, NUMBER)
    assert provenance["components"] == ["cevns", "ssb", "brn", "nin"]
    assert provenance["expected"]["ssb"] == pytest.approx(1286.0)
    assert provenance["version"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_nuhepmc_file_keeps_the_rules(csi, tmp_path):
    """NuHepMC 1.0.0: G.R.2-11, E.R.2-8, conventions G.C.1 to 4, E.C.1, 2, 3, 5."""
    hep = pytest.importorskip("pyhepmc", reason="pyhepmc is not installed (extra 'events')")
    sample, path = event_sample(csi, ["cevns"], truth=True), tmp_path / "events.hepmc3"
    draw_to_file(sample, 60, SEED, path)
    wanted = sample.draw(60, SEED)
    with hep.open(str(path)) as file:
        events = list(file)
    run = events[0].run_info
    said = {n.removeprefix("NuHepMC."): str(v) for n, v in run.attributes.items()}
    assert [said[f"Version.{v}"] for v in ("Major", "Minor", "Patch")] == ["1", "0", "0"]
    assert [(t.name, bool(t.version)) for t in run.tools] == [("cevns", True)]
    followed = "G.C.1 G.C.2 G.C.3 G.C.4 E.C.1 E.C.2 E.C.3 E.C.5"
    assert said["Conventions"] == followed
    # whom to cite, as `cevns cite` has it: every key, and the numbers of those that have any
    assert said["Citations.Generator.BibTeXKey"] == "cevns"
    keys = said["Citations.Process[150].BibTeXKey"].split()
    assert {"arXiv:hep-ph/0508299", "klein-nystrand-1999"} <= set(keys)
    assert said["Citations.Process[150].arXiv"].split() == ["hep-ph/0508299", "hep-ph/9902259"]
    assert said["Citations.Process[150].DOI"] == "10.1103/PhysRevC.60.014903"
    carried = {e.key for e in csi.citations.entries.values()}
    assert set(keys) <= carried
    assert float(said["Exposure.POT"]) == 3.198e23
    # no threshold: the flux-averaged cross section of the nuclei of CsI, in picobarn
    assert float(said["FluxAveragedTotalCrossSection"]) == pytest.approx(
        1e36 * csi.cross_section_cm2, rel=2e-3
    )
    assert (said["Units.CrossSection.Unit"], said["Units.CrossSection.TargetScale"]) == (
        "pb",
        "PerAtom",
    )
    assert said["ProcessIDs"] == "150"
    for what, ids in (("Process", [150]), ("VertexStatus", [1]), ("ParticleStatus", [1, 4, 20])):
        assert [int(i) for i in said[f"{what}IDs"].split()] == ids
        for number in ids:
            assert said[f"{what}Info[{number}].Name"]
            assert said[f"{what}Info[{number}].Description"]
    assert set(said["AdditionalParticleNumbers"].split()) == {"1000551330", "1000531270"}
    assert json.loads(said["Provenance.cevns"])["seed"] == SEED
    # spectra of the beam: a line in one bin, and the means of the Michel spectra
    for code, mean in ((14, 29.792), (12, 31.698), (-14, 36.978)):
        beam = {k: said[f"Beam[{code}].{k}"] for k in ("Type", "EnergyUnit", "RateUnit")}
        assert (beam["Type"], beam["EnergyUnit"]) == ("Histogram", "MEV")
        assert said[f"Beam[{code}].Histogram.ContentIsPerWidth"] == "0"
        edges, content = (
            np.array(said[f"Beam[{code}].Histogram.{k}"].split(), dtype=float)
            for k in ("BinEdges", "BinContent")
        )
        assert edges.size == content.size + 1
        middle = 0.5 * (edges[1:] + edges[:-1])
        # the middle of a bin of 0.26 MeV is off its mean by up to 0.01, on average much less
        assert (middle * content).sum() / content.sum() == pytest.approx(mean, abs=4e-3)
        assert content.sum() == pytest.approx(csi.source.fluence_cm2("nu_e"), rel=1e-9)
        if code == 14:
            assert content.size == 1
            assert np.diff(edges)[0] < 1e-3
    assert run.weight_names == ["CV"]
    assert [e.event_number for e in events] == list(range(1, 61))
    for i, event in enumerate(events):
        assert (event.momentum_unit, event.length_unit) == (hep.Units.MEV, hep.Units.MM)
        assert event.weight("CV") == 1.0
        assert [v.status for v in event.vertices] == [1]
        (vertex,) = event.vertices
        assert sorted(p.status for p in vertex.particles_in) == [4, 20]
        assert [p.status for p in vertex.particles_out] == [1, 1]
        before, after = (
            np.array([[p.momentum.px, p.momentum.py, p.momentum.pz, p.momentum.e] for p in side])
            for side in (vertex.particles_in, vertex.particles_out)
        )
        assert before.sum(axis=0) == pytest.approx(after.sum(axis=0), abs=1e-9)
        attributes = {n: str(v) for n, v in event.attributes.items()}
        assert attributes["signal_process_id"] == "150"
        assert attributes["proc_xs"] == attributes["tot_xs"]
        if wanted["neutrino_pdg"][i] == 14:  # the line: its mean is that of `cevns xsec CsI`, pb
            of = {1000551330: 1.71372e-2, 1000531270: 1.55024e-2}[wanted["nucleus_pdg"][i]]
            assert float(attributes["proc_xs"]) == pytest.approx(of, rel=2e-3)
        place = [float(x) for x in attributes["lab_pos"].split()]
        assert place == pytest.approx([0.0, 0.0, 0.0, 1e-6 * wanted["time_us"][i]], rel=1e-12)
        recoil = float(attributes["recoil_energy_kev"])
        assert recoil == pytest.approx(wanted["recoil_energy_kev"][i], rel=1e-12)
        # from energy and mass it has lost half of its digits
        nucleus = vertex.particles_out[1]
        assert 1e3 * (nucleus.momentum.e - nucleus.generated_mass) == pytest.approx(
            recoil, abs=1e-6
        )
        assert nucleus.pid == vertex.particles_in[1].pid == wanted["nucleus_pdg"][i]


def test_dark_matter_has_its_code(tmp_path):
    hep = pytest.importorskip("pyhepmc", reason="pyhepmc is not installed (extra 'events')")
    study = load("coherent-csi-2021-dm", models="dark-photon")
    at = {"m_chi": 10.0, "mass_ratio": 3.0, "epsilon": 1e-4}
    sample = event_sample(study.experiments[0], ["dm"], at=at, truth=True, threshold_kev=5.0)
    draw_to_file(sample, 5, 1, tmp_path / "dm.hepmc")
    with hep.open(str(tmp_path / "dm.hepmc")) as file:
        (event, *_) = file
    assert str(event.attributes["signal_process_id"]) == "160"
    said = {n.removeprefix("NuHepMC."): str(v) for n, v in event.run_info.attributes.items()}
    assert said["Citations.Process[160].arXiv"].split()[0] == "1609.01770"
    assert "E.C.2" not in said["Conventions"].split()  # its cross section is not one of its energy
    assert "proc_xs" not in event.attributes
    beam = next(p for p in event.particles if p.status == 4)
    assert beam.pid == 51  # a complex scalar
    assert beam.generated_mass == pytest.approx(10.0)
    assert beam.momentum.e**2 - beam.momentum.pz**2 == pytest.approx(100.0, rel=1e-9)


def test_backgrounds_have_no_particles(sample, tmp_path):
    if not _there("pyhepmc"):
        pytest.skip("pyhepmc is not installed (extra 'events')")
    with pytest.raises(InputError, match="no particles"):
        draw_to_file(sample, 5, 1, tmp_path / "events.hepmc")
    assert not list(tmp_path.iterdir())


def _there(name):
    try:
        library(name, "")
    except MissingExtraError:
        return False
    return True


def test_a_missing_library_is_said_with_its_extra():
    with pytest.raises(MissingExtraError, match=r"pip install 'cevns\[events\]'"):
        library("no_library_of_this_name", "ROOT")


def test_an_unknown_ending_is_said(tmp_path):
    with pytest.raises(InputError, match=r"'.txt' is not a known format; known are .csv"):
        format_of(tmp_path / "events.txt")


def test_an_interrupt_leaves_the_old_file(sample, tmp_path, monkeypatch):
    path = tmp_path / "events.csv"
    path.write_text("as it was", encoding="utf-8")

    block = sample.draw(10, 1)

    def stopped(self, number, seed):
        yield block
        raise KeyboardInterrupt

    monkeypatch.setattr(samples.EventSample, "blocks", stopped)
    with pytest.raises(KeyboardInterrupt):
        draw_to_file(sample, 500, 1, path)
    assert path.read_text(encoding="utf-8") == "as it was"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_said(sample, tmp_path):
    with pytest.raises(OutputError, match="there is no folder"):
        draw_to_file(sample, 5, 1, tmp_path / "none" / "events.csv")
    (tmp_path / "events.csv").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        draw_to_file(sample, 5, 1, tmp_path / "events.csv")


def test_memory_does_not_grow_with_the_number(csi, tmp_path):
    """Ten times the events need the same memory, up to a tenth."""
    import tracemalloc

    sample, most = event_sample(csi, ["ssb"]), []
    for number in (200_000, 1_000_000):
        tracemalloc.start()
        for _ in sample.blocks(number, 1):
            pass
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert most[1] < 1.1 * most[0]
