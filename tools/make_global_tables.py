"""Regenerate the tables of the global fit that the gallery draws: planes take minutes each.

    python tools/make_global_tables.py [NAME...]

NAME is one of the files without ``.csv``; all of them by default. The release of argon is needed.
Every table says in its comments what was fitted; the same version gives the same table.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.interpolate import RectBivariateSpline
from scipy.ndimage import minimum_filter

import cevns
from cevns import files
from cevns.analysis.scanning.scan_record import Scan
from cevns.exceptions import CevnsError
from cevns.experiments.fast_form import fast_form
from cevns.inference import fit
from cevns.inference.model.grid import Axis
from cevns.inference.scan.profile_scan import levels
from cevns.inference.scan.regions import Contour, contour
from cevns.parameters import Parameter
from cevns.study.combined_study import CombinedStudy
from cevns.typing import Array

HOME = Path(__file__).resolve().parents[1] / "src/cevns/report/gallery/data"
CL = 0.9
FINER, FAR = 4, 200.0
"""Points of the interpolated map in a step of the grid; what -2 ln L is cut at."""
Ranges = Mapping[str, Sequence[float] | Array]
EACH = {
    "csi": "csi", "lar": "lar", "ge-2024": "ge-2024", "conus-plus": "conus-plus",
    "xenon": "xenonnt,pandax",
    "all": "csi,lar,ge-2024,conus-plus,xenonnt,pandax",
}  # fmt: skip


@dataclass(frozen=True)
class Plane:
    """Regions over two parameters.

    Args:
        model: new physics.
        over: values of both.
        subjects: label to sets of data; ``a - b`` is what a has and b has not.
        held: nuisance parameters at their nominal value, in whose place a parameter stands.
        joint: subjects whose minima are given.
    """

    model: str
    over: Ranges
    subjects: Mapping[str, str]
    held: Sequence[str] = ()
    joint: Sequence[str] = ("all",)


def _of(*names: str) -> dict[str, str]:
    return {name: EACH[name] for name in names}


EE = np.linspace(-0.6, 0.8, 43)
PLANES: dict[str, Plane] = {
    "global-nsi-flavours": Plane(
        "nsi", {"eps_ee_u": EE, "eps_mumu_u": np.linspace(-0.35, 0.75, 37)}, EACH
    ),
    "global-nsi-quarks": Plane(
        "nsi", {"eps_ee_u": EE, "eps_ee_d": np.linspace(-0.6, 0.8, 43)}, EACH
    ),
    "global-nsi-tau": Plane(
        "nsi",
        {"eps_ee_u": EE, "eps_tautau_u": np.linspace(-0.6, 1.0, 33)},
        {
            "on Earth": "csi,lar,ge-2024,conus-plus",
            **_of("xenon", "all"),
        },
    ),
    "global-radius-cs": Plane(
        "neutron-radius-common",
        {
            "sin2_theta_w": np.unique(
                np.round([*np.linspace(0.14, 0.34, 41), *np.linspace(0.225, 0.255, 46)], 6)
            ),
            "r_n_csi": np.linspace(3.4, 7.6, 36),
        },
        {"csi": "csi", "apv-cs": "csi,apv-cs - csi", "csi and apv-cs": "csi,apv-cs"},
        held=("form_factor",),
        joint=("csi and apv-cs",),
    ),
    "global-radius-ge": Plane(
        "neutron-radius",
        {"sin2_theta_w": np.linspace(0.08, 0.42, 52), "r_n_ge": np.linspace(1.6, 10.0, 43)},
        {
            "ge-2024": "ge-2024",
            "conus-plus": "conus-plus",
            "ge-2024 and conus-plus": "ge-2024,conus-plus",
            "ge-2026 and conus-plus": "ge-2026,conus-plus",
        },
        joint=("ge-2024 and conus-plus", "ge-2026 and conus-plus"),
    ),
    "global-moments": Plane(
        "magnetic-moment",
        {"mu_nu_e": np.geomspace(0.1, 100.0, 31), "mu_nu_mu": np.geomspace(0.1, 100.0, 31)},
        {  # numbers of germanium 2024 and PandaX-4T are published for recoils without moments
            **_of("csi", "lar", "conus-plus"),
            "xenonnt": "xenonnt",
            "these four": "csi,lar,conus-plus,xenonnt",
        },
        joint=("these four",),
    ),
    "global-charge-radii": Plane(
        "charge-radius",
        {
            "charge_radius_ee": np.linspace(-90.0, 40.0, 45),
            "charge_radius_mumu": np.linspace(-80.0, 30.0, 41),
        },
        _of("csi", "lar", "conus-plus", "xenon", "all"),
    ),
}


def plane(name: str) -> None:
    """Borders of the regions of each subject, and the minima of all together."""
    wanted = PLANES[name]
    rows, minima, done = list[str](), list[str](), dict[str, Scan]()

    def found(sets: str) -> Scan:
        if sets not in done:
            study = cevns.load(f"global:{sets}", models=wanted.model)
            done[sets] = study.scan(dict(wanted.over), cl=CL, fix=fixed(study, wanted))
        return done[sets]

    for label, sets in wanted.subjects.items():
        began = time.monotonic()
        whole, minus, part = sets.partition(" - ")
        height = found(whole).q
        if minus:  # both parameters are all that the two share, so that -2 ln L add
            height = height - found(part).q
            height = height - height.min()
        border, fine = region(found(whole), height)
        rows += ["", f"# label: {label}"]
        for piece in border.pieces:
            for ring in (piece.outline, *piece.holes):
                rows += ["", *(numbers(*point) for point in ring)]
        if label in wanted.joint:
            study = cevns.load(f"global:{sets}", models=wanted.model)
            held = fixed(study, wanted)
            minima += [f"{label},{numbers(*m)}" for m in refined(study, wanted, held, fine)]
        print(f"{name}, {label}: {time.monotonic() - began:.0f} s", flush=True)
    first, second = wanted.over
    held_notes = [f"{k} at its nominal value" for k in wanted.held]
    ends = (f"{n} {v[0]:.5g} to {v[-1]:.5g}" for n, v in wanted.over.items())
    size = " x ".join(str(len(v)) for v in wanted.over.values())
    notes = [
        f"cevns scan global:SETS --model {wanted.model}.",
        f"Plane: {', '.join(ends)}",
        "; ".join(f"{label}: {sets}" for label, sets in wanted.subjects.items()) + ".",
        f"Profile likelihood, {100 * CL:g} %, Wilks, two degrees of freedom; rings of the regions,",
        f"the border of the plane included. Grid of {size} points; ln(1 + q), q the rise of",
        "-2 ln L, between them by cubic splines.",
        *(["; ".join(held_notes) + "."] if held_notes else []),
    ]
    write(name, notes, (first, second), rows)
    write(
        f"{name}-minima",
        [
            f"Local minima of -2 ln L in the planes of {name}.csv inside the regions, refined by",
            "fits; q: its height above the lowest.",
        ],
        ("subject", first, second, "q"),
        minima,
        name,
    )


def region(scan: Scan, height: Array) -> tuple[Contour, tuple[Array, Array, Array]]:
    """The region at the level of the scan, from a finer map; and this map."""
    coarse = [np.log(a) if log else a for a, log in zip(scan.axes, scan.logarithmic, strict=True)]
    fine = [
        np.interp(np.linspace(0, len(a) - 1, FINER * (len(a) - 1) + 1), np.arange(len(a)), a)
        for a in coarse
    ]
    cut = np.log1p(np.clip(np.where(np.isfinite(height), height, FAR), 0.0, FAR))
    map_ = np.expm1(RectBivariateSpline(*coarse, cut)(*fine))
    axes = [
        Axis(Parameter(n, 0.0 if not log else 1.0, u), np.exp(a) if log else a, log)
        for n, u, a, log in zip(scan.names, scan.units, fine, scan.logarithmic, strict=True)
    ]
    border = contour((axes[0], axes[1]), map_, levels(CL, 2))
    return border, (axes[0].values, axes[1].values, map_)


def fixed(study: Any, wanted: Plane) -> dict[str, None]:
    """What is held of the parameters of these sets; one set's have no suffix."""
    known = study.model(free=tuple(wanted.over)).parameters.names
    return {n: None for n in known if n.partition(".")[0] in wanted.held}


