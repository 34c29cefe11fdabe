"""A joint fit of CsI[Na] (99 bins) and a 960-bin argon-like model, and its toys, beside pyhf.

The common cross-section scale with one shared flux; MIGRAD and HESSE, warm. Peer: both channels
exported to HistFactory and fitted by pyhf with its jax backend (its fastest:
``pip install 'pyhf[jax]'``; else with NumPy) and minuit optimiser; its toys with the scipy
optimiser in a loop.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

import cevns
from _timing import best, pyhf_with, report
from bench_toys import to_histfactory
from cevns.experiments.fast_form import fast_form
from cevns.inference import Model, fit
from cevns.inference.model.joining import join
from cevns.inference.toys.toy_run import run_toys

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "inference"))
from lar_like import lar_like

SCALE = ("cross_section_scale", "cross_section")


def joint_histfactory(model: Model) -> dict:
    """Both channels, by the names of the joint model."""
    channels = []
    for part in model.channels:
        spec, _ = to_histfactory(model.only([part.name]))
        channel = spec["channels"][0]
        for sample in channel["samples"]:
            for modifier in sample["modifiers"]:
                if modifier["type"] == "normsys" and modifier["data"]["lo"] <= 0:
                    # 33 +- 33: the logarithm of a normsys has no lower side, a histosys has
                    data = np.array(sample["data"])
                    factors = modifier["data"]
                    modifier["type"] = "histosys"
                    modifier["data"] = {
                        f"{k}_data": (f * data).tolist() for k, f in factors.items()
                    }
        channels.append({**channel, "name": part.name})
    return {"channels": channels}


def peer_fit(model: Model, repeats: int) -> tuple[float, float, float]:
    """Seconds a fit of pyhf, its scale and the error of that."""
    import pyhf

    pyhf_with(pyhf.optimize.minuit_optimizer(strategy=1))
    workspace = pyhf.Model(joint_histfactory(model), poi_name="mu")
    data = [*model.observed.tolist(), *workspace.config.auxdata]
    found = {}

    def run() -> None:
        found["fit"] = pyhf.infer.mle.fit(data, workspace, return_uncertainties=True)

    seconds = best(run, repeats)
    value, error = np.asarray(found["fit"])[workspace.config.poi_index]
    return seconds, float(value), float(error)


def peer_toys(model: Model, n: int) -> tuple[float, str]:
    """Toys a second of pyhf, drawing and fitting, warm, and its backend."""
    import pyhf

    backend = pyhf_with(pyhf.optimize.scipy_optimizer())
    workspace = pyhf.Model(joint_histfactory(model), poi_name="mu")
    rng = np.random.default_rng(1)
    mu = np.asarray(workspace.expected_actualdata(workspace.config.suggested_init()))
    aux = rng.standard_normal((n + 1, len(workspace.config.auxdata)))
    data = np.concatenate([rng.poisson(mu, (n + 1, len(mu))), aux], axis=1)
    pyhf.infer.mle.fit(data[0].tolist(), workspace)  # compiles
    start = time.perf_counter()
    for row in data[1:]:
        pyhf.infer.mle.fit(row.tolist(), workspace)
    return n / (time.perf_counter() - start), backend


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few repetitions, for a smoke test")
    quick = parser.parse_args().quick
    csi = cevns.load("coherent-csi-2021").model("cross-section")
    argon = lar_like()
    counts = np.random.default_rng(1).poisson(argon.observed)
    model = join({"csi": csi, "lar": argon.with_observed(counts)}, scale=SCALE)
    repeats = 3 if quick else 20
    ours = best(lambda: fit(model, minos="none"), repeats)
    seconds, scale, error = peer_fit(model, 1 if quick else 3)
    report("joint fit, 99 + 960 bins", ours, "pyhf", seconds)
    found = fit(model, minos="none")[SCALE[0]]
    print(f"scale {found.value:.4f} +- {found.error:.4f}; pyhf {scale:.4f} +- {error:.4f}")
    fast, accuracy = fast_form(model)
    print(accuracy)
    run_toys(fast, 512, seed=2, coverage=False, audit=0.0, workers=1)
    toys = run_toys(fast, 8192 if quick else 65_536, seed=1, coverage=False, audit=1e-3)
    rate = toys.timing["toys_per_second"]
    peer, backend = peer_toys(model, 3 if quick else 20)
    workers = toys.timing["workers"]
    print(
        f"joint toys: {rate:,.0f}/s on {workers:.0f} cores; pyhf ({backend}) {peer:.2f}/s; "
        f"ratio {rate / peer:,.0f}; {toys.statuses}"
    )


if __name__ == "__main__":
    main()
