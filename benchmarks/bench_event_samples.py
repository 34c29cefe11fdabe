"""Events a second of one core: recoils with their times, a detector, files.

Peer, in this process: rejection from one box under the density of each flavour and nuclide with the
closed form of the cross section, an array at a time, and the inversion of the tabulated times by
`numpy.interp`. It has no squeeze: every point costs a density.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

import cevns
from _timing import cpu, report
from cevns.analysis.events.event_sample import event_sample, recoil_events
from cevns.analysis.events.event_writer import suffixes
from cevns.analysis.events.sample_file import draw_to_file
from cevns.exceptions import MissingExtraError
from cevns.processes import differential_cross_section

NAME = "coherent-csi-2021"


class Boxes:
    """The peer."""

    def __init__(self, view) -> None:
        self.view, self.source = view, view.source
        self.atoms = view.material.atoms
        self.grid = np.linspace(-1.5, 30.0, 15751)
        self.boxes = []
        for flavour in self.source.flavours:
            top = self.source.end_point_mev(flavour)
            at = np.linspace(1e-3, top, 400) if self.source.breaks(flavour) else np.array([top])
            for nuclide, _ in self.atoms:
                most = float(view.interaction.kinematics.maximum_recoil_kev(top, nuclide.mass_mev))
                recoil = np.linspace(0.0, most, 400)
                highest = self.density(flavour, nuclide, at[:, None], recoil).max() * 1.02
                self.boxes.append((flavour, nuclide, top, most, highest))
        self.cumulative = {
            f: np.cumsum(self.source.time_pdf(f, self.grid, 0.0)) for f in self.source.flavours
        }

    def density(self, flavour, nuclide, energy, recoil):
        """Up to the number of nuclei, which is the same for Cs and I."""
        found = differential_cross_section(
            nuclide, energy, recoil, flavour,
            interaction=self.view.interaction, form_factor=self.view.form_factor,
        )  # fmt: skip
        if self.source.lines(flavour):
            return found
        return found * self.source.spectrum(flavour, energy)

    def draw(self, number: int, rng: np.random.Generator) -> int:
        """Recoils and times, as many as are kept of enough points."""
        sizes = np.array([h * m * (t if not self.source.lines(f) else 1.0)
                          for f, _, t, m, h in self.boxes])  # fmt: skip
        kept = 0
        while kept < number:
            share = rng.multinomial(max(number - kept, 10_000) * 4, sizes / sizes.sum())
            for (flavour, nuclide, top, most, highest), n in zip(self.boxes, share, strict=True):
                line = bool(self.source.lines(flavour))
                energy = np.full(n, top) if line else top * rng.random(n)
                recoil, chance = most * rng.random(n), highest * rng.random(n)
                good = chance < self.density(flavour, nuclide, energy, recoil)
                found = self.cumulative[flavour]
                np.interp(rng.random(int(good.sum())) * found[-1], found, self.grid)
                kept += int(good.sum())
        return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    number = 200_000 if quick else 4_000_000
    experiment = cevns.load(NAME).experiments[0]
    rng = np.random.Generator(np.random.SFC64(1))

    part = recoil_events(experiment)
    block = 1 << 16

    def bare() -> None:
        for _ in range(number // block):
            found = part.recoils.draw(block, rng)
            part.times.draw(found.energy_mev, found.species, rng)

    boxes, fewer = Boxes(experiment), number // 8
    peer, kept = cpu(lambda: boxes.draw(fewer, rng))
    spent, _ = cpu(bare)
    done = number // block * block
    report(f"{done} recoils, times, flavours", spent, "boxes", peer / kept * done)
    print(f"recoils with times: {done / spent:.3g} a second; boxes {kept / peer:.3g}")
    spent, _ = cpu(lambda: [part.draw(block, rng) for _ in range(number // block)])
    print(f"with directions and outgoing particles: {done / spent:.3g} a second")

    sample = event_sample(experiment)
    signal = sample.strata[0].part

    def seen() -> int:
        inside = 0
        for _ in range(number // block):
            inside += int(signal._some(block, rng)["inside"].sum())
        return inside

    spent, inside = cpu(seen)
    print(
        f"recoils through quenching, resolution, efficiencies: {done / spent:.3g} a second, of "
        f"which {inside / spent:.3g} are recorded ({100 * inside / done:.0f} per cent)"
    )
    spent, _ = cpu(lambda: sum(b["event"].size for b in sample.blocks(number, 1)))
    print(f"events of {NAME}, all columns: {number / spent:.3g} a second")
    with tempfile.TemporaryDirectory() as folder:
        for suffix in sorted(suffixes()):
            rows = number // 20 if "hepmc" not in suffix else number // 400
            chosen = event_sample(experiment, ["cevns"]) if "hepmc" in suffix else sample
            path = Path(folder, f"events{suffix}")
            try:
                spent, _ = cpu(lambda c=chosen, n=rows, p=path: draw_to_file(c, n, 1, p))
            except MissingExtraError as error:
                print(error)
                continue
            print(f"{suffix}: {rows / spent:.3g} a second, {path.stat().st_size / rows:.0f} B each")


if __name__ == "__main__":
    main()
