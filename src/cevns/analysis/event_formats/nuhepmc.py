"""NuHepMC 1.0.0 (arXiv:2310.13211) on HepMC3, as text: the particles of each event.

Conventions: G.C.1 (exposure), G.C.2 (flux-averaged cross section, of the events in the file, so
that a cut on recoils is in it), G.C.4 (spectra of the beam as histograms; a line is a bin of 1e-5
of its energy), E.C.1 (numbers of processes) and, where times are known, E.C.5 (the time in
``lab_pos``).

The kinetic energy of the recoil is an attribute, too: the difference of its energy and its mass, a
part in 1e8 of either, would lose half of its digits.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np

from cevns.analysis.events.event_columns import (
    TIME,
    TRUTH,
    Block,
    nuclear_code,
    particle_code,
)
from cevns.analysis.events.event_parts import RecoilEvents
from cevns.analysis.events.event_writer import EventWriter, library
from cevns.analysis.events.stratified_sample import EventSample
from cevns.constants import DAY_S
from cevns.exceptions import InputError
from cevns.experiments.questions import SIGNAL
from cevns.records import VERSION
from cevns.sources import Source, SteadySource
from cevns.sources.beams.source import ProtonSource
from cevns.typing import Array

__all__ = ["MODEL", "NuHepMc"]

CITE = ("arXiv:2310.13211",)

_CEVNS: Final = 150
_OTHER: Final = 160
"""Numbers of processes: 150 to 199 are low-energy nuclear scattering by neutral currents."""
_BINS: Final = 200
_PER_BIN: Final = 16
_LINE: Final = 0.5e-5
_PB_PER_CM2: Final = 1e36
_PARTICLES: Final = {
    1: ("UndecayedPhysical", "outgoing particle"),
    4: ("IncomingBeam", "incoming beam particle"),
    20: ("Target", "nucleus at rest"),
}


class NuHepMc(EventWriter):
    """See the module.

    Args:
        path: the file.
        sample: what the events are of.
        provenance: JSON in the attribute ``NuHepMC.Provenance.cevns``.

    Raises:
        MissingExtraError: if pyhepmc is not installed.
        InputError: if events have no particles, or two components the same beam particle.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".hepmc", ".hepmc3")

    def __init__(self, path: Path, sample: EventSample, provenance: dict[str, Any]) -> None:
        self._hep = library("pyhepmc", "NuHepMC")
        bare = [s.component for s in sample.strata if not s.part.has_truth]
        if bare:
            raise InputError(
                f"{' and '.join(dict.fromkeys(bare))}: these backgrounds have no particles, which "
                "a NuHepMC file is made of; name components that have with --component "
                f"(--component {SIGNAL})"
            )
        parts = {s.component: s.part for s in sample.strata if isinstance(s.part, RecoilEvents)}
        self._beam_masses = [p.recoils.mass_mev for p in parts.values()]
        self._masses = {
            nuclear_code(n): n.mass_mev for p in parts.values() for n in p.recoils.nuclides
        }
        others = iter(range(_OTHER, _OTHER + len(parts)))
        self._processes = [_CEVNS if name == SIGNAL else next(others) for name in parts]
        particles = {c.name for c in (TIME, *TRUTH)} - {"recoil_energy_kev"}
        known = {"event", "component", *particles}
        self._extra = [c.name for c in sample.columns if c.name not in known]
        self._run = self._header(sample, parts, provenance)
        self._file = self._hep.io.WriterAscii(str(path), self._run)
        self._file.precision = 16

    def _header(
        self, sample: EventSample, parts: dict[str, RecoilEvents], provenance: dict[str, Any]
    ) -> Any:
        """What holds for all events."""
        run = self._hep.GenRunInfo()
        run.tools = [
            self._hep.GenRunInfo.ToolInfo("cevns", VERSION, "recoils of nuclei, unweighted")
        ]
        run.weight_names = ["CV"]
        exposure = _exposure(sample)
        timed = sample.is_timed
        total = sum(p.recoils.exposure_per_cm2 for p in parts.values())
        names = {SIGNAL: ("CEvNS", "coherent elastic neutrino-nucleus scattering, neutral current")}
        said: dict[str, Any] = {
            "Version.Major": 1,
            "Version.Minor": 0,
            "Version.Patch": 0,
            "Conventions": [
                *(["G.C.1"] if exposure else []), "G.C.2", "G.C.4", "E.C.1",
                *(["E.C.5"] if timed else []),
            ],
            **exposure,
            "FluxAveragedTotalCrossSection": _PB_PER_CM2 * sample.expected / total,
            "Units.CrossSection.Unit": "pb",
            "Units.CrossSection.TargetScale": "PerAtom",
            "ProcessIDs": self._processes,
            "VertexStatusIDs": [1],
            "VertexStatusInfo[1].Name": "Primary",
            "VertexStatusInfo[1].Description": "scattering on the nucleus",
            "ParticleStatusIDs": list(_PARTICLES),
            "AdditionalParticleNumbers": list(self._masses),
            "Provenance.cevns": json.dumps(provenance, default=str),
        }  # fmt: skip
        for name, number in zip(parts, self._processes, strict=True):
            title, about = names.get(name, (name, f"recoils of nuclei of the component {name}"))
            said[f"ProcessInfo[{number}].Name"] = title
            said[f"ProcessInfo[{number}].Description"] = about
        for status, (title, about) in _PARTICLES.items():
            said[f"ParticleStatusInfo[{status}].Name"] = title
            said[f"ParticleStatusInfo[{status}].Description"] = about
        for part in parts.values():
            for nuclide in part.recoils.nuclides:
                code = nuclear_code(nuclide)
                said[f"AdditionalParticleNumber[{code}].Name"] = f"{nuclide.name} nucleus"
        said |= _beams(list(parts.values()))
        for key, value in said.items():
            run.attributes[f"NuHepMC.{key}"] = value
        return run

    def write(self, block: Block) -> None:
        """See `EventWriter`."""
        hep = self._hep
        units = hep.Units.MEV, hep.Units.MM
        columns = {name: values.tolist() for name, values in block.items()}
        masses = self._masses
        for i, number in enumerate(columns["event"]):
            of = int(columns["component"][i])
            energy, code = columns["neutrino_energy_mev"][i], int(columns["neutrino_pdg"][i])
            beam_mass = self._beam_masses[of]
            momentum = ((energy - beam_mass) * (energy + beam_mass)) ** 0.5
            nucleus = int(columns["nucleus_pdg"][i])
            mass, recoil = masses[nucleus], columns["recoil_energy_kev"][i]
            t = 1e-3 * recoil
            q = (t * (t + 2.0 * mass)) ** 0.5
            x, y, z = (q * columns[f"recoil_{axis}"][i] for axis in "xyz")
            out = [columns[f"outgoing_{c}_mev"][i] for c in ("px", "py", "pz", "energy")]
            event = hep.GenEvent(self._run, *units)
            event.event_number = int(number)
            particles = (
                hep.GenParticle((0.0, 0.0, momentum, energy), code, 4),
                hep.GenParticle((0.0, 0.0, 0.0, mass), nucleus, 20),
                hep.GenParticle(tuple(out), code, 1),
                hep.GenParticle((x, y, z, mass + t), nucleus, 1),
            )
            for particle, its in zip(particles, (beam_mass, mass, beam_mass, mass), strict=True):
                particle.generated_mass = its
            vertex = hep.GenVertex((0.0, 0.0, 0.0, 0.0))
            vertex.status = 1
            for particle in particles[:2]:
                vertex.add_particle_in(particle)
            for particle in particles[2:]:
                vertex.add_particle_out(particle)
            event.add_vertex(vertex)
            event.weights = [1.0]
            attributes = event.attributes
            attributes["signal_process_id"] = self._processes[of]
            time = columns["time_us"][i]
            position = [0.0, 0.0, 0.0]
            place = position if time != time else [*position, 1e-6 * time]
            attributes["lab_pos"] = _text(place)
            for name in self._extra:
                attributes[name] = columns[name][i]
            self._file.write(event)

    def close(self) -> None:
        """See `EventWriter`."""
        self._file.close()


