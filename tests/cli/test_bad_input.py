"""Every kind of mistake: one clear sentence on standard error, exit code 2, nothing written."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

NAME = "coherent-csi-2021"
FIT, RATE = ("fit", NAME), ("rate", NAME)


def refused(done, message: str) -> None:
    """One sentence that says it, and nothing else."""
    assert done.code == 2, (done.code, done.err)
    assert done.out == ""
    assert done.err.startswith("cevns: ")
    assert done.err.count("\n") == 1, done.err
    assert "Traceback" not in done.err
    assert "pydantic" not in done.err
    assert re.search(message, done.err), done.err


COMMANDS = [
    # unknown names, with the nearest known ones
    (("rate", "coherent-csi-2020"), "unknown experiment .*did you mean 'coherent-csi-2021'"),
    (("xsec", "CsJ"), "unknown element 'J'"),
    (("xsec", "Cs134"), "unknown nuclide 'Cs134': did you mean 'Cs133'"),
    (("xsec", "Cs133", "--form-factor", "helmm"), "did you mean 'helm'"),
    (("xsec", "Cs133", "--couplings", "scholberg"), "did you mean 'scholberg2021'"),
    (("xsec", "Cs133", "--source", "reactr"), "unknown source 'reactr'"),
    (("xsec", "Cs133", "--source", "lujann"), "did you mean 'lujan'"),
    (("xsec", "Cs133", "--source", "tabulated"), "needs its own settings"),
    (("xsec", "Cs133", "--source", "no.yaml"), "no experiment file no.yaml"),
    ((*FIT, "--poi", "counts"), "did you mean 'count'"),
    ((*FIT, "--fix", "qf.csi.2"), "did you mean 'qf.csi.1'"),
    (("profile", NAME, "--parameter", "cevnss"), "did you mean 'cevns'"),
    ((*FIT, "--engine", "jax"), "No such option"),
    ((*FIT, "--minos", "some"), "'poi', 'all', 'none'"),
    (("list", "nuclidess"), "did you mean 'nuclides'"),
    (("reproduce", "csi-2020"), "unknown row 'csi-2020'"),
    (("reproduce", "burst"), "quenching, reactor"),
    (("data", "where", "coherent-csi-2020"), "did you mean 'coherent-csi-2021'"),
    (("data", "verify", "nonsense"), "folder nonsense does not exist"),
    (("fitt",), "No such command 'fitt'.*fit"),
    ((*FIT, "--nonsense"), "No such option: --nonsense"),
    (("fit",), "Missing argument 'EXPERIMENT'; see"),
    # units and values on the command line
    (("xsec", "Cs133", "--energy", "30"), "without a unit; write for example '1 MeV'"),
    (("xsec", "Cs133", "--energy", "30 kg"), "'kg' is a unit of mass, not of energy"),
    (("xsec", "Cs133", "--energy", "-30 MeV"), "must be positive"),
    (("xsec", "Cs133", "--energy", "nan MeV"), "not a finite number"),
    (("xsec", "Cs133", "--energy", "1e999 MeV"), "not a finite number"),
    (("xsec", "Cs133", "--energy", "many"), "not a number followed by a unit"),
    ((*FIT, "--fix", "t0=nan"), "--fix t0: 'nan' is not a finite number"),
    ((*FIT, "--fix", "t0=3 m"), "unit of length, not of time"),
    ((*FIT, "--fix", "t0="), "--fix t0: '' is not a number"),
    ((*FIT, "--fix", "t0=40"), "'t0': the value 40 lies outside its bounds"),
    ((*FIT, "--fix", "cevns=-3"), "the value -3 lies outside its bounds"),
    ((*FIT, "--poi", "sin2-theta-w", "--fix", "sin2-theta-w=3"), "outside its bounds"),
    (("profile", NAME, "--parameter", "t0", "--fix", "t0"), "is fixed: it has no profile"),
    ((*RATE, "--points", "1"), "Invalid value for '--points'"),
    ((*RATE, "--points", "x"), "Invalid value for '--points'"),
    # --set
    ((*RATE, "--set", "target.mass"), "write KEY=VALUE"),
    ((*RATE, "--set", "=3 kg"), "write KEY=VALUE"),
    ((*RATE, "--set", "target.masss=3 kg"), "no such field; did you mean 'mass'"),
    ((*RATE, "--set", "targett.mass=3 kg"), "no field 'targett'; did you mean 'target'"),
    ((*RATE, "--set", "target.mass=-3 kg"), "^cevns: --set target.mass=-3 kg: .*greater than 0"),
    ((*RATE, "--set", "target.mass=3"), "without a unit; write for example '1 kg'"),
    ((*RATE, "--set", "target.mass.value=3 kg"), "has no fields"),
    ((*RATE, "--set", "axes.energy.edges.20=3"), "'20' is not a position in a list of 10"),
    ((*RATE, "--set", "axes.energy.edges=[0, 8"), "is not a YAML value"),
    ((*RATE, "--set", "axes.energy.edges=[0, 8, 4]"), "increase; 4 follows 8"),
    ((*RATE, "--set", "axes.energy.edges=[0, 8.5, 60]"), "edge 8.5 is not among those"),
    ((*RATE, "--set", "interaction.kind=magic"), "'interaction.kind': unknown interaction"),
    ((*RATE, "--set", "interaction.couplings=none"), "'interaction.couplings': unknown coupling"),
    ((*RATE, "--set", "target.material=Xx"), "'target.material': unknown element"),
    ((*RATE, "--set", "source.kind=moon"), "'source.kind': unknown source"),
    # places
    ((*FIT, "--data", "nowhere"), "--data: the folder nowhere does not exist"),
    ((*FIT, "--data", "mine.yaml"), "--data: mine.yaml is a file"),
    ((*FIT, "--data", "empty"), "--data does not hold the release"),
    ((*FIT, "--json", "empty"), "empty is a folder; name a file in it"),
    ((*FIT, "--json", "no/out.json"), "there is no folder no"),
    ((*FIT, "--plots", "mine.yaml"), "mine.yaml is a file; name a folder"),
    ((*FIT, "--plots", "mine.yaml/figures"), "cannot create mine.yaml/figures"),
    (("profile", NAME, "--plot", "empty"), "empty is a folder; name a file in it"),
    (("rate", "empty"), "empty is a folder; name the experiment's YAML file"),
    (("rate", "no.yaml"), "there is no experiment file no.yaml"),
]


@pytest.mark.parametrize(("command", "message"), COMMANDS, ids=[" ".join(c) for c, _ in COMMANDS])
def test_commands(cevns, folder, command, message):
    (folder / "empty").mkdir()
    before = sorted(folder.rglob("*"))
    refused(cevns(*command), message)
    assert sorted(folder.rglob("*")) == before, "something was written"


BEAMS = [
    ("facility: lampf", "unknown stopped-pion facility 'lampf'"),
    ("facility: sns-ppu, years: 2, protons: 1e23", "years are given in addition to protons"),
    ("facility: sns-ppu, years: 2, exposure: 3 GWh", "years are given in addition to exposure"),
    ("facility: sns-ppu, exposure: 6.12 GWh, protons: 1.38e23", "disagree by 30 %"),
    ("facility: sns-ppu, proton_energy: 1.5 GeV", "0.8 to 1.3 GeV, not of 1.5 GeV"),
    ("facility: ess, yield_per_flavour: hg-geant4", "that of mercury, and the target .* is W"),
    ("facility: sns-ppu, yield_per_flavour: many", "unknown yield of neutrinos per proton 'many'"),
    ("facility: sns-ppu, pulse: square", "unknown shape of a beam pulse 'square'"),
    ("facility: sns-ppu, bunches: 2", "several bunches need a spacing"),
    ("facility: sns-ppu, bunches: 2.5", "expected a whole number|valid integer"),
    ("facility: mlf, bunches: 200", "from 1 to 100, not 200"),
    ("facility: sns-ppu, bunch_spacing: 1 us", "a single one has none"),
    ("facility: sns-ppu, pulse_fwhm: -350 ns", "width of a bunch in us must be positive"),
    ("facility: sns-ppu, pulse_fwhm: 20 ms", "longer than the time between two pulses"),
    ("facility: sns-ppu, pulse_fwhm: 350", "without a unit; write for example '1 us'"),
    ("facility: sns-ppu, repetition: 60", "without a unit; write for example '1 Hz'"),
    ("facility: sns-ppu, hours: 9000 h", "hours of beam in a year is 9000"),
    ("facility: daedalus", "needs hours: give it; the facility 'daedalus' does not have it"),
    ("power: 1 MW", "needs yield_per_flavour: give it; or name a facility"),
    ("facility: sns-ppu, pulse_sigma: 150 ns", "has no such field; did you mean .pulse_fwhm."),
]


@pytest.mark.parametrize(("fields", "message"), BEAMS, ids=[f for f, _ in BEAMS])
def test_sources_of_stopped_pions(cevns, folder, fields, message):
    source = f"source={{kind: stopped-pion, distance: 19.3 m, {fields}}}"
    done = cevns("rate", NAME, "--set", source)
    refused(done, message)
    assert "source" in done.err


BRN_TIME = "    time: {file: coherent-csi-2021/brn-time.csv, role: brn-time, efficiency: true}\n"
T0 = """\
  t0:
    constraint: 474 +/- 25 ns
    acts_on: pulse-time
    description: mean arrival time of the proton pulse; width chosen here, see the documentation
