"""Regenerate the tables of slow scans that the gallery draws: toys take minutes.

    python tools/make_gallery_scans.py [NAME...]

NAME is one of the files without ``.csv``; all of them by default. Every table says in its comments
what was scanned, with how many toys and which seed; the same version and seed give the same table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import cevns
from cevns.analysis.scanning.scan_plan import ScanPlan
from cevns.analysis.scanning.scan_record import Scan
from cevns.analysis.studies.lma_dark_sigma import lma_dark_curve, lma_dark_test
from cevns.experiments import load
from cevns.inference.model.grid import Axis
from table_files import numbers, run, typical, write

CSI = "coherent-csi-2021"
SEED, CL = 20211104, 0.9
TOYS = {1: 1000, 2: 300}
"""At most, a point of a scan of one or two parameters."""
LABEL = "Feldman-Cousins, 90%"
Ranges = dict[str, tuple[float, float, int]]

# one parameter: critical values along it
LINES: dict[str, tuple[str, Ranges, dict[str, Any]]] = {
    "weak-mixing-angle": ("standard-model", {"sin2_theta_w": (0.08, 0.36, 29)}, {}),
    "magnetic-moment-e": ("magnetic-moment", {"mu_nu_e": (0.0, 70.0, 22)}, {}),
    "magnetic-moment-mu": ("magnetic-moment", {"mu_nu_mu": (0.0, 35.0, 22)}, {}),
    "charge-radius-ee": ("charge-radius", {"charge_radius_ee": (-85.0, 30.0, 47)}, {}),
    "charge-radius-mumu": ("charge-radius", {"charge_radius_mumu": (-75.0, 20.0, 39)}, {}),
    "neutron-radius": (
        "neutron-radius-common",
        {"r_n_csi": (3.2, 7.6, 23)},
        {"fix": {"form_factor": None}},
    ),
}
# two parameters: the border of the region
PLANES: dict[str, tuple[str, Ranges, dict[str, Any]]] = {
    "nsi-ee-plane": ("nsi", {"eps_ee_u": (-0.5, 0.8, 27), "eps_ee_d": (-0.5, 0.8, 27)}, {}),
    "flavoured-cross-sections": (
        "flavoured-cross-sections",
        {"sigma_mu": (0.0, 2.0, 20), "sigma_e": (0.0, 3.6, 20)},
        {},
    ),
}
# planes of argon, and of both: profiles, but of many more bins; they need the argon release
ARGON: dict[str, Ranges] = {
    "nsi-ee-plane-argon": {"eps_ee_u": (-0.5, 0.8, 27), "eps_ee_d": (-0.5, 0.8, 27)},
    "nsi-flavour-plane-argon": {"eps_ee_u": (-1.0, 0.8, 37), "eps_mumu_u": (-0.4, 0.8, 31)},
}
SUBJECTS = {"LAr 2020, 90%": ("coherent-lar-2020",), "CsI and LAr, 90%": (CSI, "coherent-lar-2020")}
MEDIATORS = {
    "universal": "vector-universal",
    "B-L": "vector-b-l",
    "L_mu-L_tau": "vector-l-mu-l-tau",
}


def plan(model: str, ranges: Ranges, options: dict[str, Any]) -> ScanPlan:
    """What is scanned."""
    values = {n: np.linspace(*r) for n, r in ranges.items()}
    return cevns.load(CSI, models=model).plan(values, cl=CL, **options)


def with_toys(wanted: ScanPlan) -> Scan:
    """The scan with toys."""
    toys = TOYS[len(wanted.grid.axes)]
    return cevns.load(CSI).scan(wanted, "fc", toys=toys, seed=SEED, workers=1)


def provenance(found: Scan) -> list[str]:
    """What the toys were."""
    toys, error = found.file.group("toys"), found.file.datasets["toys/critical_error"]
    best = ", ".join(f"{n} = {found.best[n]:.6g}" for n in found.names)
    held = ", ".join(found.file.run["held parameters"]) or "nothing"
    within = found.file.run["best fit within"].items()
    ends = ", ".join(f"{n} {a:g} to {b:g}" for n, (a, b) in within)
    made, most = int(toys["n"].sum()), int(toys["n"].max())
    return [
        f"{found.title}; everything else profiled, {held} held.",
        f"Toys at profiled nuisances: {made}, at most {most} a point, seed {SEED}.",
        f"Best fit of data and toys sought within {ends}.",
        f"Error of the critical values: {np.nanmedian(error):.2f} (median). Best fit: {best}.",
    ]


def line(name: str) -> None:
    """Critical values along one parameter."""
    found = with_toys(plan(*LINES[name]))
    text = ", ".join(f"[{a:.4g}, {b:.4g}]" for a, b in found.intervals)
    rows = (numbers(*r) for r in zip(found.axes[0], found.critical, strict=True))
    made = int(found.file.group("toys")["n"].sum())
    write(
        name,
        [
            *provenance(found),
            f"Set at 90 %: {text}. q: critical value of -2 ln L above its minimum.",
        ],
        (found.names[0], "q"),
        [f"# label: Critical value, {made} toys at {len(found.axes[0])} points", *rows],
    )


def plane(name: str) -> None:
    """The border of a region in a plane."""
    found = with_toys(plan(*PLANES[name]))
    region = found.contours()
    rows = [f"# label: {LABEL}", *border(found)]
    write(
        name,
        [*provenance(found), f"Area of the region at 90 %: {region.area:.4g}."],
        found.names,
        rows,
    )


def argon(name: str) -> None:
    """Borders of the regions of argon, and of caesium iodide and argon together, by Wilks."""
    over = {n: np.linspace(*r) for n, r in ARGON[name].items()}
    rows = []
    for label, experiments in SUBJECTS.items():
        found = cevns.load(*experiments, models="nsi").scan(over, cl=CL)
        rows += ["", f"# label: {label}", *border(found)]
        print(f"{label}: done", flush=True)
    write(
        name,
        [f"{' + '.join(SUBJECTS['CsI and LAr, 90%'])}: nsi; Wilks, two degrees of freedom."],
        tuple(over),
        rows,
    )


def border(found: Scan) -> list[str]:
    """The lines of a contour; closed ones in two halves, or figures would fill holes too."""
    rows = []
    for c in found.contours().curves:
        points = [numbers(x, y) for x, y in zip(c.x, c.y, strict=True)]
        half = len(points) // 2 if c.closed else len(points) - 1
        rows += ["", *points[: half + 1]]
        if c.closed:
            rows += ["", *points[half:]]
    return rows


def mediators(name: str) -> None:
    """Ends of the accepted couplings at each mass, by Wilks: the fits, not the toys, take long."""
    rows = []
    for label, model in MEDIATORS.items():
        pieces = []
        study = cevns.load(CSI, models=model)
        for mass in np.geomspace(0.1, 1e4, 21):
            size = typical(model, {"m_zprime": float(mass)}, "g_zprime")
            g = study.couplings["g_zprime"]
            axis = Axis.between(g, size / 10, min(size * 10, 3.5), 61, log=True)
            at = {"m_zprime": float(mass)}
            found = study.scan({"g_zprime": axis}, at=at, cl=CL)
            pieces += [
                f"{label},{numbers(mass, max(low, 0.0) if low > axis.values[0] else 0.0, high)}"
                for low, high in found.intervals
            ]
        rows += pieces
        print(f"{label}: {len(pieces)} pieces", flush=True)
    write(
        name,
        [
            f"{CSI}: accepted couplings of light vectors at 90 % (Wilks, one degree of freedom),",
            "mass in MeV; everything else profiled. A lower end of 0 is no coupling at all.",
        ],
        ("model", "m_zprime", "lower", "upper"),
        rows,
    )


def dark(name: str) -> None:
    """The dark solution along the angle of the mix, and for u and d alone."""
    csi = load(CSI)
    rows = []
    for quark in ("u", "d"):
        t = lma_dark_test(csi, quark)
        rows.append(f"{quark},{numbers(t.eta_deg, t.delta, t.eps_ee, t.eps_mumu)}")
    curve = lma_dark_curve(csi, np.arange(-90.0, 90.1, 5.0))
    along = zip(curve.eta_deg, curve.delta, curve.eps_ee, curve.eps_mumu, strict=True)
    rows += [f"any,{numbers(*values)}" for values in along]
    write(
        name,
        [
            f"{CSI}: rise of -2 ln L at the dark solution of oscillations against the angle of",
            "the quark mix. u and d: the regions in lma_dark.csv of the package; any: the exact",
            "degeneracy between edge and centre of the Sun; nan: no dark solution.",
        ],
        ("mix", "eta_deg", "delta", "eps_ee", "eps_mumu"),
        rows,
    )


MAKERS: dict[str, Callable[[str], None]] = {
    **dict.fromkeys(LINES, line),
    **dict.fromkeys(PLANES, plane),
    **dict.fromkeys(ARGON, argon),
    "light-mediators": mediators,
    "lma-dark": dark,
}


if __name__ == "__main__":
    run(MAKERS)