def _text(numbers: list[float]) -> str:
    """Numbers as an attribute of a vector has them in a file, with all their digits.

    HepMC3 itself would write six decimals, and a time in seconds would be left with none.
    """
    return " ".join(f"{x:.16g}" for x in numbers)


def _exposure(sample: EventSample) -> dict[str, float]:
    """Protons on target, or the live time in s; nothing where neither is known."""
    source = sample.experiment.declared_source
    if isinstance(source, ProtonSource):
        return {"Exposure.POT": source.protons}
    if isinstance(source, SteadySource):
        return {"Exposure.Livetime": source.live_time_d * DAY_S}
    return {}


def _beams(parts: list[RecoilEvents]) -> dict[str, Any]:
    """Spectra of the beam particles, particles per cm2, one for each code."""
    emitted: dict[int, list[tuple[Source, str]]] = {}
    for part in parts:
        source, kinematics = part.recoils.source, part.recoils.process.kinematics
        for species in source.flavours:
            if source.fluence_cm2(species) > 0.0:
                emitted.setdefault(particle_code(species, kinematics), []).append((source, species))
    out: dict[str, Any] = {}
    least = min(part.recoils.mass_mev for part in parts)
    for code, species_of in emitted.items():
        edges, content = _histogram(species_of, least)
        out |= {
            f"Beam[{code}].Type": "Histogram",
            f"Beam[{code}].EnergyUnit": "MEV",
            f"Beam[{code}].RateUnit": "particles per cm2 in the exposure",
            f"Beam[{code}].Histogram.BinEdges": _text(edges.tolist()),
            f"Beam[{code}].Histogram.BinContent": _text(content.tolist()),
            f"Beam[{code}].Histogram.ContentIsPerWidth": False,
        }
    return out


