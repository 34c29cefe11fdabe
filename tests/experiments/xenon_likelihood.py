"""The likelihood of XENONnT's search for 8B in plain NumPy and SciPy, independent of the package.

    mu_i = E_r [ phi eff S_i(t) + a_r AC_i + a_ER ER_i + a_NR NR_i(t) ],   t = (light, charge yield)

S folds the recoil spectrum of 8B (tree level, Helm's form factor) with the templates, straight
lines between their energies; between the values of the yields all templates follow splines or
lines. The profile is found by Powell's method, its errors by false position, all from the released
files.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq, minimize

ISOTOPES = {
    124: 0.000952,
    126: 0.00089,
    128: 0.019102,
    129: 0.264006,
    130: 0.04071,
    131: 0.212324,
    132: 0.269086,
    134: 0.104357,
    136: 0.088573,
}
YIELDS = np.arange(-3.0, 4.0)
AC_ERROR = {"sr0": 0.0904, "sr1": 0.0576, "sr2": 0.0576}
NOMINAL = 5.25


def recoil_spectrum(recoil_kev, energy_mev, density):
    """Recoils of 8B neutrinos per keV and tonne year, at 5.25e6 /cm2/s."""
    fermi, hbarc = 1.1663787e-11, 197.3269804
    energy = np.linspace(0.02, 16.4, 6001)
    flux = np.interp(energy, energy_mev, density, left=0.0, right=0.0)
    out = np.zeros_like(recoil_kev)
    for a, share in ISOTOPES.items():
        mass, t = a * 931.494102 - 54 * 0.511 - 88.0, 1e-3 * recoil_kev
        q = np.sqrt(2.0 * mass * t) / hbarc
        c = 1.23 * a ** (1 / 3) - 0.6
        x = q * np.sqrt(c * c + 7.0 / 3.0 * (np.pi * 0.52) ** 2 - 5.0 * 0.9**2)
        form = 3.0 * (np.sin(x) - x * np.cos(x)) / x**3 * np.exp(-0.5 * (0.9 * q) ** 2)
        charge = (a - 54) - (1.0 - 4.0 * 0.23857) * 54
        e, tt = energy[None, :], t[:, None]
        seen = e > 0.5 * (tt + np.sqrt(tt * tt + 2.0 * mass * tt))
        shape = np.where(seen, 1.0 - mass * tt / (2.0 * e * e) - tt / e, 0.0)
        integral = np.trapezoid(flux * shape, energy, axis=1)
        out += share * fermi**2 * mass / (4 * np.pi) * (charge * form) ** 2 * integral
    atoms = 6.02214076e23 * 1e6 / 131.293
    return out * (hbarc * 1e-13) ** 2 * 1e-3 * atoms * 5.25e6 * 365.25 * 86400.0


def counted(folder: Path, run: str):
    """Events of a run in its 81 bins."""
    edges: list[list[float]] = []
    for line in (folder / "binning" / f"{run}.yaml").read_text().splitlines():
        if line.startswith("- "):
            edges[-1].append(float(line[2:]))
        else:
            edges.append([])
    events = np.genfromtxt(folder / "data" / f"{run}.csv", delimiter=",", skip_header=1)[:, 1:]
    return np.histogramdd(events, [np.array(e) for e in edges])[0].ravel()


class Likelihood:
    """-2 ln L of some runs.

    Args:
        folder: of the data, with ``xenonnt-cevns`` and ``solar-astro``.
        era: 2024 or 2026.
        runs: names.
        between: ``spline`` or ``line``.
    """

    def __init__(self, folder: Path, era: int, runs: tuple[str, ...], between: str) -> None:
        release = folder / "xenonnt-cevns"
        z = np.load(release / "packed_templates.npz")
        exposures = dict(zip(("sr0", "sr1", "sr2"), z["exposure_tyr"], strict=True))
        tag = "_2024" if era == 2024 else ""
        if era == 2026:
            spectrum = np.loadtxt(folder / "solar-astro" / "8B.txt", delimiter=",").T
            fine, nodes = np.linspace(0.5, 5.0, 2251), z["energies_kev"]
            rate = recoil_spectrum(fine, *spectrum)
            hats = np.array([np.interp(fine, nodes, row) for row in np.eye(len(nodes))])
            weights = np.trapezoid(hats * rate, fine, axis=1)
        self.runs, self.observed = runs, [counted(release, run) for run in runs]
        self.signal, self.er, self.nr, self.ac = [], [], [], []
        for run in runs:
            e = float(exposures[run])
            if era == 2026:
                mono = z[f"{run}_mono"].astype(float).reshape(len(nodes), 7, 7, 81)
                self.signal.append(e * np.tensordot(weights, mono, 1))
            else:
                self.signal.append(e * z[f"{run}_b8_2024"].reshape(7, 7, 81).astype(float))
            self.nr.append(e * z[f"{run}_rg{tag}"].reshape(7, 7, 81).astype(float))
            self.er.append(e * z[f"{run}_er{tag}"].ravel().astype(float))
            self.ac.append(e * z[f"{run}_ac"].ravel().astype(float))
        self.errors = np.array([AC_ERROR[run] for run in runs])
        spline = CubicSpline(YIELDS, np.eye(7), bc_type="natural")
        self.shares = spline if between == "spline" else self._lines

    @staticmethod
    def _lines(t):
        return np.array([np.interp(t, YIELDS, row) for row in np.eye(7)])

    def mixed(self, templates, light, charge):
        """A template at values of the yields."""
        return self.shares(light) @ np.tensordot(self.shares(charge), templates, ([0], [1]))

    def expected(self, p):
        """In each run: p is flux, efficiency, AC of each run, ER, neutrons, light, charge yield."""
        k = len(self.runs)
        return [
            p[0] / NOMINAL * p[1] * self.mixed(self.signal[r], *p[-2:])
            + p[2 + r] * self.ac[r]
            + p[2 + k] * self.er[r]
            + p[3 + k] * self.mixed(self.nr[r], *p[-2:])
            for r in range(k)
        ]

    def __call__(self, p):
        """-2 ln L, up to a constant."""
        k = len(self.runs)
        total = ((p[1] - 1.0) / 0.25) ** 2 + (((p[2 : 2 + k] - 1.0) / self.errors) ** 2).sum()
        total += (p[2 + k] - 1.0) ** 2 + ((p[3 + k] - 1.0) / 0.58) ** 2 + p[-2] ** 2 + p[-1] ** 2
        for mean, n in zip(self.expected(p), self.observed, strict=True):
            if not (mean > 0.0).all():
                return 1e9
            total += 2.0 * (mean - n * np.log(mean)).sum()
        return total

    def minimum(self, flux=None, start=None):
        """The lowest value and where; at a flux, in 1e6 /cm2/s, or free."""
        k = len(self.runs)
        p = np.concatenate([[NOMINAL], np.ones(3 + k), np.zeros(2)]) if start is None else start
        p = p.copy()
        if flux is not None:
            p[0] = flux
        free = np.arange(len(p)) if flux is None else np.arange(1, len(p))
        lower, upper = np.full(len(p), 1e-6), np.full(len(p), 50.0)
        lower[-2:], upper[-2:] = -3.0, 3.0

        def value(x):
            at = p.copy()
            at[free] = x
            return self(at)

        x, best = p[free], np.inf
        for _ in range(3):
            found = minimize(
                value,
                x,
                method="Powell",
                bounds=list(zip(lower[free], upper[free], strict=True)),
                options={"xtol": 1e-7, "ftol": 1e-11, "maxiter": 20_000},
            )
            x, last, best = found.x, best, found.fun
            if last - best < 1e-7:
                break
        p[free] = x
        return best, p

    def fit(self):
        """Flux, its errors up and down, in 1e6 /cm2/s, the root of q0, and events of 8B."""
        lowest, p = self.minimum()

        def above(flux):
            return self.minimum(flux, p)[0] - lowest - 1.0

        up = brentq(above, p[0], p[0] + 15.0, xtol=1e-3)
        down = brentq(above, 1e-2, p[0], xtol=1e-3)
        q0 = self.minimum(0.0, p)[0] - lowest
        signal = sum(self.mixed(s, *p[-2:]).sum() for s in self.signal)
        return p[0], up - p[0], p[0] - down, np.sqrt(q0), p[0] / NOMINAL * p[1] * signal
