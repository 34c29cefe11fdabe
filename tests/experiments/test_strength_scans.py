"""Scans over the strength of a component: a second source beside CEvNS, on and off.

Scans work on tabulated signals, fits on exact ones: what both say is compared, method by method.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from test_channels_in_files import FILE, SECOND, with_second

import cevns
from cevns.analysis.coupling_families import CouplingFamily
from cevns.analysis.expected.recoil_rate import channel_counts
from cevns.analysis.scanning.scan_record import Scan
from cevns.cli import run
from cevns.exceptions import InputError, UnknownNameError
from cevns.inference import fit

FREE = "{free: 1.0, acts_on: component}"
SHARED = "{free: 1.0, acts_on: component, shared: true}"
SIZES = np.linspace(0.0, 3.0, 7)
CLOSE = 2e-3
"""Of -2 ln L: what tables differ by, and what fits converge to."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return with_second(tmp_path, FREE)


def named(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text.replace("name: ge-on-off", f"name: {name}"), encoding="utf-8")
    return path


def pair(folder: Path, first: str, second: str) -> tuple[Path, Path]:
    """Two experiments with the second source; the other one sees it from closer."""
    ours, other = (
        FILE.replace("parameters:\n", f"parameters:\n  second_size: {s}\n") + SECOND
        for s in (first, second)
    )
    return named(folder, "far", ours), named(folder, "near", other.replace("38.6 m", "30 m"))


def rises(
    study: cevns.Study,
    points: Sequence[Mapping[str, float]],
    *,
    free: Sequence[str],
    at: Mapping[str, float] | None = None,
) -> list[float]:
    """-2 ln L above its minimum, each from a fit of its own to the same expected counts."""
    model = study.model(free=tuple(free), at=at)
    data = cevns.inference.asimov(model)

    def lowest(held: Mapping[str, float]) -> float:
        some = model.with_parameters(model.parameters.fix(held))
        return float(fit(some, data=data, minos="none").twice_nll)

    return [lowest(p) - lowest({}) for p in points]


# -- one experiment ------------------------------------------------------------------------------


def test_scan_is_the_fits_at_its_points(file: Path) -> None:
    study = cevns.load(file)
    found = study.scan({"second_size": SIZES}, asimov=True)
    points = [{"second_size": float(s)} for s in SIZES]
    assert found.q == pytest.approx(rises(study, points, free=["second_size"]), abs=CLOSE)
    assert found.q[0] > 3.0  # the scan moves it: nothing is as likely as what is there
    assert found.best["second_size"] == pytest.approx(1.0, abs=1e-3)
    assert found.file.run["bounds"] == [[0.0, None]]
    assert found.file.run["standard model"] == [None]  # a second source belongs to no model


