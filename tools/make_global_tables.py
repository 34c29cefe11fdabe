"""Regenerate the tables of the global fit that the gallery draws: planes take minutes each.

    python tools/make_global_tables.py [NAME...]

NAME is one of the files without ``.csv``; all of them by default. The release of argon is needed.
Every table says in its comments what was fitted; the same version gives the same table.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.interpolate import CubicSpline, RectBivariateSpline
from scipy.ndimage import minimum_filter

import cevns
from cevns.analysis.scanning.scan_record import Scan
from cevns.experiments.fast_form import fast_form
from cevns.inference import fit
from cevns.inference.model.grid import Axis
from cevns.inference.scan.profile_scan import levels
from cevns.inference.scan.regions import Contour, contour
from cevns.parameters import Parameter
from cevns.study.combined_study import CombinedStudy
from cevns.typing import Array
from table_files import numbers, run, simplified, typical, write

CL = 0.9
FINER, FAR = 4, 200.0
"""Points of the interpolated map in a step of the grid; what -2 ln L is cut at."""
Ranges = Mapping[str, Sequence[float] | Array]
EACH = {
    "csi": "csi", "lar": "lar", "ge-2024": "ge-2024", "conus-plus": "conus-plus",
    "xenon": "xenonnt,pandax",
    "all": "csi,lar,ge-2024,conus-plus,xenonnt,pandax",
}  # fmt: skip

RECOILS = ("csi", "lar", "conus-plus", "xenonnt")
"""Those with a response to single recoils."""
NO_ARGON = ("csi", "conus-plus", "xenonnt")
FOR_MUONS = ("csi", "xenonnt")
LIMITS = {**{n: n for n in RECOILS}, "together": "csi,lar + conus-plus + xenonnt"}


@dataclass(frozen=True)
class Plane:
    """Regions over two parameters.

    Args:
        model: new physics.
        over: values of both.
        subjects: label to sets of data; ``a - b`` is what a has and b has not, and ``a + b`` both,
            which share no free parameter but those two, so that -2 ln L add.
        held: nuisance parameters at their nominal value, in whose place a parameter stands.
        joint: subjects whose minima are given.
    """

    model: str
    over: Ranges
    subjects: Mapping[str, str]
    held: Sequence[str] = ()
    joint: Sequence[str] = ("all",)


@dataclass(frozen=True)
class Line:
    """Accepted couplings against a mass.

    Args:
        model: new physics.
        coupling: one of its parameters.
        mass: the structural one.
        masses: its values, MeV.
        reach: how far couplings go below and above what changes the rate by some per cent.
        points: couplings at each mass.
        dense: of more points, where the amplitude can be turned around in narrow islands.
        sets: of data.
    """

    model: str
    coupling: str
    mass: str
    masses: Sequence[float]
    reach: tuple[float, float]
    points: int = 31
    sets: Sequence[str] = NO_ARGON
    dense: bool = False


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
    "global-nsi-off-diagonal": Plane(
        "nsi",
        {"eps_ee_u": np.linspace(-0.4, 0.8, 25), "eps_emu_u": np.linspace(-0.4, 0.4, 21)},
        {**EACH, "all": "csi,lar,ge-2024 + conus-plus + xenonnt,pandax"},
    ),
    "global-millicharges": Plane(
        "millicharge",
        {
            "millicharge_ee": np.geomspace(3e-3, 30.0, 33),
            "millicharge_mumu": np.geomspace(0.1, 30.0, 15),
        },
        # recoils of nuclei alone, in argon and xenon, see no charge below 1e-8 e
        {"csi": "csi", "conus-plus": "conus-plus", "together": "csi + conus-plus"},
        joint=(),
    ),
    **{
        f"global-moments-{first}-{second}": Plane(
            "magnetic-moment-mass-basis",
            {
                f"lambda_{first}": np.geomspace(0.1, 60.0, points),
                f"lambda_{second}": np.geomspace(0.1, 60.0, points),
            },
            LIMITS,
            joint=(),
        )
        for first, second, points in ((1, 2, 36), (1, 3, 22))
    },
    "global-contact": Plane(
        "generalised-interactions",
        {"c_vector": np.linspace(-0.15, 0.45, 46), "c_scalar": np.linspace(0.0, 0.05, 24)},
        LIMITS,
        joint=(),
    ),
}


def plane(name: str) -> None:
    """Borders of the regions of each subject, and the minima of all together."""
    wanted = PLANES[name]
    rows, minima, done = list[str](), list[str](), dict[str, Scan]()
    log = [_geometric(np.asarray(v)) for v in wanted.over.values()]
    sides = [(float(v[0]), float(v[-1])) for v in wanted.over.values()]

    def found(sets: str) -> Scan:
        if sets not in done:
            study = cevns.load(f"global:{sets}", models=wanted.model)
            done[sets] = study.scan(dict(wanted.over), cl=CL, fix=fixed(study, wanted))
            print(f"{name}, {sets}", flush=True)
        return done[sets]

    for label, sets in wanted.subjects.items():
        began = time.monotonic()
        whole, *less = sets.split(" - ")
        parts = whole.split(" + ")
        height = np.sum([found(p).q for p in parts], axis=0)
        for p in less:
            height = height - found(p).q
            height = height - height.min()
        border, fine = region(found(parts[0]), log, height, summed=len(parts) > 1)
        rows += ["", f"# label: {label}"]
        for piece in border.pieces:
            for ring in (piece.outline, *piece.holes):
                rows += [
                    "",
                    *(numbers(*point) for point in simplified(ring, sides, log)),
                ]
        if label in wanted.joint:
            study = cevns.load(f"global:{sets.replace(' + ', ',')}", models=wanted.model)
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
        "-2 ln L, between them by cubic splines. Points without which a ring stays the same within",
        "1/2000 of the plane are left out.",
        *(["; ".join(held_notes) + "."] if held_notes else []),
    ]
    write(name, notes, (first, second), rows)
    if not wanted.joint:
        return
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


def _geometric(values: Array) -> bool:
    """Whether each value is the same multiple of the one before."""
    return bool(values[0] > 0.0 and np.ptp(values[1:] / values[:-1]) < 1e-6 * values[1] / values[0])


def region(
    scan: Scan, logs: Sequence[bool], height: Array, *, summed: bool
) -> tuple[Contour, tuple[Array, Array, Array]]:
    """The region at the level of the scan, from a finer map; and this map.

    A sum is measured from its lowest point on this map, one scan from its fitted minimum.
    """
    coarse = [np.log(a) if log else a for a, log in zip(scan.axes, logs, strict=True)]
    fine = [
        np.interp(np.linspace(0, len(a) - 1, FINER * (len(a) - 1) + 1), np.arange(len(a)), a)
        for a in coarse
    ]
    cut = np.log1p(np.clip(np.where(np.isfinite(height), height, FAR), 0.0, FAR))
    map_ = np.expm1(RectBivariateSpline(*coarse, cut)(*fine))
    if summed:
        map_ -= map_.min()
    axes = [
        Axis(Parameter(n, 0.0 if not log else 1.0, u), np.exp(a) if log else a, log)
        for n, u, a, log in zip(scan.names, scan.units, fine, logs, strict=True)
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


MEDIATOR_MASSES = (0.1, 0.2, 0.4, 1.0, 4.0, 10.0, 20.0, 40.0, 80.0, 200.0, 1000.0)
DIPOLE_MASSES = (0.3, 1.0, 3.0, 6.0, 10.0, 14.0, 20.0, 28.0, 36.0, 44.0)
LINES: dict[str, Line] = {
    "global-vector-universal": Line(
        "vector-universal", "g_zprime", "m_zprime", MEDIATOR_MASSES, (60.0, 4.0), dense=True
    ),
    "global-vector-b-l": Line("vector-b-l", "g_zprime", "m_zprime", MEDIATOR_MASSES, (60.0, 4.0)),
    "global-vector-l-mu-l-tau": Line(
        "vector-l-mu-l-tau", "g_zprime", "m_zprime", MEDIATOR_MASSES, (60.0, 4.0),
        sets=FOR_MUONS, dense=True,
    ),
    "global-light-scalar": Line(
        "light-scalar", "g_scalar", "m_scalar", MEDIATOR_MASSES, (60.0, 4.0)
    ),
    **{
        f"global-{parameter.replace('_', '-')}": Line(
            "dipole-portal", parameter, "m4", DIPOLE_MASSES, (30.0, 1e3), 21, sets
        )
        for parameter, sets in (
            ("dipole_e", NO_ARGON), ("dipole_mu", FOR_MUONS), ("dipole", NO_ARGON)
        )
    },
}  # fmt: skip


def line(name: str) -> None:
    """Accepted couplings at each mass, of each set and of all together."""
    wanted = LINES[name]
    rows = dict[str, list[str]]()
    for mass in wanted.masses:
        began = time.monotonic()
        at = {wanted.mass: mass}
        size = typical(wanted.model, at, wanted.coupling)
        low, high = size / wanted.reach[0], size * wanted.reach[1]
        values = np.geomspace(low, high, wanted.points)
        if wanted.dense:
            near = np.geomspace(0.4 * size, 2.7 * size, 48)
            outside = (values < 0.99 * near[0]) | (values > 1.01 * near[-1])
            values = np.sort(np.concatenate([values[outside], near]))
        found = dict[str, Array]()
        shared = ",".join(n for n in ("csi", "lar") if n in wanted.sets)
        for sets in dict.fromkeys((*wanted.sets, shared)):
            study = cevns.load(f"global:{sets}", models=wanted.model)
            found[sets] = study.scan({wanted.coupling: values}, at=at, cl=CL).q
        # what csi and lar share is the flux; nobody else shares a free parameter
        alone = [found[n] for n in wanted.sets if n not in ("csi", "lar")]
        heights = {n: found[n] for n in wanted.sets}
        heights["together"] = sum(alone, found[shared])
        for label, q in heights.items():
            pieces = accepted(values, q, summed=label == "together")
            rows.setdefault(label, []).extend(f"{label},{numbers(mass, *p)}" for p in pieces)
        print(f"{name}, {mass:g} MeV: {time.monotonic() - began:.0f} s", flush=True)
    write(
        name,
        [
            f"cevns scan global:SETS --model {wanted.model}: accepted {wanted.coupling} at 90 %",
            f"(profile likelihood, Wilks, one degree of freedom) at each {wanted.mass}, MeV.",
            "together: of csi and lar jointly, as they share a flux, plus that of the others.",
            "Cubic splines of ln(1 + q) between the couplings. A lower end of 0 is no coupling at",
            "all, an upper one of inf none that was scanned.",
        ],
        ("set", wanted.mass, "lower", "upper"),
        [row for each in rows.values() for row in each],
    )


def accepted(values: Array, height: Array, *, summed: bool) -> list[tuple[float, float]]:
    """Where -2 ln L is at most 2.71 above its fitted minimum; of a sum, above its lowest here."""
    x = np.log(values)
    fine = np.linspace(x[0], x[-1], 200 * (len(x) - 1) + 1)
    q = np.expm1(CubicSpline(x, np.log1p(np.clip(height, 0.0, None)))(fine))
    inside = q - summed * q.min() <= levels(CL, 1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(int)))
    pieces = []
    for first, last in zip(edges[::2], edges[1::2] - 1, strict=True):
        low = 0.0 if first == 0 else math.exp(fine[first])
        high = math.inf if last == len(fine) - 1 else math.exp(fine[last])
        pieces.append((low, high))
    return pieces


MAKERS: dict[str, Callable[[str], None]] = {
    "global-angles": angles,
    "global-neutron-radii": radii,
    **dict.fromkeys(PLANES, plane),
    **dict.fromkeys(LINES, line),
}


if __name__ == "__main__":
    run(MAKERS)
