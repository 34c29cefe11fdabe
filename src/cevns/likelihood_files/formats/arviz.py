"""ArviZ: a sampled posterior as netCDF, for those who go on with it in a Bayesian way.

The constraints are the priors; a free parameter is flat between its bounds, or ten errors about the
best fit where it has none.
"""

from __future__ import annotations

import json
import math
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from cevns import files
from cevns.exceptions import DataError, MissingExtraError
from cevns.inference.model.priors import Flat, Prior
from cevns.likelihood_files.file_format import (
    Candidate,
    Inspection,
    TextTable,
    Written,
    WrittenFormat,
)
from cevns.likelihood_files.published import Published

__all__ = ["MODEL", "Arviz"]

_WIDE = 10.0
_ENGINE = "h5netcdf"
_HDF5 = b"\x89HDF\r\n\x1a\n"


class Arviz(WrittenFormat):
    """See the module."""

    title: ClassVar[str] = "posterior (ArviZ netCDF)"

    def prepare(self, out: Path) -> None:
        """See `WrittenFormat`."""
        for package in ("emcee", "arviz", _ENGINE):
            if find_spec(package) is None:
                raise MissingExtraError(package, "bayes", "an ArviZ file")
        files.check_writable(out)

    def write(self, published: Published, out: Path) -> Written:
        """See `WrittenFormat`."""
        from cevns.experiments.fast_form import fast_form  # samples alone need tables
        from cevns.inference.bayes.sampling import sample

        model, best = published.model, published.fit
        priors: dict[str, Prior] = {}
        for p in model.parameters:
            if p.fixed or p.constraint is not None:
                continue
            here = best[p.name]
            low = p.lower if math.isfinite(p.lower) else here.value - _WIDE * here.error
            high = p.upper if math.isfinite(p.upper) else here.value + _WIDE * here.error
            priors[p.name] = Flat(low, high)
        found = sample(
            fast_form(model)[0],
            seed=published.options.seed,
            priors=priors,
            data=published.data,
            effective=published.options.draws,
        )
        summary = found.to_dict()
        record = {**published.record(), "format": "ArviZ netCDF", "seed": found.seed,
                  "posterior": summary}  # fmt: skip
        data = found.to_arviz()
        data.posterior.attrs.update({"cevns": json.dumps(record, allow_nan=False)})
        with files.replacing(out) as temporary:
            data.to_netcdf(str(temporary), engine=_ENGINE)
            _ = _means(temporary)
        lines = []
        for name in found.names:
            row = next(r for r in summary["parameters"] if r["name"] == name)
            here = best[name]
            lines.append(
                f"{name}: posterior {row['mean']:.5g} +- {row['sd']:.3g}, best fit "
                f"{here.value:.5g} +- {here.error:.3g}, R-hat {row['r_hat']:.3f}"
            )
        from cevns.inference.bayes.sampling import R_HAT

        largest = max(row["r_hat"] for row in summary["parameters"])
        good = "the chains have converged" if largest <= R_HAT else "the chains have not converged"
        lines.append(f"largest R-hat {largest:.3f}, at most {R_HAT:g} is good: {good}")
        return Written((out,), tuple(lines), record)

    def recognises(self, candidate: Candidate) -> bool:
        """See `FileFormat`."""
        return candidate.head.startswith(_HDF5)

    def inspect(self, candidate: Candidate) -> Inspection:
        """See `FileFormat`."""
        means, attributes = _means(candidate.path)
        rows = tuple(
            (name, f"{mean:.6g}", f"{sd:.4g}", f"{size}") for name, mean, sd, size in means
        )
        try:
            record = json.loads(attributes.get("cevns", "{}"))
        except ValueError:
            raise DataError("its metadata are damaged", path=candidate.path) from None
        return Inspection(
            self.title,
            tuple(filter(None, [str(record.get("statement", ""))])),
            (TextTable("posterior", ("parameter", "mean", "sd", "samples"), rows),),
            {
                "posterior": {n: {"mean": m, "sd": s, "samples": k} for n, m, s, k in means},
                "metadata": record,
            },
        )


def _means(path: Path) -> tuple[list[tuple[str, float, float, int]], dict[str, Any]]:
    """Mean, standard deviation and number of the samples of each parameter in a file.

    Raises:
        DataError: if it holds no posterior, or is damaged.
    """
    from cevns.inference.bayes.chain_arviz import arviz

    module = arviz()
    try:
        data = module.from_netcdf(str(path), engine=_ENGINE)
        out = []
        for name in data.posterior.data_vars:
            values = np.asarray(data.posterior[name])
            out.append((str(name), float(values.mean()), float(values.std()), int(values.size)))
        attributes = dict(data.posterior.attrs)
        data.close()
    except Exception as error:  # a damaged file may fail in any way
        text = " ".join(str(error).split())[:120]
        raise DataError(
            f"is not a complete posterior of ArviZ ({type(error).__name__}: {text})", path=path
        ) from None
    return out, attributes


MODEL = Arviz
