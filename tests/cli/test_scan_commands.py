"""``cevns scan``, ``limit``, ``merge``, ``plot`` and ``list parameters`` as a user meets them.

Grids are coarse and toys few: the numbers of scans are tested where they are computed.
"""

from __future__ import annotations

import json
import os
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from cevns.cli.terminal import progress
from cevns.report.drawing.overlays import read_curves

RELEASES = os.environ.get("CEVNS_DATA")
CSI, LAR = "coherent-csi-2021", "coherent-lar-2020"
FC = ("--method", "fc", "--toys", "40", "--workers", "1")
MINE = """
import numpy as np
from cevns.processes import Extension, bounded
from cevns.parameters import Parameters


class Mine(Extension):
    parameters = Parameters([bounded("eps", "of nu_e to u quarks", reach=(-2, 2))])

    def amplitudes(self, flavour, nuclide, values):
        eps = self.value(values, "eps")
        return {"e": (2 * nuclide.z * eps, nuclide.n * eps)} if flavour == "nu_e" else {}
"""


@pytest.fixture
def record(cevns):
    """The JSON of a command that succeeds; its text for people goes to standard error."""

    def call(*arguments):
        done = cevns(*arguments, "--json", "-")
        assert done.code == 0, done.err
        return json.loads(done.out)

    return call


def scan(*arguments, model="nsi"):
    return ("scan", CSI, "--model", model, *arguments)


# -- cevns limit --------------------------------------------------------------------------------


def test_limit_has_disjoint_pieces(record):
    """An independent calculation finds [-0.06, 0.09] or [0.32, 0.47] with the pulse time held.

    Its edges are given to 0.01, and its flux, quenching and backgrounds are its own: 0.02.
    """
    found = record(
        "limit", CSI, "--model", "nsi", "--parameter", "eps_ee_u=-0.3:0.8:23", "--cl", "0.9",
        "--fix", "t0=0.474",
    )  # fmt: skip
    assert found["intervals"] == [
        pytest.approx([-0.06, 0.09], abs=0.02),
        pytest.approx([0.32, 0.47], abs=0.02),
    ]
    assert (found["cl"], found["method"]) == (0.9, "profile")
    assert found["critical_value"] == pytest.approx(2.7055, abs=1e-4)  # chi2, one degree, 90 %
    low, high = found["intervals"][0]
    assert low < found["best_fit"]["eps_ee_u"] < high
    assert found["held"] == {"t0": 0.474}
    assert found["best_fit"]["t0"] == 0.474
    assert found["physics"]["interaction"] == "nsi"


@pytest.mark.slow
def test_limit_by_every_method(record, tmp_path):
    """Toys of one point agree with Wilks as far as 40 of them can; keys are those of a profile."""
    pytest.importorskip("h5py")
    limit = ("limit", CSI, "--model", "magnetic-moment", "--parameter", "mu_nu_mu=0:60:4")
    wilks = record(*limit)
    for method in ("fc", "cls"):
        found = record(*limit, "--method", method, *FC[2:], "--out", tmp_path / f"{method}.h5")
        assert {"intervals", "cl", "method", "best_fit", "critical_value"} <= found.keys()
        assert found["method"] == method
        ((low, high),) = found["intervals"]
        assert low == 0.0
        assert 0.5 < high / wilks["intervals"][0][1] < 2.0


@pytest.mark.slow
def test_limit_from_a_posterior(record):
    """Nearly Gaussian, so the interval is that of the profile; 50 draws know its ends to 10 %."""
    pytest.importorskip("emcee")
    pytest.importorskip("arviz")
    limit = ("limit", CSI, "--parameter", "sin2_theta_w=0.1:0.4:13")
    wilks = record(*limit)["intervals"]
    found = record(*limit, "--method", "bayes", "--draws", "50")
    width = wilks[0][1] - wilks[0][0]
    assert found["intervals"] == [pytest.approx(wilks[0], abs=0.1 * width)]
    assert "flat" in found["priors"]


