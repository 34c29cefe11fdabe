"""Channels with target, detector and axes of their own: one file is what several joined are.

A germanium detector and a crystal of CsI at one beam dump, with one flux, each with its own
quenching; the crystal has a second set of data with the beam off. The same stands in two files that
are fitted together.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from refusals import refused

import cevns
from cevns.analysis.changes import compare
from cevns.exceptions import CevnsWarning, InputError, SchemaError
from cevns.experiments import load, load_joint
from cevns.experiments.fast_form import fast_form

SOURCE = "source: {kind: sns, distance: 19.3 m, protons: 3.2e23, yield_per_flavour: 0.08}"
GE_TARGET = "{material: Ge, mass: 10 kg}"
GE_DETECTOR = """{
  quenching: {kind: lindhard, z: 32, a: 72.63, k: 0.157,
    variations: {qf.ge: {plus: 0.177, minus: 0.137}}},
  resolution: {kind: gaussian, noise: 100 eVee}}"""
GE_AXES = "{energy: {unit: keVee, edges: [0.5, 1, 1.5, 2, 3, 4, 6]}}"
CSI_TARGET = "{material: CsI, mass: 14.6 kg}"
CSI_DETECTOR = """{
  quenching: {kind: constant, value: 0.0878, variations: {qf.csi: {plus: 0.0896, minus: 0.086}}},
  resolution: {kind: gaussian, noise: 150 eVee}}"""
CSI_AXES = "{energy: {unit: keVee, edges: [0.8, 1.5, 3]}, time: {edges: [0, 1, 3, 6]}}"
PARAMETERS = """
  flux: {constraint: 1.0 +/- 0.1, acts_on: signal, shared: true}
  t0: {constraint: 474 +/- 25 ns, acts_on: pulse-time, shared: true}
"""
QF_GE = "  qf.ge: {constraint: 0 +/- 1, acts_on: quenching}\n"
QF_CSI = "  qf.csi: {constraint: 0 +/- 1, acts_on: quenching}\n"
FLAT = "rate: 0.02 +/- 0.002 /keV/kg/d, energy: {kind: flat}"
STEADY = "count: 150 +/- 20, energy: {kind: flat}, time: {kind: exponential, rate: 0 /us}"

BOTH = f"""
schema: 1
name: both
{SOURCE}
target: {GE_TARGET}
detector: {GE_DETECTOR}
axes: {GE_AXES}
live_time: 200 d
backgrounds:
  flat: {{{FLAT}}}
  steady: {{{STEADY}}}
parameters: {PARAMETERS}{QF_GE}{QF_CSI}
channels:
  ge: {{backgrounds: [flat]}}
  csi:
    target: {CSI_TARGET}
    detector: {CSI_DETECTOR}
    axes: {CSI_AXES}
    backgrounds: [steady]
  csi-off:
    exposure: 2
    source: 0
    target: {CSI_TARGET}
    detector: {CSI_DETECTOR}
    axes: {CSI_AXES}
    backgrounds: [steady]
