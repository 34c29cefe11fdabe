"""Plant known bugs, one at a time, in a copy of the package and see whether the tests find them.

A bug is an exact substitution in one file. It is *killed* if one of the tests named beside it
fails, and has *survived* if all pass. The tests run once without any bug before, so that a test
that fails anyway kills nothing. The working tree is not touched.

    python tools/planted_bugs.py            all
    python tools/planted_bugs.py M5a M16    some

Exit status: 0 if all are killed, 1 if one survives, 2 if a text is not found, a test is missing or
tests fail without a bug.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tested_copy import ROOT, UndecidedError, changed, copied_tree, pytest_run


@dataclass(frozen=True)
class Bug:
    """A planted bug.

    Args:
        name: of the bug.
        what: it does, in words.
        path: file below ``src/cevns``.
        old: text that stands there exactly once.
        new: text in its place.
        tests: what must find it, files or tests below ``tests``.
    """

    name: str
    what: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]


BUGS: Final = (
    Bug(
        "M1",
        "Michel spectra of nu_e and nubar_mu swapped",
        "sources/beams/pion_decay.py",
        '{"nu_e": (192.0 / _M**4, 0.0), "nubar_mu": (64.0 / _M**4, _M / 4.0)}',
        '{"nubar_mu": (192.0 / _M**4, 0.0), "nu_e": (64.0 / _M**4, _M / 4.0)}',
        ("sources/test_sns.py",),
    ),
    Bug(
        "M2",
        "sign of the pull in the gradient of batched fits",
        "inference/minimum/objectives.py",
        "return np.sum(pull * displacement, axis=0), pull",
        "return np.sum(pull * displacement, axis=0), -pull",
        ("inference/test_batched.py",),
    ),
    Bug(
        "M2b",
        "sign of the pull in the gradient of the quoted fit",
        "inference/minimum/likelihood.py",
        "total = self._pulls(theta[:, None])[1]",
        "total = -self._pulls(theta[:, None])[1]",
        ("inference/test_fit.py",),
    ),
    Bug(
        "M2c",
        "sign of the pull in the second derivatives of the quoted fit",
        "inference/minimum/likelihood.py",
        "total = self._pulls(columns)[1]",
        "total = -self._pulls(columns)[1]",
        ("inference/test_fit.py",),
    ),
    Bug(
        "M3",
        "event lists binned one bin too high",
        "datasets/binning.py",
        'ix = np.searchsorted(xe, x, side="right") - 1',
        'ix = np.searchsorted(xe, x, side="right")',
        ("datasets/test_binning.py", "datasets/test_csi2021.py"),
    ),
    Bug(
        "M4",
        "NSI: u + d in the proton",
        "processes/nsi.py",
        "z * (2.0 * u + d), n",
        "z * (u + d), n",
        ("processes/test_nsi.py",),
    ),
    Bug(
        "M5a",
        "time efficiency not applied to the shapes of the neutrons",
        "experiments/inputs/event_inputs.py",
        "content * (experiment.time_efficiency(nodes) @ w) / 2.0, bins)",
        "content, bins)",
        ("experiments/test_background_times.py",),
    ),
    Bug(
        "M5b",
        "time efficiency not applied to the signal",
        "experiments/prediction/arrival_tables.py",
        "TimeTable.build(pdf, edges, covered, efficiency)",
        "TimeTable.build(pdf, edges, covered)",
        ("experiments/test_expected_counts.py",),
    ),
    Bug(
        "M6",
        "CLs: q of toys not zero above the point",
        "inference/toys/block_fits.py",
        "np.where(best > at[k], 0.0, q)",
        "np.where(best > at[k], q, q)",
        ("inference/test_cls.py",),
    ),
    Bug(
        "M6b",
        "CLs: q of the data not zero above the point",
        "inference/scan/cls.py",
        "q_data[points[scan.theta[points, position] <= best.theta[position]]] = 0.0",
        "pass",
        ("inference/test_cls.py",),
    ),
    Bug(
        "M7",
        "curvature of several channels counts constraints once a channel",
        "inference/minimum/objectives.py",
        "curvature[np.arange(n), np.arange(n)] = self._weight",
        "curvature[np.arange(n), np.arange(n)] = len(self.parts) * self._weight",
        ("inference/test_joint.py",),
    ),
    Bug(
        "M8",
        "quenching pulls with the wrong sign",
        "detectors/framework/quenching_curve.py",
        "self.nominal + pulls @ self.odd",
        "self.nominal - pulls @ self.odd",
        ("detectors/test_quenching.py",),
    ),
    Bug(
        "M9",
        "toys do not fluctuate auxiliary measurements",
        "inference/model/data.py",
        "aux = theta[:, None] + width[:, None]",
        "aux = theta[:, None] + 0.0 * width[:, None]",
        ("inference/test_toys.py",),
    ),
    Bug(
        "M10",
        "toys of a scan do not fluctuate auxiliary measurements",
        "inference/model/data.py",
        "aux = theta[:, None] + width[:, None]",
        "aux = theta[:, None] + 0.0 * width[:, None]",
        ("inference/test_feldman_cousins.py",),
    ),
    Bug(
        "M11",
        "systematics table: impacts up and down swapped",
        "analysis/systematics.py",
        "(impact.up / centre, impact.down / centre)",
        "(impact.down / centre, impact.up / centre)",
        ("experiments/test_systematics.py",),
    ),
    Bug(
        "M11b",
        "impacts: up and down swapped",
        "inference/fitting/impacts.py",
        "high = min(p.value + p.error, p.parameter.upper)",
        "low, high = min(p.value + p.error, p.parameter.upper), low",
        ("inference/test_impacts.py",),
    ),
    Bug(
        "M11c",
        "shifts of the prediction: up and down swapped",
        "analysis/shifts.py",
        "for sign in (1.0, -1.0):",
        "for sign in (-1.0, 1.0):",
        ("experiments/test_systematics.py",),
    ),
    Bug(
        "M12",
        "two-sided p-value of the significance",
        "inference/fitting/intervals.py",
        "0.5 * math.erfc(z",
        "math.erfc(z",
        ("inference/test_fit.py",),
    ),
    Bug(
        "M13",
        "toy goodness of fit: the wrong tail",
        "inference/toys/gof.py",
        "WeightedToys(good).p_value(result.twice_nll)",
        "WeightedToys(-good).p_value(-result.twice_nll)",
        ("inference/test_goodness_of_fit.py",),
    ),
    Bug(
        "M14",
        "one-sided limit at the quantile of a two-sided one",
        "inference/fitting/upper_limits.py",
        "NormalDist().inv_cdf(level) ** 2",
        "NormalDist().inv_cdf(0.5 + 0.5 * level) ** 2",
        ("experiments/test_limits.py",),
    ),
    Bug(
        "M15",
        "fold: fluence of the first flavour for all flavours",
        "rates/fold.py",
        "self.source.fluence_cm2(flavour)",
        "self.source.fluence_cm2(self.flavours[0])",
        ("rates/test_unequal_fluences.py",),
    ),
    Bug(
        "M16",
        "mean cross section ignores the fluences",
        "rates/xsec.py",
        "float(seen @ total / seen.sum()) if",
        "float(total.mean()) if",
        ("rates/test_unequal_fluences.py",),
    ),
    Bug(
        "M17",
        "'shared: material' shared across materials",
        "experiments/joint.py",
        'return {n: f"{n}.{kind.casefold()}" for n in names for kind in kinds}',
        "return {n: n for n in names for kind in kinds}",
        ("experiments/test_joint_fits.py",),
    ),
    Bug(
        "M18",
        "errors of the prediction added linearly",
        "analysis/shifts.py",
        "sum(max(abs(up), abs(down)) ** 2 for up, down in shifts.values())",
        "sum(max(abs(up), abs(down)) for up, down in shifts.values()) ** 2",
        ("experiments/test_csi_2017.py",),
    ),
    Bug(
        "M19",
        "audit of toys with the wrong sign",
        "inference/toys/block_fits.py",
        "result.twice_nll - free.twice_nll[i]",
        "free.twice_nll[i] - result.twice_nll",
        ("inference/test_toys.py",),
    ),
    Bug(
        "M20",
        "interference without its factor of two",
        "processes/framework/amplitudes.py",
        "factor = 1.0 if i == j else 2.0",
        "factor = 1.0",
        ("processes/test_nsi.py",),
    ),
    Bug(
        "M21",
        "slopes of normalised shapes without that of their sum",
        "inference/model/channel.py",
        "add(name, row, -factor * self._totals[k] / self._totals[row])",
        "pass",
        ("inference/test_channels.py",),
    ),
    Bug(
        "M22",
        "a common scale has no units in the slopes",
        "inference/model/channel.py",
        "factor = channel.units.get(own, 1.0)",
        "factor = 1.0",
        ("inference/test_joint.py",),
    ),
    Bug(
        "M23",
        "even part of a variation with the wrong sign",
        "inference/model/shapes.py",
        "out[0, row] = even_part(alpha)",
        "out[0, row] = -even_part(alpha)",
        ("inference/test_shapes.py",),
    ),
    Bug(
        "M24",
        "data of one of several channels are those of the first",
        "inference/model/data.py",
        "counts = [self.counts[model.bins[c.name]] for c in selected.channels]",
        "counts = [self.counts[: c.n_bins] for c in selected.channels]",
        ("experiments/test_joint_fits.py",),
    ),
)


def planted(bug: Bug, root: Path) -> tuple[Path, str]:
    """The file of a bug and its text with the bug.

    Raises:
        UndecidedError: if the file is not there or does not hold the text exactly once.
    """
    path = root / "src" / "cevns" / bug.path
    if not path.is_file():
        raise UndecidedError(
            f"{bug.name}: there is no src/cevns/{bug.path}; bring the table up to date"
        )
    text = path.read_text()
    if (found := text.count(bug.old)) != 1:
        raise UndecidedError(
            f"{bug.name}: src/cevns/{bug.path} holds {bug.old!r} {found} times and not once; "
            "bring the table up to date"
        )
    return path, text.replace(bug.old, bug.new)


def passes(tests: tuple[str, ...], root: Path) -> bool:
    """Whether all tests pass on the copy at `root`.

    Raises:
        UndecidedError: if they cannot be run.
    """
    done = pytest_run(root, ["-x", "-q", *(f"tests/{t}" for t in tests)])
    if done.status not in (0, 1):
        raise UndecidedError(f"{' '.join(tests)} cannot be run:\n{done.output}")
    return done.status == 0


def run(bugs: list[Bug]) -> int:
    """Plant the bugs one after the other; number of those that survive.

    Raises:
        UndecidedError: if a bug cannot be planted, or tests fail without one.
    """
    for bug in bugs:
        planted(bug, ROOT)  # all texts are there, before anything takes time
    survivors = 0
    with copied_tree() as root:
        for tests in dict.fromkeys(b.tests for b in bugs):
            if not passes(tests, root):
                raise UndecidedError(f"{' '.join(tests)}: fails without a bug")
        for bug in bugs:
            started = time.perf_counter()
            with changed(*planted(bug, root)):
                alive = passes(bug.tests, root)
            survivors += alive
            seconds = time.perf_counter() - started
            word = "SURVIVED" if alive else "killed"
            print(f"{bug.name:5} {word:9} {seconds:5.0f} s  {bug.what}", flush=True)
    return survivors


def main() -> int:
    """Command line; the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="bugs to plant; by default all")
    names = parser.parse_args().names
    unknown = set(names) - {b.name for b in BUGS}
    if unknown:
        parser.error(f"no bug is called {', '.join(sorted(unknown))}")
    try:
        survivors = run([b for b in BUGS if not names or b.name in names])
    except UndecidedError as error:
        print(error, file=sys.stderr)
        return 2
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