def test_limit_that_the_range_does_not_reach(cevns):
    done = cevns("limit", CSI, "--model", "nsi", "--parameter", "eps_ee_u=-0.01:0.02:4")
    assert "the scanned range ends inside the region, at eps_ee_u = -0.01 and 0.02" in done.out
    done = cevns(
        "limit", CSI, "--model", "vector-universal", "--parameter", "g_zprime=0.1:1:3"
    )  # fmt: skip
    assert "no scanned value of g_zprime is allowed" in done.out
    limit = ("limit", CSI, "--model", "magnetic-moment", "--parameter", "mu_nu_mu=0:5:3")
    done = cevns(*limit, "--method", "cls", *FC[2:])
    assert "no limit on mu_nu_mu below 5 x 1e-10 mu_B at 90 %" in done.out


def test_refined_limit_is_that_of_a_fine_range(record):
    limit = ("limit", CSI, "--model", "nsi", "--parameter")
    coarse = record(*limit, "eps_ee_u=-0.2:0.6:5", "--refine", "3")
    fine = record(*limit, "eps_ee_u=-0.2:0.6:33")
    assert coarse["values"]["eps_ee_u"] == pytest.approx(fine["values"]["eps_ee_u"], abs=1e-12)
    # both polish the same edges, to 1e-4 of the width of a piece
    for a, b in zip(coarse["intervals"], fine["intervals"], strict=True):
        assert a == pytest.approx(b, abs=3e-4 * (b[1] - b[0]))


# -- what can be scanned ------------------------------------------------------------------------

AXES = [
    ("nsi", "eps_ee_u=-0.2:0.6:5", "eps_ee_d=-0.2:0.6:5"),
    ("nsi", "qf.csi.0=-2:2:3", "eps_ee_u=-0.2:0.6:5"),  # a nuisance parameter
    ("nsi+magnetic-moment", "eps_mumu_d=-0.1:0.4:4", "mu_nu_mu=0:60:4"),
    ("neutron-radius-common", "r_n_csi=4:7:4", "sin2_theta_w=0.15:0.35:4"),
    ("sterile", "sin2_2theta_ee=0:1:4", "dm2_41=0.1:10:3:log"),
    ("flavoured-cross-sections", "sigma_e=0.2:2:4", "sigma_mu=0.2:2:4"),
]


@pytest.mark.parametrize(("model", "first", "second"), AXES)
def test_planes(model, first, second, cevns, record):
    names = {p["name"] for p in record("list", "parameters", "--model", model)["parameters"]}
    asked = [t.partition("=")[0] for t in (first, second)]
    if not set(asked) <= names | {"qf.csi.0"}:
        pytest.fail(f"{model} has {names}")
    found = record(*scan("--parameter", first, "--parameter", second, model=model))
    assert list(found["parameters"]) == asked
    q = np.array(found["delta_twice_nll"])
    assert q.shape == tuple(found["parameters"][n]["points"] for n in asked)
    assert found["failed_points"] == 0
    assert q.min() >= 0.0


@pytest.mark.slow
def test_coupling_against_mass(cevns, record):
    """Each mass has its own interval; the limit on the coupling rises with the mass."""
    axes = ("--parameter", "m_zprime=1MeV:1GeV:3:log", "--parameter", "g_zprime=0:1e-3:9")
    found = record(*scan(*axes, model="vector-universal"))
    masses = [s["m_zprime"] for s in found["slices"]]
    assert masses == pytest.approx([1.0, 10**1.5, 1000.0])  # MeV
    limits = [s["intervals"][-1][1] for s in found["slices"]]
    assert all(a < b for a, b in pairwise(limits))
    assert found["degrees_of_freedom"] == 1
    done = cevns(*scan(*axes, model="vector-universal"))
    assert re.search(r"m_zprime = 1 MeV: g_zprime < [\d.e-]+\n", done.out)


@pytest.mark.slow
def test_a_name_alone_is_its_natural_range(record):
    axes = ("--parameter", "m_zprime=2", "--parameter", "g_zprime")
    ranges = record(*scan(*axes, model="vector-b-l"))["parameters"]
    assert ranges["m_zprime"] == {"unit": "MeV", "from": 0.1, "to": 1e4, "points": 2}
    assert ranges["g_zprime"] == {"unit": "", "from": 1e-6, "to": 1.0, "points": 41}