def _histogram(emitted: list[tuple[Source, str]], least_mev: float) -> tuple[Array, Array]:
    """Edges, MeV, and the particles per cm2 in each bin; lines have bins of their own."""
    lines = [e for source, species in emitted for e, _ in source.lines(species)]
    top = max(source.end_point_mev(species) for source, species in emitted)
    fine = np.linspace(least_mev, top, _BINS + 1)
    near = np.array([any(abs(e - at) <= 2.0 * _LINE * at for at in lines) for e in fine])
    edges = np.union1d(fine[~near], [e * f for e in lines for f in (1.0 - _LINE, 1.0 + _LINE)])
    nodes, weights = np.polynomial.legendre.leggauss(_PER_BIN)
    content = np.zeros(edges.size - 1)
    for source, species in emitted:
        breaks = [e for e in source.breaks(species) if edges[0] < e < edges[-1]]
        cuts = np.union1d(edges, breaks)
        half = 0.5 * np.diff(cuts)[:, None]
        at = 0.5 * (cuts[1:] + cuts[:-1])[:, None] + half * nodes
        pieces = (source.spectrum(species, at) * half * weights).sum(axis=1)
        own: Array = np.add.reduceat(pieces, np.searchsorted(cuts, edges[:-1]))
        for energy, weight in source.lines(species):
            own[np.searchsorted(edges, energy) - 1] += weight
        content += source.fluence_cm2(species) * own
    some = np.flatnonzero(content > 0.0)
    first, last = (int(some[0]), int(some[-1])) if some.size else (0, content.size - 1)
    return edges[first : last + 2], content[first : last + 1]


MODEL = NuHepMc
