"""Toys of the CsI[Na] count: drawing and fitting, all cores, beside pyhf on the same model.

Peer: the model exported to HistFactory and fitted by pyhf with its jax backend (its fastest:
``pip install 'pyhf[jax]'``; else with NumPy) and scipy optimiser in a loop, in this process. A
parameter that scales a component becomes a `normsys`, one that moves its shape a `histosys`,
both through the +-1 sigma variations of the same model.
"""

import argparse
import time

import numpy as np

import cevns
from _timing import pyhf_with
from cevns.experiments.fast_form import fast_form
from cevns.inference.model.data import draw
from cevns.inference.toys.toy_run import run_toys


def to_histfactory(model) -> tuple[dict, list[str]]:
    """The closest HistFactory model; also the constrained parameters, in vector order."""
    nominal = model.components(model.parameters.values)
    samples = {
        name: {"name": name, "data": counts.tolist(), "modifiers": []}
        for name, counts in nominal.items()
    }
    constrained = [p for p in model.parameters if p.constraint is not None and not p.fixed]
    for p in constrained:
        up, down = (
            model.components(model.parameters.at({p.name: p.value + s * p.constraint.sigma}).values)
            for s in (1.0, -1.0)
        )
        for name, counts in nominal.items():
            high, low = up[name].sum() / counts.sum(), down[name].sum() / counts.sum()
            moves = np.abs(up[name] - counts).max() > 1e-9 * counts.max()
            only_scales = np.allclose(up[name], high * counts, rtol=1e-9, atol=1e-12)
            if moves and only_scales:
                change = {"type": "normsys", "data": {"hi": high, "lo": low}}
            elif moves:
                data = {"hi_data": up[name].tolist(), "lo_data": down[name].tolist()}
                change = {"type": "histosys", "data": data}
            else:
                continue
            samples[name]["modifiers"].append({"name": p.name, **change})
    signal = next(iter(samples.values()))  # components come with the signal first
    signal["modifiers"].append({"name": "mu", "type": "normfactor", "data": None})
    channel = {"name": "channel", "samples": list(samples.values())}
    return {"channels": [channel]}, [p.name for p in constrained]


def pyhf_rate(model, n: int, seed: int) -> tuple[float, str]:
    """Fits a second of pyhf, warm, and its backend."""
    import pyhf

    backend = pyhf_with(pyhf.optimize.scipy_optimizer())
    spec, names = to_histfactory(model)
    workspace = pyhf.Model(spec, poi_name="mu")
    truth = model.parameters.values
    rng = np.random.default_rng(seed)
    counts = draw(model, truth, rng, n + 1).counts.T
    # auxiliary data of pyhf are pulls of unit width
    pulls = rng.standard_normal((n + 1, len(names)))
    order = [names.index(name) for name in workspace.config.auxdata_order]
    data = np.concatenate([counts, pulls[:, order]], axis=1)
    pyhf.infer.mle.fit(data[0].tolist(), workspace)  # compiles
    start = time.perf_counter()
    for row in data[1:]:
        pyhf.infer.mle.fit(row.tolist(), workspace)
    return n / (time.perf_counter() - start), backend


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few toys, for a smoke test")
    parser.add_argument("--poi", default="count")
    quick, poi = (vars(parser.parse_args())[k] for k in ("quick", "poi"))
    exact = cevns.load("coherent-csi-2021").model(poi)
    tabulated, error = fast_form(exact)
    print(error)
    radius = {"parameters.form_factor": "{constraint: 1.00 +/- 0.05, acts_on: neutron-radius}"}
    with_radius = cevns.load("coherent-csi-2021", overrides=radius).model(poi)
    refolded, _ = fast_form(with_radius)
    runs = (
        ("tabulated", tabulated, 20_000 if quick else 400_000),
        ("form factor refolded", refolded, 2_000 if quick else 50_000),
        ("exact", exact, 500 if quick else 20_000),
    )
    rates = {}
    for level, model, n in runs:
        toys = run_toys(model, n, seed=1, audit=0.001, workers=1 if quick else None)
        rates[level] = toys.timing["toys_per_second"]
        print(f"--- {level} model\n{toys}")
    peer, backend = pyhf_rate(tabulated, 20 if quick else 200, seed=2)
    print(f"--- pyhf ({backend}, scipy), one fit after the other: {peer:,.0f} fits/s")
    for level, rate in rates.items():
        print(f"{level}: {rate:,.0f} toys/s, {rate / peer:,.0f} times pyhf")


if __name__ == "__main__":
    main()