@pytest.mark.slow
def test_best_fit_of_a_coupling_against_mass(record):
    """It is that of the best mass, whatever the method."""
    axes = ("--parameter", "m_zprime=1MeV:100MeV:2:log", "--parameter", "g_zprime=0:3e-4:4")
    toys = record(*scan(*axes, model="vector-universal"), "--method", "fc", "--toys", "10")
    profile = record(*scan(*axes, model="vector-universal"))
    assert toys["best_fit"]["m_zprime"] == profile["best_fit"]["m_zprime"] == 100.0
    # both fit the same counts; the minimum is flat to this share of the coupling
    ours, other = (found["best_fit"]["g_zprime"] for found in (toys, profile))
    assert ours == pytest.approx(other, rel=1e-2)


@pytest.mark.slow
def test_options_that_hold_and_free(record):
    limit = ("limit", CSI, "--model", "nsi", "--parameter", "eps_ee_u=-0.4:0.9:14", "--asimov")
    plain = record(*limit)
    assert plain["asimov"] is True
    assert plain["best_fit"]["eps_ee_u"] == pytest.approx(0.0, abs=1e-6)  # closure
    widths = {
        name: sum(b - a for a, b in record(*limit, *more)["intervals"])
        for name, more in {
            "plain": (),
            "flux held": ("--fix", "sns.flux", "--fix", "qf.csi.0=0"),
            "another free": ("--free", "eps_mumu_u"),
        }.items()
    }
    assert widths["flux held"] < widths["plain"] < widths["another free"]
    shifted = record(*limit, "--at", "eps_mumu_u=0.02")
    assert shifted["held"] == {"eps_mumu_u": 0.02}
    assert shifted["intervals"] != plain["intervals"]


@pytest.mark.slow
def test_structural_parameter_is_held_at_a_quantity(record):
    """Far below the momentum transfers, those to electrons too, the mass does not matter."""
    limit = ("limit", CSI, "--model", "vector-universal", "--parameter", "g_zprime=0:1e-4:9")
    light, lighter = (
        record(*limit, "--at", f"m_zprime={m}")["intervals"] for m in ("0.5 keV", "0.0001MeV")
    )
    assert light[-1] == pytest.approx(lighter[-1], rel=1e-3)


def test_a_file_of_ones_own(cevns, record, tmp_path, monkeypatch):
    """Ten lines are `eps_ee_u` of NSI; their digits too, through the same fits."""
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(MINE, encoding="utf-8")
    (row,) = (
        p
        for p in record("list", "parameters", "--model", "mine.py")["parameters"]
        if p["name"] == "eps"
    )
    assert (row["from"], row["to"], row["what"]) == (-2.0, 2.0, "of nu_e to u quarks")
    mine = record("limit", CSI, "--model", "mine.py", "--parameter", "eps=-0.2:0.6:9")
    ours = record("limit", CSI, "--model", "nsi", "--parameter", "eps_ee_u=-0.2:0.6:9")
    assert np.allclose(mine["intervals"], ours["intervals"], rtol=0, atol=1e-4)


@pytest.mark.slow
def test_two_experiments(record, monkeypatch):
    if not RELEASES or not (Path(RELEASES) / LAR).is_dir():
        pytest.skip("CEVNS_DATA does not hold the argon release")
    monkeypatch.setenv("CEVNS_DATA", RELEASES)
    axes = ("--model", "nsi", "--parameter", "eps_ee_u=-0.2:0.6:9")
    both = record("limit", CSI, LAR, *axes)
    alone = record("limit", CSI, *axes)
    assert both["experiments"] == [CSI, LAR]
    assert set(both["provenance"]) == {CSI, LAR}
    total = [sum(b - a for a, b in found["intervals"]) for found in (both, alone)]
    assert total[0] < total[1]


