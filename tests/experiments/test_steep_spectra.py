"""Spectra that pile up at small recoils are integrated in every detector of the catalogue."""

import numpy as np
import pytest

from cevns.analysis.coupling_families import extended
from cevns.experiments import load

CASES = {
    "magnetic-moment": ({}, {"mu_nu_mu": 10.0}),
    "vector-universal": ({"m_zprime": 0.1}, {"g_zprime": 1e-4}),
    "millicharge": ({}, {"millicharge_mumu": 1.0}),
}


@pytest.mark.parametrize("name", ["coherent-csi-2021", "coherent-ge-2024"])
@pytest.mark.parametrize("physics", CASES)
def test_the_grid_is_fine_enough(name, physics):
    experiment = load(name, overrides={"interaction.electrons": "false"})
    structure, values = CASES[physics]
    process = extended(experiment, physics)
    process = process.with_structure(structure) if structure else process
    fold, curve, response = experiment.stages(process)
    coarse = fold.spectrum(values) @ response.evaluate(curve.electron_energy_kevee())

    edges = np.concatenate([[0.0], np.geomspace(1e-7, 1.0, 400)]) * fold.nodes.max() * 1.01
    kinks = [
        float(2e3 * e * e / (n.mass_mev + 2.0 * e))
        for n, _ in experiment.material.atoms
        for e in experiment.source.recoil_kinks
    ]
    edges = np.union1d(edges, [k for k in kinks if k < edges[-1]])
    x, w = np.polynomial.legendre.leggauss(16)
    half = np.diff(edges)[:, None] / 2.0
    nodes, weights = (edges[:-1, None] + half * (x + 1.0)).ravel(), (half * w).ravel()
    kept = nodes <= experiment.quenching.valid_kev[1]
    nodes, weights = nodes[kept], weights[kept]
    fine_fold = type(fold)(
        fold.source,
        process,
        fold.material,
        fold.mass_kg,
        fold.form_factor,
        nodes,
        weights * experiment.recoil_efficiency(nodes),
    )
    energy = experiment.quenching.on(nodes).electron_energy_kevee()
    fine = fine_fold.spectrum(values) @ response.evaluate(energy)
    # the panels follow the response to 1e-5 at half their degree, so bins are good to 1e-7
    np.testing.assert_allclose(coarse, fine, rtol=1e-6, atol=1e-6 * fine.max())