def refined(
    study: Any, wanted: Plane, held: Mapping[str, None], found: tuple[Array, Array, Array]
) -> list[tuple[float, float, float]]:
    """Fits that start where the map is lowest among its neighbours, inside the region."""
    x, y, q = found
    low = (q == minimum_filter(q, size=9, mode="nearest")) & (q < levels(CL, 2))
    first, second = wanted.over
    model = fast_form(study.model(free=(first, second), fix=dict(held)))[0]
    fits: list[tuple[float, float, float]] = []
    for i, j in np.argwhere(low):
        start = {p.name: p.value for p in model.parameters}
        start |= {first: float(x[i]), second: float(y[j])}
        at = fit(model, poi=first, minos="none", start=start)
        new = (at[first].value, at[second].value, at.twice_nll)
        apart = [np.hypot((new[0] - a) / np.ptp(x), (new[1] - b) / np.ptp(y)) for a, b, _ in fits]
        if not apart or min(apart) > 0.01:
            fits.append(new)
    lowest = min(c for _, _, c in fits)
    return sorted(((a, b, c - lowest) for a, b, c in fits), key=lambda m: m[2])


def combination(sets: str, model: str = "") -> CombinedStudy:
    """The shipped combination with some of its sets."""
    study = cevns.load(f"global:{sets}", models=model or None)
    assert isinstance(study, CombinedStudy)
    return study