# -- files --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_scan_resumes_merges_and_is_drawn(cevns, record, tmp_path, monkeypatch):
    h5py = pytest.importorskip("h5py")
    monkeypatch.chdir(tmp_path)
    axes = ("--parameter", "eps_ee_u=-0.1:0.3:6", "--parameter", "eps_ee_d=-0.1:0.3:4")
    done = cevns(*scan(*axes, *FC, "--out", "whole.h5"))
    assert done.code == 0, done.err
    assert "Feldman-Cousins" in done.out
    assert "by Wilks 4.61" in done.out
    assert "written to whole.h5" in done.out
    before = Path("whole.h5").read_bytes()
    again = cevns(*scan(*axes, *FC, "--out", "whole.h5"))
    assert "nothing was computed" in again.out
    assert Path("whole.h5").read_bytes() == before
    for i in (1, 2):
        done = cevns(*scan(*axes, *FC, "--shard", f"{i}/2", "--out", f"share{i}.h5"))
        assert f"share {i}/2 is in share{i}.h5" in done.out
    assert not list(tmp_path.glob("*.parts"))
    merged = record("merge", "share1.h5", "share2.h5", "--out", "merged.h5")
    whole = record(*scan(*axes, *FC, "--out", "whole.h5"))
    assert {k: whole[k] for k in merged.keys() - {"physics", "inputs"}} == {
        k: merged[k] for k in merged.keys() - {"physics", "inputs"}
    }
    with h5py.File("whole.h5") as a, h5py.File("merged.h5") as b:
        names: list[str] = []
        a.visit(names.append)
        for name in names:
            if isinstance(a[name], h5py.Dataset):
                assert np.array_equal(a[name][()], b[name][()], equal_nan=True), name
    pytest.importorskip("mplhep")
    done = cevns("plot", "merged.h5")
    assert "drawn in merged.png" in done.out
    assert Path("merged.png").read_bytes().startswith(b"\x89PNG")
    assert cevns("plot", "merged.h5", "--overlay", "whole.h5", "--out", "b.svg").code == 0
    assert "<svg" in Path("b.svg").read_text(encoding="utf-8")


def test_a_scan_draws_itself(cevns, record, tmp_path):
    pytest.importorskip("mplhep")
    other = tmp_path / "other.csv"
    other.write_text("eps_ee_u,eps_mumu_u\n0,0\n0.1,0.1\n")
    axes = ("--parameter", "eps_ee_u=-0.2:0.6:9", "--parameter", "eps_mumu_u=-0.2:0.6:9")
    found = record(*scan(*axes, "--plots", tmp_path / "new", "--overlay", tmp_path))
    (figure,) = map(Path, found["figures"])
    assert figure == tmp_path / "new" / "scan-eps_ee_u-eps_mumu_u.png"
    assert figure.read_bytes().startswith(b"\x89PNG")
    (curves,) = map(Path, found["curves"])
    borders = read_curves(curves, ("eps_ee_u", "eps_mumu_u"))
    assert {c.label for c in borders} == {"90%, profile likelihood"}
    refused = cevns(*scan(*axes, "--overlay", other))
    assert (refused.code, "add --plots DIR" in refused.err) == (2, True)
    refused = cevns("limit", CSI, "--plots", tmp_path / "never")
    assert (refused.code, "name it with --parameter" in refused.err) == (2, True)
    assert not (tmp_path / "never").exists()


def test_figures_in_words_of_the_user(cevns, record, tmp_path, monkeypatch):
    pytest.importorskip("mplhep")
    monkeypatch.chdir(tmp_path)
    axis = ("--parameter", "eps_ee_u=-0.2:0.6:9")
    words = ("--title", "My own title", "--label", "eps_ee_u=MY NAME", "--xlim", "-0.1:0.2")
    forms = ("--format", "SVG", "--format", "pdf", "--out", "a.h5")
    found = record(*scan(*axis, "--plots", tmp_path / "new", *words, *forms))
    svg, pdf = map(Path, found["figures"])
    assert (svg.suffix, pdf.suffix) == (".svg", ".pdf")
    done = record("plot", "a.h5", "--out", "b.svg", *words)
    assert done["figures"] == ["b.svg"]
    assert Path("b.svg").read_bytes() == svg.read_bytes()
    drawn = svg.read_text(encoding="utf-8")
    # letters are drawn as outlines, with the text in a comment
    assert "My own title" in drawn
    assert "MY NAME" in drawn
    assert "COHERENT CsI" not in drawn
    record("plot", "a.h5", "--out", "b.csv")
    assert Path("b.csv").read_bytes() == Path(found["curves"][0]).read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--title", "A title"), "--title applies to the figures; add --plots DIR"),
        (("--format", "pdf"), "--format applies to the figures; add --plots DIR"),
        (("--xlim", "0:1"), "--xlim applies to the figure; add --plots DIR"),
        (("--plots", "new", "--format", "gif"), "unknown format of figures (--format) 'gif'"),
        (("--plots", "new", "--xlim", "1:0"), "--xlim 1:0: write LOW:HIGH, two numbers"),
        (("--plots", "new", "--label", "eps_ee_u"), "write NAME=TEXT, for example 'g_x=$g_X$'"),
        (("--plots", "new", "--label", "eps_ee=x"), "(--label) 'eps_ee': did you mean 'eps_ee_u'"),
        (("--plots", "new", "--label", r"eps_ee_u=$\frac$"), "matplotlib cannot draw this formula"),
    ],
)
def test_words_that_cannot_be_drawn(cevns, words, said, tmp_path, monkeypatch):
    pytest.importorskip("mplhep")
    monkeypatch.chdir(tmp_path)
    done = cevns(*scan("--parameter", "eps_ee_u=-0.2:0.6:9", *words, "--out", "a.h5"))
    assert (done.code, said in done.err) == (2, True), done.err
    assert not Path("a.h5").exists()