"""
PE_EDGES = "[0, 8, 12, 16, 20, 24, 32, 40, 50, 60]"
SLIPS = [
    # old text, new text, line, field, what is said
    ("target: {material: CsI, mass: 14.6 kg}\n", "", None, "target", "this field is missing"),
    (", mass: 14.6 kg", "", 16, "target.mass", "this field is missing"),
    ("distance:", "distancee:", 11, "source.distancee", "did you mean 'distance'"),
    ("overlaps:", "overlap:", 7, "overlap", "did you mean 'overlaps'"),
    ("  efficiency:\n    energy:", "  efficiency:\n    enrgy:", 40, "enrgy", "'energy'"),
    ("19.3 m", "19.3 kg", 11, "source.distance", "'kg' is a unit of mass, not of length"),
    ("19.3 m", "19.3", 11, "source.distance", "without a unit; write for example '1 m'"),
    ("19.3 m", "19.3 furlong", 11, "source.distance", "unknown unit 'furlong'; use one of"),
    ("19.3 m", "-19.3 m", 11, "source.distance", "distance in m must be positive"),
    ("19.3 m", "nan m", 11, "source.distance", "not a finite number"),
    ("19.3 m", "1e-300 m", 11, "source.distance", "outside the range of numbers"),
    ("3.198e23", "many", 12, "source.protons", "expected a number, got 'many'"),
    ("3.198e23", "-3e23", 9, "source", "protons on target must be positive"),
    ("14.6 kg", "-14.6 kg", 16, "target.mass", "must be greater than 0"),
    ("14.6 kg", "[14.6 kg]", 16, "target.mass", "is not a quantity"),
    ("material: CsI", "material: 12", 16, "target.material", "expected a text, got 12"),
    ("{material: CsI, mass: 14.6 kg}", "[CsI, 14.6 kg]", 16, "target", "expected a section of"),
    ("{material: CsI, mass: 14.6 kg}", "CsI", 16, "target", "expected a section of"),
    (
        "material: CsI,",
        "material: Ge, composition: {Ge76: 2},",
        16,
        "composition",
        "not within 0..1",
    ),
    ("kind: gamma", "kindd: gamma", 35, "detector.resolution.kind", "this field is missing"),
    ("kind: gamma", "kind: gama", 36, "detector.resolution.kind", "did you mean 'gamma'"),
    ("kind: gamma", "kind: ../gamma", 36, "detector.resolution.kind", "unknown resolution"),
    ("[1.32045, 0.285979, 10.8646, -0.333322]", "[1.3]", 40, "efficiency.energy", "four finite"),
    ("[1.32045, 0.285979, 10.8646, -0.333322]", "5", 42, "coefficients", "expected a list"),
    ("[1.32045, 0.285979", "[a, 0.285979", 42, "coefficients.0", "expected a number, got 'a'"),
    ("[0 keVnr, 60 keVnr]", "[0, 60]", 34, "detector.quenching.valid.0", "without a unit"),
    ("[0 keVnr, 60 keVnr]", "[0 keVnr]", 34, "detector.quenching.valid.1", "this field is missing"),
    (
        "light_yield: 13.35",
        "light_yield: -1",
        37,
        "detector.resolution.light_yield",
        "positive numbers",
    ),
    ("[0, 8, 12,", "[0, 12, 8,", 50, "axes.energy.edges", "increase; 8 follows 12"),
    ("[0, 8, 12,", "[0, 8, 8,", 50, "axes.energy.edges", "increase; 8 follows 8"),
    ("[0, 8, 12,", "[0, 8, .nan,", 50, "axes.energy.edges", "increase; nan follows 8"),
    ("50, 60]", "50, .inf]", 50, "axes.energy.edges", "increase; inf follows 50"),
    ("[0, 8, 12,", "[-5, 8, 12,", 50, "axes.energy.edges", "must not be negative; got -5"),
    (PE_EDGES, "[0]", 50, "axes.energy.edges", "needs at least 2 entries, got 1"),
    (PE_EDGES, str(list(range(3000))), 50, "axes.energy.edges", "1001 entries at most, got 3000"),
    ("unit: PE,", "unit: keVee,", 50, "axes.energy", "'gamma' gives PE, but this axis is in keV"),
    ("{unit: us,", "{unit: kg,", 51, "axes.time.unit", "'kg' is not a unit of this axis"),
    ("1286 +/- 27", "1286", 56, "backgrounds.ssb.count", "has no error; write"),
    ("1286 +/- 27", "-1286 +/- 27", 56, "backgrounds.ssb.count", "cannot be negative"),
    ("1286 +/- 27", "1286 +/- 0", 56, "backgrounds.ssb.count", "must be positive and finite"),
    (
        "1286 +/- 27",
        "1e308 +/- 1",
        56,
        "backgrounds.ssb.count",
        "outside the range that a fit can use",
    ),
    (BRN_TIME, "", 59, "backgrounds.brn", "background 'brn' has no shape in time"),
    (
        "  nin:\n",
        "  cevns:\n",
        64,
        "backgrounds.cevns",
        "background 'cevns' has the same name as the signal",
    ),
    (
        "  nin:\n",
        "  t0:\n",
        81,
        "parameters.t0",
        "parameter 't0' has the same name as a background",
    ),
    ("1.00 +/- 0.10", "1.00", 71, "parameters.sns.flux", "not of the form"),
    ("1.00 +/- 0.10", "-1 +/- 0.10", 71, "parameters.sns.flux", "cannot be negative"),
    ("acts_on: pulse-time", "acts_on: pulse", 83, "parameters.t0.acts_on", "expected 'signal'"),
    ("474 +/- 25 ns", "474 +/- 25", 81, "parameters.t0", "without a unit"),
    ("constraint: 474 +/- 25 ns", "value: 1 us\n    constraint: 1 us", 81, "t0", "give either"),
    ("release: coherent-csi-2021", "release: csi", 90, "data.release", "unknown data release"),
    ("schema: 1", "schema: 2", 3, "schema", "expected 1, got 2"),
    ("name: coherent-csi-2021", "name: My File", 4, "name", "use small letters, digits"),
]


@pytest.mark.parametrize(("old", "new", "line", "field", "message"), SLIPS)
def test_slips_in_a_file(cevns, folder, old, new, line, field, message):
    """File, line and field are named."""
    path = folder / "mine.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    done = cevns("rate", "mine.yaml")
    where = "mine.yaml" + (f", line {line}" if line else "")
    named = rf"field '[\w.-]*{re.escape(field)}': " if field else ""
    refused(done, f"^cevns: {where}: {named}.*{message}")


FITTING_TOGETHER = [
    (T0, "", "the time axis needs the pulse's mean time"),
    ("      qf.csi.0:\n", "      qf.csi.9:\n", "variation 'qf.csi.9' has no parameter"),
    ("acts_on: efficiency", "acts_on: interaction", "acts on the interaction"),
    (PE_EDGES, "[0, 1, 2]", "no CEvNS event is expected"),
    ("14.6 kg", "1e300 kg", "outside the range of numbers"),
    ("observed-counts.csv", "observed.csv", "observed.csv: does not exist; check the path"),
    ("observed-counts.csv", "ac-energy.csv", "has 3 columns where 5 are needed"),
    ("coherent-csi-2021/observed-counts.csv", "coherent-csi-2021", "is a folder"),
    ("brn-pe.csv", "brn-pee.csv", "brn-pee.csv: does not exist"),
]


@pytest.mark.parametrize(("old", "new", "message"), FITTING_TOGETHER)
def test_a_declaration_that_does_not_fit_together(cevns, folder, old, new, message):
    path = folder / "mine.yaml"
    path.write_text(path.read_text().replace(old, new, 1))
    refused(cevns("fit", "mine.yaml", "--json", "out.json"), message)
    assert not (folder / "out.json").exists()


FILES = [
    (b"", "the file is empty"),
    (b"# nothing\n", "the file is empty"),
    (b"- a\n- b\n", "line 1: expected 'field: value' lines"),
    (b"just words\n", "line 1: expected 'field: value' lines"),
    (bytes(range(256)), "this is not a text file"),
    ("schema: 1".encode("utf-16"), "this is not a text file"),
    (b"a: {b: 1\nc: 2\n", r"line \d: this is not a usable YAML file"),
    (b"a: 1\na: 2\n", "line 2: .*'a' is given twice"),
    (b"a: *b\n", "line 1: .*undefined alias"),
    (b"a: 1\n---\nb: 1\n", "another document"),
    (b"\tb: 1\n", "line 1: .*cannot start any token"),
    (b"a: !!python/name:os.system x\n", "tag .* has no meaning"),
]


@pytest.mark.parametrize(("content", "message"), FILES)
def test_files_that_are_no_declaration(cevns, folder, content, message):
    (folder / "mine.yaml").write_bytes(content)
    refused(cevns("rate", "mine.yaml"), f"^cevns: mine.yaml.*{message}")


def cut(rows: str) -> str:
    return rows[: len(rows) // 2]


def last(content: str):
    return lambda rows: re.sub(r",[^,\n]+\n$", f",{content}\n", rows)


SPOILT = [
    ("observed-counts.csv", cut, "bins once; .* missing"),
    ("observed-counts.csv", lambda _: "", "is empty"),
    ("observed-counts.csv", lambda rows: re.sub(r"\n\d.*", "", rows), "no row of numbers"),
    ("observed-counts.csv", last("-3"), "line 108: a content is negative"),
    ("observed-counts.csv", last("nan"), "line 108: .*not a finite number"),
    ("observed-counts.csv", last("0.5"), "not whole numbers"),
    ("observed-counts.csv", lambda rows: rows + rows.splitlines()[-1], "given more than once"),
    ("observed-counts.csv", lambda rows: rows.replace("\n8,12,", "\n9,12,"), "gap or overlap"),
    ("brn-pe.csv", lambda rows: re.sub(r"(?m)^(\d+,\d+),.*", r"\1,0", rows), "no content inside"),
    ("brn-pe.csv", lambda rows: re.sub(r"(?m)^(\d+,\d+),.*", r"\1,1,2", rows), "line"),
    ("nin-time.csv", last("-1"), "line 115: a content is negative"),
    ("ac-energy-1pe.csv", last("word"), "is not a row of numbers"),
]


@pytest.mark.parametrize(("name", "spoil", "message"), SPOILT)
def test_spoilt_tables_beside_a_file(cevns, folder, name, spoil, message):
    path = folder / NAME / name
    path.write_text(spoil(path.read_text()))
    refused(cevns("fit", "mine.yaml"), f"{name}.*{message}" if "inside" not in message else message)


def test_counts_where_the_model_expects_nothing(cevns, folder):
    """Below 2 PE nothing passes the efficiency, and there is no background."""
    text = (folder / "mine.yaml").read_text()
    i, j = text.index("backgrounds:"), text.index("parameters:\n  sns")
    text = (text[:i] + text[j:]).replace(PE_EDGES, "[0, 2, 60]").replace(T0, "")
    text = re.sub(r"  time: \{unit: us.*\n", "", text)
    text = text[: text.index("data:\n")] + "data: {counts: {file: counts.csv}}\n"
    (folder / "mine.yaml").write_text(text)
    (folder / "counts.csv").write_text("low_pe,high_pe,count\n0,2,0\n2,60,300\n")
    assert cevns("fit", "mine.yaml").code == 0
    (folder / "counts.csv").write_text("low_pe,high_pe,count\n0,2,1\n2,60,300\n")
    refused(cevns("fit", "mine.yaml"), "bin 0 holds 1 counts? where 0 are expected; give")


def test_a_projection_says_what_to_do(cevns, folder):
    text = (folder / "mine.yaml").read_text()
    (folder / "mine.yaml").write_text(text[: text.index("data:\n")])
    for command in ("fit", "profile", "systematics"):
        refused(cevns(command, "mine.yaml"), "declares no data: .*--asimov")
        assert cevns(command, "mine.yaml", "--asimov").code == 0
    assert cevns("rate", "mine.yaml").code == 0
    refused(cevns("fit", "mine.yaml", "--asimov", "--data", "."), "names no public release")


def test_a_broken_release(cevns, folder):
    release = folder / "data" / NAME
    release.mkdir(parents=True)
    (release / "dataBeamOnC.txt").write_text("10 1\n")
    refused(cevns("fit", NAME, "--data", folder / "data"), "is not complete: .* missing")


def test_devices_are_written_into_and_never_replaced(cevns, tmp_path):
    """`--json /dev/null` by root once turned the device into a file."""
    assert cevns("xsec", "Cs133", "--json", os.devnull).code == 0
    assert not Path(os.devnull).is_file()
    if Path("/dev/full").exists():
        full = cevns("xsec", "Cs133", "--json", "/dev/full")
        assert full.code == 2
        assert full.err == "cevns: cannot write /dev/full: No space left on device\n"
        assert not Path("/dev/full").is_file()


def test_a_link_is_followed(cevns, tmp_path):
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    assert cevns("xsec", "Cs133", "--json", tmp_path / "link.json").code == 0
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text().startswith("{")


def test_a_full_disk_leaves_the_old_file(cevns, tmp_path, monkeypatch):
    path = tmp_path / "out.json"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    done = cevns("xsec", "Cs133", "--json", path)
    assert done.code == 2
    assert "cannot write" in done.err
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.json"], "no temporary file is left"


@pytest.mark.skipif(os.name != "posix", reason="permissions")
def test_a_folder_that_may_not_be_written(cevns, folder, tmp_path_factory):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    closed = tmp_path_factory.mktemp("closed")
    closed.chmod(0o500)
    refused(cevns("fit", NAME, "--json", closed / "out.json"), "cannot be written")
    shutil.rmtree(closed)
