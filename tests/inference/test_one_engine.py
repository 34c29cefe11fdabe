"""What an earlier version with two engines left behind is refused in a sentence, or read."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from csi_like import template

from cevns.exceptions import InputError
from cevns.inference import function_model
from cevns.inference.bayes.sampling import sample
from cevns.inference.model.grid import Grid
from cevns.inference.scan.feldman_cousins import FcScan, feldman_cousins
from cevns.inference.toys.toy_run import run_toys
from cevns.inference.work.scan_store import read_scan, write_scan
from cevns.parameters import Parameter, Parameters


def test_function_that_takes_the_array_module_is_refused():
    def counts(theta, xp):
        return xp.exp(theta)

    said = (
        r"test_one_engine\.py, line \d+: .* takes the argument xp, but NumPy is the only array "
        "module; remove the argument"
    )
    parameters = Parameters([Parameter("s", 1.0)])
    with pytest.raises(InputError, match=said):
        function_model("old", parameters, np.array([3.0]), counts)
    with pytest.raises(InputError, match=said):
        function_model(
            "old",
            parameters,
            np.array([3.0]),
            lambda theta: theta,
            derivative=lambda theta, xp=np: xp.ones((len(theta), 1, 1)),
        )


def of_jax(path):
    """Rewrite a file of toys as if JAX had computed it."""
    with np.load(path, allow_pickle=False) as file:
        content = dict(file)
    run = json.loads(str(content.pop("run")))
    assert run["engine"] == "numpy"
    np.savez(path, run=json.dumps(run | {"engine": "jax"}), **content)


def test_toys_of_jax_are_not_continued(tmp_path):
    model, out = template("count")[1], tmp_path / "toys.npz"
    run_toys(model, 20, seed=1, workers=1, out=out)
    of_jax(out)
    before = out.read_bytes()
    with pytest.raises(InputError, match=r"toys\.npz was computed with the engine jax, and NumPy"):
        run_toys(model, 20, seed=1, workers=1, out=out)
    assert out.read_bytes() == before


def test_scan_of_jax_is_read_and_not_continued(tmp_path):
    pytest.importorskip("h5py")
    out = tmp_path / "scan.h5"
    grid = Grid.of(template("cross-section")[1], {"scale": np.linspace(0.8, 1.4, 4)})
    found = feldman_cousins(grid, 20, seed=1, workers=1, out=out)
    file = read_scan(out)
    write_scan(out, replace(file, run={**file.run, "engine": "jax"}))
    assert FcScan(read_scan(out)).p_value.tolist() == found.p_value.tolist()
    with pytest.raises(InputError, match=r"engine jax, .* can be read but not continued"):
        feldman_cousins(grid, 20, seed=1, workers=1, out=out)
    # a file that does not name its engine is NumPy's
    write_scan(out, replace(file, run={k: v for k, v in file.run.items() if k != "engine"}))
    again = feldman_cousins(grid, 20, seed=1, workers=1, out=out)
    assert again.p_value.tolist() == found.p_value.tolist()


@pytest.mark.filterwarnings("ignore::cevns.exceptions.CevnsWarning")
def test_chain_of_jax_is_not_continued():
    pytest.importorskip("emcee")
    pytest.importorskip("arviz")
    model = template("count")[1]
    settings = {"seed": 1, "walkers": 32, "max_steps": 250}
    state = sample(model, **settings).state
    theirs = replace(state, fingerprint={**state.fingerprint, "engine": "jax"})
    with pytest.raises(InputError, match=r"engine jax, .* begin a new chain"):
        sample(model, **settings, state=theirs)