def test_limits_by_cls_with_what_is_expected(cevns):
    axis = ("--parameter", "mu_nu_mu=0:60:6", "--method", "cls", "--workers", "1")
    done = cevns("limit", CSI, "--model", "magnetic-moment", *axis, "--toys", "20")
    assert done.code == 0, done.err
    assert re.search(r"^mu_nu_mu < [\d.]+ x 1e-10 mu_B at 90 % \(CLs\)$", done.out, re.M)
    assert re.search(r"^expected without signal: mu_nu_mu < [\d.]+ x 1e-10 mu_B$", done.out, re.M)
    assert "the band of 2 sigma needs 440 toys per point, that of 1 sigma 64" in done.out


def test_plan_says_what_a_scan_costs(cevns, record, tmp_path):
    axes = ("--parameter", "eps_ee_u=-0.2:0.6:8", "--parameter", "eps_ee_d=-0.2:0.6:8")
    plan = scan(*axes, "--method", "fc", "--toys", "500", "--plan", "--out", tmp_path / "x.h5")
    found = record(*plan)
    assert found["points"] == 64
    assert found["toys_least"] <= found["toys_most"] == 64 * 500
    assert found["core_hours_most"] > 0
    assert found["worker_bytes"] > 1e6
    assert not list(tmp_path.iterdir())
    assert "up to 500 toys each" in cevns(*plan).out


# -- text for people ----------------------------------------------------------------------------


def test_parameters_of_a_model(cevns, record):
    rows = record("list", "parameters", "--model", "vector-universal")["parameters"]
    mass = next(r for r in rows if r["name"] == "m_zprime")
    assert (mass["unit"], mass["kind"]) == ("MeV", "structural")
    assert mass["from"] < 0.1 < 1e4 < mass["to"]  # from 0.1 MeV to 10 GeV can be scanned
    assert all(r["what"] for r in rows)
    assert "parameters of vector-universal" in cevns(
        "list", "parameters", "--model", "vector-universal"
    ).out  # fmt: skip


def test_every_parameter_has_a_sentence(record):
    rows = record("list", "parameters")["parameters"]
    assert {"nsi", "sterile", "magnetic-moment", "light-scalar"} <= {r["model"] for r in rows}
    for row in rows:
        assert row["what"], row
        assert row["from"] is None or row["from"] <= row["nominal"], row


def test_a_line_where_no_bar_can_be_drawn(cevns, monkeypatch):
    monkeypatch.setattr(progress, "FIRST_S", 0.0)
    done = cevns(*scan("--parameter", "eps_ee_u=-0.2:0.6:5"), *FC)
    (line,) = (text for text in done.err.splitlines() if text.startswith("toys "))
    assert line.split(" ")[1].endswith("/200,")
    assert "/s, " in line
    assert line.endswith(" s left")


@pytest.mark.parametrize(
    ("left", "text"), [(50, "50 s left"), (600, "10 min left"), (36_000, "10.0 h left")]
)
def test_time_left(left, text):
    assert progress.line("toys", 0, 100 * left, 100.0).endswith(text)


def test_a_range_that_ends_inside_the_region_gives_no_limit(cevns) -> None:
    """All scanned values are allowed, so that the last one is not a limit."""
    done = cevns(
        "limit", CSI, "--model", "magnetic-moment", "--parameter", "mu_nu_mu=0:1e-8:5"
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "no limit on mu_nu_mu below 1e-08 x 1e-10 mu_B at 90 %" in done.out
    assert "mu_nu_mu < 1e-08" not in done.out
