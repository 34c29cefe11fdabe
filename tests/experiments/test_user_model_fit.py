"""A user's own interaction, ten lines in their own file, in the likelihood of an experiment."""

from __future__ import annotations

import numpy as np
import pytest

from cevns.experiments import load
from cevns.inference.fitting.quoted_fit import fit
from cevns.processes import interaction

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


def test_ten_lines_of_ones_own_are_fitted(tmp_path, monkeypatch):
    monkeypatch.delenv("CEVNS_DATA", raising=False)
    path = tmp_path / "mine.py"
    path.write_text(MINE, encoding="utf-8")
    experiment = load("coherent-csi-2021")
    mine = experiment.model(("eps",), interactions=[interaction(str(path))])
    ours = experiment.model(("eps_ee_u",), interactions=[interaction("nsi")])
    for eps in (-0.1, 0.2, 0.45):
        values = [
            fit(model, fix={name: eps}, minos="none", hesse=False).twice_nll
            for model, name in ((mine, "eps"), (ours, "eps_ee_u"))
        ]
        # two minimisations of the same function, each to 1e-6 or better
        assert values[0] == pytest.approx(values[1], abs=1e-5)
    theta = mine.parameters.values
    theta[mine.parameters.index("eps")] = 0.3
    assert np.allclose(mine.expected(theta), ours.expected(theta), rtol=1e-10)