def angles(name: str) -> None:
    """The weak mixing angle and the strength of CEvNS from each set and from all."""
    six = EACH["all"]
    found = combination(six).combine()
    rows = [(n, short(s.alone[0])) for n, s in found.sets.items()]
    assert ",".join(found.sets) == six, found.sets
    rows.append(("all", short(found.poi)))
    for label, sets in {
        "ge-2026": "ge-2026",
        "xenon": "xenonnt,pandax",
        "all and apv-cs": f"{six},apv-cs",
    }.items():
        rows.append((label, short(combination(sets).combine(each=False).poi)))
    strengths = {
        n: short(cevns.load(f"global:{n}").fit("cross-section-scale").poi)
        for n in ("csi", "lar", "ge-2024", "ge-2026", "conus-plus", "xenonnt", "pandax")
    }
    lines = [
        f"{n},{numbers(*v)},{numbers(*strengths[n]) if n in strengths else ',,'}" for n, v in rows
    ]
    write(
        name,
        [
            "cevns global --with SET, the usual configuration: weak mixing angle (at Q = 0), and",
            "CEvNS over the Standard Model (cevns fit global:SET --poi cross-section-scale), each",
            "with errors up and down (MINOS), those of the flux and of the efficiency included.",
        ],
        ("set", "sin2_theta_w", "up", "down", "strength", "strength_up", "strength_down"),
        lines,
    )


RADII: dict[str, tuple[str, str, str]] = {
    "CsI": ("csi", "neutron-radius-common", "r_n_csi"),
    "CsI and parity violation": ("csi,apv-cs", "neutron-radius-common", "r_n_csi"),
    "Cs by parity violation": ("apv-cs", "neutron-radius", "r_n_cs"),
    "Ar": ("lar", "neutron-radius", "r_n_ar"),
    "Ge 2024": ("ge-2024", "neutron-radius", "r_n_ge"),
    "Ge 2026": ("ge-2026", "neutron-radius", "r_n_ge"),
}


def radii(name: str) -> None:
    """Neutron radii from single nuclei, the weak mixing angle held."""
    rows = []
    for label, (sets, model, parameter) in RADII.items():
        wanted = Plane(model, {parameter: ()}, {}, held=("form_factor",))
        kind, up, down = "measured", 0.0, 0.0
        study = combination("csi,apv-cs" if sets == "apv-cs" else sets, model)
        nominal = study.model(free=(parameter,)).parameters[parameter].value
        if sets == "apv-cs":  # no experiment: what it says alone, beside one that is not used
            value, up, down = short(study.combine(parameter).sets[sets].alone[0])
        else:
            fix = fixed(study, wanted)
            if label == "Ar":  # the minimum is at the smallest radius: an upper limit
                over = {parameter: np.linspace(1.75, 6.0, 35)}
                kind = "limit"
                value = study.scan(over, fix=fix, cl=0.6826894921370859).intervals[-1][1]
            else:
                value, up, down = short(study.fit(free=(parameter,), fix=fix).poi)
        rows.append(f"{label},{kind},{numbers(value, up, down, nominal)}")
    write(
        name,
        [
            "Neutron radii, fm, weak mixing angle and form_factor held: value, errors of 68.3 %;",
            "a limit is the upper end at 68.3 %. nominal: of the configuration.",
            "; ".join(f"{k}: {v[0]}" for k, v in RADII.items()) + ".",
        ],
        ("nucleus", "kind", "radius_fm", "up", "down", "nominal"),
        rows,
    )


def short(p: Any) -> tuple[float, float, float]:
    """Value and errors."""
    up, down = (p.error if e is None else e for e in (p.error_up, p.error_down))
    return p.value, up, down


def write(
    name: str, notes: Sequence[str], columns: Sequence[str], lines: Sequence[str], by: str = ""
) -> None:
    """Write a table."""
    files.make_folder(HOME)
    head = [
        *notes,
        (
            f"Made by cevns {cevns.__version__}. "
            f"Regenerate: python tools/make_global_tables.py {by or name}"
        ),
    ]
    text = [*(f"# {n}" for n in head), ",".join(columns), *lines]
    files.write(HOME / f"{name}.csv", "\n".join(text) + "\n")
    print(f"{name}: {len(lines)} lines", flush=True)


def numbers(*values: float) -> str:
    """A line of a table."""
    return ",".join(f"{v:.5g}" for v in values)


MAKERS: dict[str, Callable[[str], None]] = {
    "global-angles": angles,
    "global-neutron-radii": radii,
    **dict.fromkeys(PLANES, plane),
}


if __name__ == "__main__":
    wanted = sys.argv[1:] or list(MAKERS)
    unknown = [n for n in wanted if n not in MAKERS]
    if unknown:
        sys.exit(f"no table is called {', '.join(unknown)}; there are {', '.join(MAKERS)}")
    try:
        for each in wanted:
            MAKERS[each](each)
    except CevnsError as error:
        sys.exit(f"error: {error}")