def test_limit_is_that_of_the_profile(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["limit", str(file), "--asimov", "--parameter", "second_size=0:3:7"]
    assert run([*arguments, "--json", "-"]) == 0
    ((low, high),) = json.loads(capsys.readouterr().out)["intervals"]
    curve = cevns.load(file).profile("second_size", free=("second_size",), asimov=True)
    ninety = curve.intervals[1]
    assert ninety.level == 0.9
    assert [low, high] == pytest.approx([ninety.lower, ninety.upper], abs=1e-3)


@pytest.mark.slow
def test_strength_against_a_coupling(file: Path) -> None:
    study = cevns.load(file, models="nsi")
    axes = {"second_size": [0.0, 2.0], "eps_ee_u": [-0.1, 0.1]}
    found = study.scan(axes, asimov=True)
    assert found.degrees == 2
    points = [{"second_size": s, "eps_ee_u": e} for s in (0.0, 2.0) for e in (-0.1, 0.1)]
    expected = rises(study, points, free=["eps_ee_u", "second_size"])
    assert found.q.ravel() == pytest.approx(expected, abs=CLOSE)
    turned = study.scan(dict(reversed(axes.items())), asimov=True)
    np.testing.assert_allclose(turned.q.T, found.q, atol=CLOSE)


def test_strength_against_another_one(tmp_path: Path) -> None:
    third = SECOND.replace("second", "third").replace("components:\n", "")
    text = with_second(tmp_path, FREE).read_text(encoding="utf-8") + third.lstrip("\n")
    more = "  third_size: {constraint: 1.0 +/- 0.3, acts_on: component}\n"
    path = named(tmp_path, "three", text.replace("parameters:\n", f"parameters:\n{more}"))
    study = cevns.load(path)
    found = study.scan({"second_size": [0.5, 2.0], "third_size": [0.5, 2.0]}, asimov=True)
    points = [{"second_size": a, "third_size": b} for a in (0.5, 2.0) for b in (0.5, 2.0)]
    expected = rises(study, points, free=["second_size", "third_size"])
    assert found.q.ravel() == pytest.approx(expected, abs=CLOSE)
    elsewhere = {"third_size": 1.3}
    held = study.scan({"second_size": [0.5, 2.0]}, at=elsewhere, asimov=True)
    points = [{"second_size": 0.5}, {"second_size": 2.0}]
    assert held.q == pytest.approx(
        rises(study, points, free=["second_size"], at=elsewhere), abs=CLOSE
    )
    assert held.file.run["held couplings"] == {"third_size": 1.3}
    assert held.file.run["held parameters"] == {}


@pytest.mark.slow
def test_strength_at_masses_of_a_mediator(file: Path) -> None:
    study = cevns.load(file, models="vector-universal")
    coupling = {"g_zprime": 5e-5}
    masses, sizes = [1.0, 100.0], [0.0, 2.0]
    found = study.scan({"m_zprime": masses, "second_size": sizes}, at=coupling, asimov=True)
    assert found.raster == ("m_zprime",)
    assert found.degrees == 1
    # the expected counts are those of the mass of the file at every mass
    data = study.plan({"second_size": sizes}, at=coupling, asimov=True).data
    for mass, q in zip(masses, found.q, strict=True):
        model = study.model(free=("second_size",), at={**coupling, "m_zprime": mass})
        values = []
        for held in ({}, *({"second_size": s} for s in sizes)):
            some = model.with_parameters(model.parameters.fix(held))
            values.append(fit(some, data=data, minos="none").twice_nll)
        assert q == pytest.approx(np.array(values[1:]) - values[0], abs=10 * CLOSE, rel=1e-3)


def test_component_of_its_own_process_has_tables_of_its_own(tmp_path: Path) -> None:
    """Its recoils lie on other nodes than those of CEvNS, for a light mediator makes them steep."""
    text = with_second(tmp_path, FREE).read_text(encoding="utf-8")
    other = "    interaction: {kind: vector-universal}\n    strength: [second_size]"
    path = named(tmp_path, "steep", text.replace("    strength: [second_size]", other))
    study = cevns.load(path)
    q = [
        study.scan({"second_size": SIZES}, asimov=True, form=form).q
        for form in ("tabulated", "exact")
    ]
    assert q[0] == pytest.approx(q[1], abs=CLOSE)


OWN = "    interaction: {kind: vector-universal}\n    strength: [second_size]"
"""A component with a process of its own, where the rest of the file is the Standard Model."""


def with_own_process(folder: Path, name: str = "own", more: str = "") -> Path:
    text = with_second(folder, FREE).read_text(encoding="utf-8")
    text = text.replace("    strength: [second_size]", OWN)
    return named(folder, name, text.replace("parameters:\n", f"parameters:\n{more}"))


@pytest.mark.slow
def test_parameters_of_a_components_own_process_are_asked_for(tmp_path: Path) -> None:
    study = cevns.load(with_own_process(tmp_path))
    assert study.couplings["g_zprime"].description
    model = study.model(free=("g_zprime",))
    assert model.parameters.names[0] == "g_zprime"
    at = {"g_zprime": 2e-4}
    moved = model.components(model.parameters.at(at).values)
    still = model.components(model.parameters.values)
    changed = {n for n in moved if not np.allclose(moved[n], still[n], rtol=1e-9)}
    assert changed == {"own.on.second"}  # and not the signal of the first source
    # as a file whose one process is the component's
    text = with_second(tmp_path, FREE).read_text(encoding="utf-8")
    whole = cevns.load(named(tmp_path, "whole", text + "interaction: {kind: vector-universal}\n"))
    other = whole.model(free=("g_zprime",))
    there = other.components(other.parameters.at(at).values)
    np.testing.assert_allclose(moved["own.on.second"], there["whole.on.second"], rtol=1e-10)
    # scans by tables and by the exact fold; profiled beside the strength
    axes = {"g_zprime": [0.0, 1e-4, 2e-4]}
    q = [study.scan(axes, asimov=True, form=form).q for form in ("tabulated", "exact")]
    assert q[0] == pytest.approx(q[1], abs=CLOSE)
    assert q[0][2] > q[0][1] > 0.0


def test_parameter_of_a_components_own_process_is_constrained(tmp_path: Path) -> None:
    known = "  g_zprime: {constraint: 1e-4 +/- 2e-5, acts_on: interaction}\n"
    model = cevns.load(with_own_process(tmp_path, more=known)).model(free=("second_size",))
    p = model.parameters["g_zprime"]
    assert (p.constraint.mean, p.constraint.sigma) == (1e-4, 2e-5)
    assert "g_zprime" not in model.channels[0].components[0].shape.names
    nobody = known.replace("g_zprime", "g_dark")
    with pytest.raises(InputError, match="'g_dark' acts on the interaction"):
        cevns.load(with_own_process(tmp_path, "nobody", nobody)).fit(asimov=True)


@pytest.mark.slow
def test_mass_of_a_components_own_process_is_scanned_and_held(tmp_path: Path) -> None:
    study = cevns.load(with_own_process(tmp_path))
    assert study.structural == ("m_zprime",)
    text = with_second(tmp_path, FREE).read_text(encoding="utf-8")
    whole = cevns.load(named(tmp_path, "whole", text + "interaction: {kind: vector-universal}\n"))
    # held: the component is that of a file whose one process is the component's, the signal stays
    at = {"m_zprime": 100.0, "g_zprime": 2e-4}
    ours, other, usual = study.predict(at=at), whole.predict(at=at), study.predict()
    assert ours["own"]["second"] == pytest.approx(other["whole"]["second"], rel=1e-10)
    assert ours["own"]["second"] != pytest.approx(usual["own"]["second"], rel=1e-3)
    assert ours["own"]["cevns"] == pytest.approx(usual["own"]["cevns"], rel=1e-10)
    # scanned: as each mass held, by tables and by the exact fold
    axes = {"m_zprime": [10.0, 100.0], "g_zprime": [0.0, 1e-4, 2e-4]}
    q = [study.scan(axes, asimov=True, form=form).q for form in ("tabulated", "exact")]
    assert q[0] == pytest.approx(q[1], abs=CLOSE)
    for mass, row in zip(axes["m_zprime"], np.reshape(q[1], (2, 3)), strict=True):
        held = study.scan({"g_zprime": axes["g_zprime"]}, at={"m_zprime": mass}, asimov=True)
        assert row == pytest.approx(held.q, abs=CLOSE)


@pytest.mark.parametrize("poi", ["count", "cross-section", "sin2-theta-w", "cross-section-scale"])
def test_what_a_component_has_of_its_own_is_held_beside_any_question(
    tmp_path: Path, poi: str
) -> None:
    own = with_own_process(tmp_path)
    study = cevns.load(own)
    if poi == "cross-section-scale":
        study = cevns.load(own, with_own_process(tmp_path, "other"), "coherent-lar-2020")
        with pytest.raises(InputError, match="coherent-lar-2020 has no component of that name"):
            study.model(poi, at={"g_zprime": 2e-4})
        study = cevns.load(own, with_own_process(tmp_path, "other"))
    at = {"m_zprime": 100.0, "g_zprime": 2e-4}
    model = study.model(poi, at=at)
    held = model.parameters["g_zprime"]
    assert (held.value, held.fixed) == (2e-4, True)
    expected = study.predict(at=at)
    channels = model.totals_by_channel(model.parameters.values)
    for name in study.names:
        counts = channel_counts(study[name], at=at)
        seen = sum(c.get("second", 0.0) for c in counts.values())
        assert seen == pytest.approx(expected[name]["second"], rel=1e-12)
        for channel, of in counts.items():
            assert channels[channel] == pytest.approx(of, rel=1e-10)
    found = study.fit(poi, at=at, asimov=True, contributions=False)
    assert found.fit["g_zprime"].value == 2e-4
    assert found.question.beside == ("g_zprime",)
    records = found.to_dict()
    for record in records.get("experiments", {"": records}).values():
        assert record["structure"] == {"m_zprime": 100.0}


def test_what_the_signal_has_is_not_held_beside_a_question(tmp_path: Path) -> None:
    study = cevns.load(with_own_process(tmp_path), models="vector-universal")
    with pytest.raises(
        InputError,
        match="g_zprime: parameters of the interaction can only be fixed if others are free",
    ):
        study.model("count", at={"g_zprime": 2e-4})
    study = cevns.load(with_own_process(tmp_path))
    with pytest.raises(
        InputError, match=r"second_size: .*or fix a parameter of the file with --fix"
    ):
        study.model("count", at={"second_size": 2.0})


def test_a_mass_is_no_parameter_of_a_file(tmp_path: Path) -> None:
    heavy = "  m_zprime: {value: 50, acts_on: interaction}\n"
    study = cevns.load(with_own_process(tmp_path, more=heavy))
    with pytest.raises(InputError, match=r"'m_zprime' changes shapes.*fix it with --at"):
        study.fit(asimov=True)


def test_coupling_that_one_file_declares_and_another_does_not(tmp_path: Path) -> None:
    """A joint fit has one coupling of both components."""
    known = "  g_zprime: {constraint: 1e-4 +/- 2e-5, acts_on: interaction, shared: true}\n"
    paths = with_own_process(tmp_path, "with", known), with_own_process(tmp_path, "without")
    model = cevns.load(*paths).model(free=("g_zprime",))
    assert [n for n in model.parameters.names if "g_zprime" in n] == ["g_zprime"]
    moved = model.components(model.parameters.at({"g_zprime": 2e-4}).values)
    still = model.components(model.parameters.values)
    changed = {n for n in moved if not np.allclose(moved[n], still[n], rtol=1e-9)}
    assert changed == {"with.on.second", "without.on.second"}


def test_one_name_is_one_parameter_in_two_processes(tmp_path: Path) -> None:
    study = cevns.load(with_own_process(tmp_path), models="vector-universal")
    model = study.model(free=("g_zprime",))
    moved = model.components(model.parameters.at({"g_zprime": 2e-4}).values)
    still = model.components(model.parameters.values)
    changed = {n for n in moved if not np.allclose(moved[n], still[n], rtol=1e-9)}
    assert changed == {"own.on.second", "own.on.cevns"}


def test_without_a_model_the_interaction_is_that_of_the_file(file: Path, tmp_path: Path) -> None:
    text = file.read_text(encoding="utf-8")
    declared = cevns.load(named(tmp_path, "nsi", text + "interaction: {kind: nsi}\n"))
    given = cevns.load(file, models="nsi")
    axes = {"second_size": [1.0], "eps_ee_u": [0.1]}
    ours, other = (s.plan(axes, asimov=True).family for s in (declared, given))
    assert ours.interaction.name == "nsi"
    counts = [
        f.model({}).expected(f.parameters.at({"eps_ee_u": 0.1}).values) for f in (ours, other)
    ]
    np.testing.assert_allclose(*counts, rtol=1e-12)


# -- by toys -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["fc", "cls"])
def test_limit_by_toys(file: Path, tmp_path: Path, method: str) -> None:
    """Sixty toys know a limit to some tenths; Wilks has it where the counts are that many."""
    pytest.importorskip("h5py")
    study = cevns.load(file)
    out = tmp_path / "scan.h5"
    options = {"toys": 60, "workers": 1, "asimov": True, "out": out}
    found = study.scan({"second_size": SIZES}, method, **options)
    assert found.file.run["bounds"] == [[0.0, None]]  # not those of the range
    ((low, high),) = found.intervals
    wilks = study.scan({"second_size": SIZES}, asimov=True).intervals[0]
    assert abs(high - wilks[1]) < 0.6
    assert low == pytest.approx(0.0 if method == "cls" else wilks[0], abs=0.6)
    # the file holds all of it, and the same call computes nothing
    before = out.read_bytes()
    assert Scan.read(out).to_dict() == found.to_dict()
    again = study.scan({"second_size": SIZES}, method, **options)
    np.testing.assert_array_equal(again.q, found.q)
    assert out.read_bytes() == before
    with pytest.raises(InputError, match="belongs to another run"):
        study.scan({"second_size": SIZES}, method, **{**options, "toys": 61})


def test_interrupted_scan_goes_on(file: Path, tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    study = cevns.load(file)
    axes, out = {"second_size": [0.0, 1.0, 2.0]}, tmp_path / "scan.h5"
    options = {"toys": 300, "workers": 1, "asimov": True}

    def stop(done: int, wanted: int, speed: float) -> None:
        if done > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        study.scan(axes, "fc", out=out, progress=stop, **options)
    assert not out.exists()
    assert list((tmp_path / "scan.h5.parts").iterdir())
    kept = study.scan(axes, "fc", out=out, **options)
    whole = study.scan(axes, "fc", **options)
    for name, values in whole.file.datasets.items():
        np.testing.assert_array_equal(kept.file.datasets[name], values, err_msg=name)


def test_a_family_travels(file: Path) -> None:
    family = CouplingFamily(cevns.load(file).subject, None, ("second_size",))
    again = pickle.loads(pickle.dumps(family))
    theta = family.parameters.at({"second_size": 2.0}).values
    np.testing.assert_array_equal(again.model({}).expected(theta), family.model({}).expected(theta))
    assert again.question == family.question
    assert family.question.strengths == ("second_size",)


# -- several experiments -------------------------------------------------------------------------


def test_shared_strength_of_two_experiments(tmp_path: Path) -> None:
    study = cevns.load(*pair(tmp_path, SHARED, SHARED))
    found = study.scan({"second_size": SIZES}, asimov=True)
    points = [{"second_size": float(s)} for s in SIZES]
    assert found.q == pytest.approx(rises(study, points, free=["second_size"]), abs=CLOSE)
    alone = [
        cevns.load(e.path).scan({"second_size": SIZES}, asimov=True) for e in study.experiments
    ]
    assert np.all(found.q[[0, -1]] > [max(s.q[i] for s in alone) for i in (0, -1)])


@pytest.mark.parametrize("other", [FREE, SHARED.replace("true", "material"), None])
def test_strength_that_is_not_one_quantity(tmp_path: Path, other: str | None) -> None:
    far, near = pair(tmp_path, SHARED, other or FREE)
    said = r"'shared: true' in near; declare it"
    if other is None:
        named(tmp_path, "near", FILE)
        said = "near has no component of that name"
    for names in ((far, near), (near, far)):
        study = cevns.load(*names)
        for ask in (study.scan, lambda axes, s=study, **k: s.fit(free=tuple(axes), **k)):
            with pytest.raises(InputError, match=said) as caught:
                ask({"second_size": SIZES}, asimov=True)
            assert "\n" not in str(caught.value)


# -- on the command line -------------------------------------------------------------------------

PATCH = (
    SECOND.lstrip("\n") + "parameters:\n  second_size: {acts_on: component, free: 0.0, "
    "shared: true}\n"
)


def test_command_line_with_a_patch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("h5py")
    file, patch, out = named(tmp_path, "ge", FILE), tmp_path / "second.yaml", tmp_path / "scan.h5"
    patch.write_text(PATCH, encoding="utf-8")
    command = ["scan", str(file), "--model", str(patch), "--asimov", "--out", str(out)]
    assert run([*command, "--parameter", "second_size=0:3:7", "--json", "-"]) == 0
    record = json.loads(capsys.readouterr().out)
    study = cevns.load(file, models=str(patch))
    points = [{"second_size": float(s)} for s in SIZES]
    assert record["delta_twice_nll"] == pytest.approx(
        rises(study, points, free=["second_size"]), abs=CLOSE
    )
    assert record["patches"] == [patch.name]
    assert Scan.read(out).names == ("second_size",)
    # as it is found on another interaction and another experiment
    other = named(tmp_path, "other", FILE.replace("19.3 m", "25 m"))
    command = ["scan", str(file), str(other), "--model", f"nsi+{patch}", "--asimov"]
    axes = ["--parameter", "second_size=0:3:3", "--parameter", "eps_ee_u=-0.1:0.1:3"]
    assert run([*command, *axes, "--json", "-"]) == 0
    assert list(json.loads(capsys.readouterr().out)["parameters"]) == ["second_size", "eps_ee_u"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--parameter", "flux=0.8:1.2:3"], "no strength of a component is free; name one of "),
        (["--parameter", "second_sise=0:1:3"], "did you mean 'second_size'"),
        (["--parameter", "second_size=-1:1:3"], "reaches -1, outside the physical range"),
        (["--parameter", "second_size=0:1:3", "--at", "second_size=1"], "both free and held"),
        (["--parameter", "second_size=0:1:3", "--fix", "second_size"], "is held and cannot be"),
    ],
)
def test_slips_are_one_sentence(
    file: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["scan", str(file), "--asimov", *arguments]) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_what_is_not_there_is_not_held(file: Path) -> None:
    with pytest.raises(UnknownNameError, match="second_size"):
        cevns.load(file).scan({"second_size": SIZES}, at={"third_size": 1.0}, asimov=True)
