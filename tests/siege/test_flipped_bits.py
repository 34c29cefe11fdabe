"""One flipped bit in a finished file: it is refused, or what is read is what was written.

`SIEGE_N` bits of each file from the seed `SIEGE_SEED`; each is read within twenty seconds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from test_mutated_files import SEED, bounded

import cevns
from cevns.analysis.scanning.scan_bayes import _read as read_chain
from cevns.analysis.scanning.scan_bayes import _write as write_chain
from cevns.exceptions import CevnsError
from cevns.inference.bayes.chain_state import ChainState
from cevns.inference.work.checkpoint import read_blocks
from cevns.inference.work.scan_store import read_scan

NUMBER = int(os.environ.get("SIEGE_N", "150"))


def scan(folder: Path) -> tuple[Path, Callable[[Path], object]]:
    pytest.importorskip("h5py")
    path = folder / "scan.h5"
    options = {"toys": 20, "workers": 1, "out": path}
    study = cevns.load("coherent-csi-2021", models="nsi")
    study.scan({"eps_ee_u": [0.0, 0.1, 0.3]}, "fc", **options)

    def content(file: Path) -> object:
        found = read_scan(file)
        return json.dumps(found.run), json.dumps(found.notes), arrays(found.datasets)

    return path, content


def toys(folder: Path) -> tuple[Path, Callable[[Path], object]]:
    path = folder / "toys.npz"
    cevns.load("coherent-csi-2021").toys(30, seed=1, workers=1, out=path)
    with np.load(path) as file:
        run = json.loads(str(file["run"]))

    def content(file: Path) -> object:
        return [(key, arrays(block)) for key, block in read_blocks(file, run).items()]

    return path, content


def chain(folder: Path) -> tuple[Path, Callable[[Path], object]]:
    pytest.importorskip("emcee")
    path, kept = folder / "chain.npz", []
    study = cevns.load("coherent-csi-2021")
    from cevns.inference.bayes.sampling import sample
    from cevns.inference.model.priors import Flat

    with pytest.raises(StopIteration):
        sample(
            study.model(),
            priors={"cevns": Flat(0.0, 900.0)},
            seed=1,
            walkers=32,
            checkpoint=lambda state: stop(kept, state),
        )
    write_chain(path, kept[0])

    def content(file: Path) -> object:
        return arrays(read_chain(file).arrays())

    return path, content


def stop(kept: list[ChainState], state: ChainState) -> None:
    kept.append(state)
    raise StopIteration


def arrays(found: object) -> list[tuple[str, str, bytes]]:
    return [(k, str(np.asarray(v).dtype), np.asarray(v).tobytes()) for k, v in found.items()]


@pytest.mark.parametrize("number_of", [NUMBER // 5, pytest.param(NUMBER, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", [scan, toys, chain], ids=lambda kind: kind.__name__)
def test_a_flipped_bit_is_seen_or_changes_nothing(kind, number_of, tmp_path, capsys):
    path, content = kind(tmp_path)
    whole, wanted = path.read_bytes(), content(path)
    rng = np.random.default_rng((SEED, len(whole)))
    refused = 0
    for bit in rng.integers(8 * len(whole), size=number_of):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(damaged)
        try:
            with bounded():
                found = content(path)
        except CevnsError:
            refused += 1
            continue
        assert found == wanted, f"bit {bit}"
    with capsys.disabled():
        print(f" {kind.__name__}: {refused} of {number_of} flipped bits are refused", end="")
    assert refused > number_of // 2