"""
GE = f"""
schema: 1
name: ge
{SOURCE}
target: {GE_TARGET}
detector: {GE_DETECTOR}
axes: {GE_AXES}
live_time: 200 d
backgrounds: {{flat: {{{FLAT}}}}}
parameters: {PARAMETERS}{QF_GE}
"""
CSI = f"""
schema: 1
name: csi
{SOURCE}
target: {CSI_TARGET}
detector: {CSI_DETECTOR}
axes: {CSI_AXES}
backgrounds: {{steady: {{{STEADY}}}}}
parameters: {PARAMETERS}{QF_CSI}
channels: {{"on": {{}}, "off": {{exposure: 2, source: 0}}}}
"""


def written(folder: Path, text: str, name: str = "file") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_one_file_is_the_two_joined(tmp_path: Path) -> None:
    one = load(written(tmp_path, BOTH)).model(("sin2_theta_w",))
    files = [written(tmp_path, GE, "ge"), written(tmp_path, CSI, "csi")]
    two = load_joint(files).model(("sin2_theta_w",))
    assert {c.n_bins for c in one.channels} == {6}  # cells of another kind: 6 and 2 x 3
    names = {"ge.flat": "flat", "csi.steady": "steady", "ge.qf.ge": "qf.ge", "csi.qf.csi": "qf.csi"}
    order = [one.parameters.index(names.get(n, n)) for n in two.parameters.names]
    rng = np.random.default_rng(8)
    for _ in range(5):
        theta = one.parameters.values + 0.5 * rng.standard_normal(len(order)) * [
            p.scale for p in one.parameters
        ]
        theta = np.clip(theta, [p.lower for p in one.parameters], [p.upper for p in one.parameters])
        expected = two.expected(theta[order])
        np.testing.assert_allclose(one.expected(theta), expected, rtol=1e-12)


def test_fits_agree_with_the_joint_ones(tmp_path: Path) -> None:
    one = cevns.load(written(tmp_path, BOTH)).fit("sin2-theta-w", asimov=True)
    files = [written(tmp_path, GE, "ge"), written(tmp_path, CSI, "csi")]
    two = cevns.load(*files).fit("sin2-theta-w", asimov=True)
    assert one.poi is not None
    assert two.poi is not None
    assert one.poi.error_up == pytest.approx(two.poi.error_up, rel=1e-4)
    assert one.poi.error == pytest.approx(two.poi.error, rel=1e-4)
    assert one.only.channels["both.csi"].seen_with.material.name == "CsI"
    assert one.only.channels["both.csi"].title == "both, csi"
    physics = one.to_dict()["physics"]
    assert (physics["quenching"], physics["quenching.csi"]) == ("lindhard", "constant")
    assert (physics["material"], physics["material.csi"]) == ("Ge", "CsI")
    assert "quenching.ge" not in physics
    assert "interaction.csi" not in physics


def test_count_is_that_of_all_channels(tmp_path: Path) -> None:
    both = load(written(tmp_path, BOTH))
    parts = [load(written(tmp_path, text, n)) for n, text in (("ge", GE), ("csi", CSI))]
    each = [p.prediction() for p in parts]
    assert both.prediction() == pytest.approx(sum(each), rel=1e-12)
    model = both.model("count")
    counts = model.components(model.parameters.values)
    assert counts["both.ge.cevns"].sum() == pytest.approx(each[0], rel=1e-9)
    assert counts["both.csi.cevns"].sum() == pytest.approx(each[1], rel=1e-9)
    assert "both.csi-off.cevns" not in counts
    # 0.02 /keV/kg/d x 5.5 keV x 10 kg x 200 d; the other is that of one exposure
    assert counts["both.ge.flat"].sum() == pytest.approx(220.0)
    assert counts["both.csi-off.steady"].sum() == pytest.approx(300.0)
    # a pull of one quenching leaves the events of the other detector where they are
    section = both.model("cross-section")
    at = section.parameters.at({"qf.csi": 1.0}).values
    moved, rest = section.components(at), section.components(section.parameters.values)
    np.testing.assert_array_equal(moved["both.ge.cevns"], rest["both.ge.cevns"])
    assert (moved["both.csi.cevns"] != rest["both.csi.cevns"]).any()


def test_tables_stand_for_both_detectors(tmp_path: Path) -> None:
    model = load(written(tmp_path, BOTH)).model("cross-section")
    fast, error = fast_form(model)
    assert fast is not model
    assert error is not None
    assert error.small
    rate = cevns.load(written(tmp_path, BOTH)).rate()["both"]
    parts = [
        cevns.load(written(tmp_path, text, n)).rate()[n] for n, text in (("ge", GE), ("csi", CSI))
    ]
    at = 3.0  # keVnr: the recoils of both targets are added
    found = np.interp(at, rate.recoil_energy_kev, rate.rate_per_kev["total"])
    wanted = sum(np.interp(at, p.recoil_energy_kev, p.rate_per_kev["total"]) for p in parts)
    assert found == pytest.approx(wanted, rel=1e-2)


def test_figures_have_the_axes_of_their_channel(tmp_path: Path) -> None:
    pytest.importorskip("mplhep")
    from cevns.report.figure_files import fit_figures
    from cevns.report.projections import axes_of

    result = cevns.load(written(tmp_path, BOTH)).fit("cross-section", asimov=True)
    assert list(axes_of(result.channels["both.ge"])) == ["energy"]
    assert list(axes_of(result.channels["both.csi"])) == ["energy", "time"]
    figures = fit_figures(result)
    assert {"both-ge-projections", "both-csi-data2d", "ge-recoil-spectrum"} <= set(figures)
    assert "both-ge-data2d" not in figures
    assert "both-ge-residuals" not in figures  # its background follows no beam, but has no time


def test_what_does_not_fit_is_said_of_its_channel(tmp_path: Path) -> None:
    for old, new, said in (
        (QF_CSI, "", "the quenching variation 'qf.csi' has no parameter"),
        (QF_CSI, QF_CSI + QF_CSI.replace("qf.csi", "qf.na"), "'qf.na' acts on quenching"),
        (
            "[steady]",
            "[steady, flat]",
            "'flat' is one number of events in the channels ge, csi",
        ),
        ("material: CsI", "material: CsJ", "channels.csi.target.material"),
        ("noise: 150 eVee", "noise: 150 eVnr", "channels.csi.detector.resolution"),
        ("edges: [0.8, 1.5, 3]", "edges: [0.8, 3, 1.5]", "channels.csi.axes.energy.edges"),
        (
            "    backgrounds: [steady]\n  csi-off",
            "    detect: {}\n  csi-off",
            "did you mean 'detector'",
        ),
    ):
        assert old in BOTH
        path = written(tmp_path, BOTH.replace(old, new), "changed")
        with refused(said):
            load(path).model("count")
    both = load(written(tmp_path, BOTH))
    with refused("channels with separate targets, detectors or axes"):
        compare(both, load("coherent-csi-2021"))
    assert both.views["csi"] is both.views["csi-off"]  # built once
    assert both.views["ge"] is not both


def test_one_file_twice_holds_the_same_data(tmp_path: Path) -> None:
    table = "low,high,t_low,t_high,n\n" + "".join(
        f"{a},{b},{s},{t},{n}\n"
        for (a, b), row in zip([(0.8, 1.5), (1.5, 3)], [[9, 8, 3], [7, 4, 5]], strict=True)
        for (s, t), n in zip([(0, 1), (1, 3), (3, 6)], row, strict=True)
    )
    (tmp_path / "csi.csv").write_text(table, encoding="utf-8")
    (tmp_path / "again.csv").write_text(table + "\n", encoding="utf-8")
    (tmp_path / "ge.csv").write_text(
        "low,high,n\n0.5,1,40\n1,1.5,30\n1.5,2,25\n2,3,44\n3,4,41\n4,6,80\n", encoding="utf-8"
    )
    text = BOTH.replace("  ge: {back", "  ge: {data: {counts: {file: ge.csv}}, back")
    text = text.replace("  csi:\n", "  csi:\n    data: {counts: {file: csi.csv}}\n")
    text = text.replace("  csi-off:\n", "  csi-off:\n    data: {counts: {file: csi.csv}}\n")
    both = load(written(tmp_path, text))
    assert {f.name for f in both.inputs.files} == {"file.yaml", "ge.csv", "csi.csv"}
    assert both.inputs.observed["csi"].shape == (2, 3)
    single = CSI.replace("channels: ", "# ").replace(
        "parameters:", "data: {counts: {file: again.csv}}\nparameters:"
    )
    alone = written(tmp_path, single, "alone")
    with pytest.raises(InputError, match="hold the same counts in the same bins"):
        load_joint([both.path, alone])


def test_sections_mean_the_same_in_a_channel_and_in_the_file(tmp_path: Path) -> None:
    moved = f"{{target: {GE_TARGET}, detector: {GE_DETECTOR}, axes: {GE_AXES}}}"
    text = GE.replace(f"detector: {GE_DETECTOR}\n", "").replace(f"axes: {GE_AXES}\n", "")
    inside = load(written(tmp_path, f"{text}channels: {{only: {moved}}}\n", "inside"))
    usual = load(written(tmp_path, GE, "usual"))
    for question in ("count", "cross-section", "sin2-theta-w"):
        one, other = usual.model(question), inside.model(question)
        assert one.parameters.names == other.parameters.names
        theta = one.parameters.values + 0.3 * np.array([p.scale for p in one.parameters])
        np.testing.assert_allclose(one.expected(theta), other.expected(theta), rtol=1e-9)

    nobody = inside.path.read_text(encoding="utf-8")
    nobody = nobody.replace(f"target: {GE_TARGET}\n", f"target: {CSI_TARGET}\n", 1)
    with refused("but no channel has 14.6 kg CsI"):
        load(written(tmp_path, nobody, "nobody"))


def test_background_is_shared_where_regions_are_the_same(tmp_path: Path) -> None:
    wider = "axes: {energy: {unit: keVee, edges: [0.5, 6, 11.5]}}"
    one_bin = "axes: {energy: {unit: keVee, edges: [0.5, 6]}}"
    text = GE.replace(FLAT, "count: 220 +/- 22, energy: {kind: flat}")
    off = '{text}channels: {{"on": {{}}, "off": {{source: 0, {axes}}}}}\n'
    same = load(written(tmp_path, off.format(text=text, axes=one_bin))).model("count")
    counts = same.components(same.parameters.values)
    assert counts["ge.on.flat"].sum() == pytest.approx(counts["ge.off.flat"].sum())
    with refused("do not cover the same region"):
        load(written(tmp_path, off.format(text=text, axes=wider)))
    by_mass = off.replace("source: 0", "source: 0, target: {{material: Ge, mass: 5 kg}}")
    with refused("its rate gives a different count in another channel"):
        load(written(tmp_path, by_mass.format(text=GE, axes=one_bin)))


def test_two_halves_are_the_whole(tmp_path: Path) -> None:
    own = f"axes: {GE_AXES}"
    halves = f"channels: {{a: {{exposure: 0.5, {own}}}, b: {{exposure: 0.5, {own}}}}}\n"
    whole, split = (
        load(written(tmp_path, GE + more, name)).model("cross-section")
        for name, more in (("whole", ""), ("split", halves))
    )
    theta = whole.parameters.values
    parts = split.expected(theta).reshape(2, -1)
    np.testing.assert_allclose(parts[0], parts[1], rtol=1e-12)
    np.testing.assert_allclose(parts.sum(axis=0), whole.expected(theta), rtol=1e-12)


def test_a_field_is_changed_wherever_channels_have_it():
    """C3 and C5 of CONUS+ have a detector of their own; k = 0.158 gives 286 events."""
    lower = load("conus-plus-2025", overrides={"detector.quenching.k": "0.158"})
    assert lower.prediction() == pytest.approx(286.2, abs=0.1)
    own = {
        f"channels.c{n}-{s}.detector.quenching.k": "0.162" for n in (3, 5) for s in ("on", "off")
    }
    first = load("conus-plus-2025", overrides={"detector.quenching.k": "0.158", **own})
    assert 286.2 < first.prediction() < 310.1
    # what the file says nowhere is new in all of them
    fano = load("conus-plus-2025", overrides={"detector.resolution.fano": "0.2"})
    wide = {e.resolution.fano for e in fano.views.values()}
    assert wide == {0.2}
    # the error of k is one about the k that is asked for
    far = load("conus-plus-2025", overrides={"detector.quenching.k": "0.2"})
    moved = [q.ends(v, np.array([3.0]), np.zeros(1)) for q, v in _errors_of_k(far)]
    assert all(
        up[0] > q.curve(np.array([3.0]), (0.2,))[0] > down[0]
        for (up, down), (q, _) in zip(moved, _errors_of_k(far), strict=True)
    )


def _errors_of_k(experiment):
    curves = [v.quenching for v in experiment.views.values()]
    return [(q, q.variations["ge.lindhard_k"]) for q in curves]


def test_a_section_that_channels_replace_with_their_own_is_said():
    """A whole target is that of its own place."""
    with pytest.warns(CevnsWarning, match=r"has no effect in c3-on, c3-off, .* is their own"):
        load("conus-plus-2025", overrides={"target": "{material: Ge, mass: 1 kg}"})
    load("conus-plus-2025", overrides={"source.power": "3 GW"})


def test_a_number_outside_its_variation_is_refused():
    changes = {
        "detector.quenching.k": "0.2",
        "detector.quenching.variations": "{ge.lindhard_k: {plus: 0.166, minus: 0.158}}",
    }
    with pytest.raises(SchemaError, match=r"0\.2 lies outside its variation .* 'error: 0\.004'"):
        load("conus-plus-2025", overrides=changes).prediction()
