"""NuHepMC 1.0.0 (arXiv:2310.13211) on HepMC3, as text: the particles of each event.

Conventions: G.C.1 (exposure), G.C.2 (flux-averaged cross section, of the events in the file, so
that a cut on recoils is in it), G.C.3 (whom to cite: keys of `cevns cite`, and numbers where there
are any), G.C.4 (spectra of the beam as histograms; a line is a bin of 1e-5 of its energy), E.C.1
(numbers of processes), where they are finite E.C.2 and E.C.3 (cross sections at the energy of the
event, without any cut) and, where times are known, E.C.5 (the time in ``lab_pos``). What is left of
the nucleus beside an electron is one particle of the number that P.C.2 has for it.

The kinetic energy of the recoil is an attribute, too: the difference of its energy and its mass, a
part in 1e8 of either, would lose half of its digits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np

from cevns.analysis.events.event_columns import (
    REACTION,
    TIME,
    TRUTH,
    Block,
    nuclear_code,
    particle_code,
)
from cevns.analysis.events.event_parts import RecoilEvents
from cevns.analysis.events.event_writer import EventWriter, library
from cevns.analysis.events.reaction_events import ReactionEvents
from cevns.analysis.events.recoil_cells import RecoilSampler
from cevns.analysis.events.stratified_sample import EventSample
from cevns.citations import Citations, entry
from cevns.constants import DAY_S, M_ELECTRON_MEV
from cevns.exceptions import InputError
from cevns.experiments.citing import of_process
from cevns.experiments.questions import SIGNAL
from cevns.records import VERSION
from cevns.sources import Source, SteadySource
from cevns.sources.beams.source import ProtonSource
from cevns.typing import Array

__all__ = ["MODEL", "NuHepMc"]

CITE = ("arXiv:2310.13211",)

_CEVNS: Final = 150
_OTHER: Final = 160
_CHARGED: Final = 100
"""Numbers of processes, of low-energy nuclear scattering: from 150 on by neutral currents."""
_REMNANT: Final = 2009900000
"""What is left of a nucleus and not followed (P.C.2)."""
_ENERGIES: Final = 1001
"""At which cross sections are known."""
_TEXKEY: Final = re.compile(r"[A-Za-z-]+:\d{4}[a-z]{2,3}")
_BINS: Final = 200
_PER_BIN: Final = 16
_LINE: Final = 0.5e-5
_PB_PER_CM2: Final = 1e36
_PARTICLES: Final = {
    1: ("UndecayedPhysical", "outgoing particle"),
    4: ("IncomingBeam", "incoming beam particle"),
    20: ("Target", "nucleus at rest"),
}


_ATTRIBUTES: Final = {"recoil_energy_kev", "visible_energy_mev", "neutrons"}
"""Columns of the truth that no particle has."""
_Drawn = RecoilSampler | ReactionEvents
_Outgoing = tuple[tuple[float, float, float, float], int, float]


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
                f"{' and '.join(dict.fromkeys(bare))}: these backgrounds have no "
                "particles, which a NuHepMC file requires; select components with "
                f"particles with --component (--component {SIGNAL})"
            )
        parts: dict[str, _Drawn] = {}
        for s in sample.strata:
            if isinstance(s.part, RecoilEvents):
                parts[s.component] = s.part.recoils
            elif isinstance(s.part, ReactionEvents):
                parts[s.component] = s.part
                if not s.part.follows_particles:
                    raise InputError(
                        f"{s.component}: the outgoing particles of {s.part.process.name!r} are "
                        "not simulated, but a NuHepMC file requires them; write .csv, .parquet, "
                        ".h5 or .root, or name other components with --component"
                    )
        self._beam_masses = [p.mass_mev for p in parts.values()]
        self._masses = {nuclear_code(n): n.mass_mev for p in parts.values() for n in p.nuclides}
        self._reacts = [isinstance(p, ReactionEvents) for p in parts.values()]
        self._processes = _numbers(parts)
        self._sigma = _cross_sections(parts)
        particles = {c.name for c in (TIME, *TRUTH, *REACTION)} - _ATTRIBUTES
        known = {"event", "component", *particles}
        self._extra = [c.name for c in sample.columns if c.name not in known]
        self._run = self._header(sample, parts, provenance)
        self._file = self._hep.io.WriterAscii(str(path), self._run)
        self._file.precision = 16

    def _header(
        self, sample: EventSample, parts: dict[str, _Drawn], provenance: dict[str, Any]
    ) -> Any:
        """What holds for all events."""
        run = self._hep.GenRunInfo()
        run.tools = [
            self._hep.GenRunInfo.ToolInfo(
                "cevns", VERSION, "neutrinos on nuclei at low energies, unweighted"
            )
        ]
        run.weight_names = ["CV"]
        exposure = _exposure(sample)
        timed = sample.is_timed
        total = sum(p.exposure_per_cm2 for p in parts.values())
        said: dict[str, Any] = {
            "Version.Major": 1,
            "Version.Minor": 0,
            "Version.Patch": 0,
            "Conventions": [
                *(["G.C.1"] if exposure else []), "G.C.2", "G.C.3", "G.C.4", "E.C.1",
                *(["E.C.2", "E.C.3"] if self._sigma else []),
                *(["E.C.5"] if timed else []),
                *(["P.C.2"] if any(self._reacts) else []),
            ],
            **exposure,
            "FluxAveragedTotalCrossSection": _PB_PER_CM2 * sample.expected / total,
            "Units.CrossSection.Unit": "pb",
            "Units.CrossSection.TargetScale": "PerAtom",
            **_citations("Generator", [entry("cevns").key]),
            "ProcessIDs": self._processes,
            "VertexStatusIDs": [1],
            "VertexStatusInfo[1].Name": "Primary",
            "VertexStatusInfo[1].Description": "scattering on the nucleus",
            "ParticleStatusIDs": list(_PARTICLES),
            "AdditionalParticleNumbers": list(self._masses),
            "Provenance.cevns": json.dumps(provenance, default=str),
        }  # fmt: skip
        for (name, part), number in zip(parts.items(), self._processes, strict=True):
            title, about = _described(name, part)
            said[f"ProcessInfo[{number}].Name"] = title
            said[f"ProcessInfo[{number}].Description"] = about
            used = of_process(part.process, "interaction")
            if isinstance(part, RecoilSampler):
                nuclear = sample.experiment.citations.pairs
                used += Citations(tuple(p for p in nuclear if p[1] == "form factor"))
            said |= _citations(f"Process[{number}]", used.entries)
        for status, (title, about) in _PARTICLES.items():
            said[f"ParticleStatusInfo[{status}].Name"] = title
            said[f"ParticleStatusInfo[{status}].Description"] = about
        for part in parts.values():
            for nuclide in part.nuclides:
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
        masses, totals = self._masses, self._totals(block)
        columns = {name: values.tolist() for name, values in block.items()}
        for i, number in enumerate(columns["event"]):
            of = int(columns["component"][i])
            energy, code = columns["neutrino_energy_mev"][i], int(columns["neutrino_pdg"][i])
            beam_mass = self._beam_masses[of]
            momentum = ((energy - beam_mass) * (energy + beam_mass)) ** 0.5
            nucleus = int(columns["nucleus_pdg"][i])
            mass = masses[nucleus]
            if self._reacts[of]:
                out = _electron_and_rest(columns, i, energy, code, mass)
            else:
                out = _scattered(columns, i, code, beam_mass, nucleus, mass)
            event = hep.GenEvent(self._run, *units)
            event.event_number = int(number)
            (first, first_code, first_mass), (second, second_code, second_mass) = out
            particles = (
                hep.GenParticle((0.0, 0.0, momentum, energy), code, 4),
                hep.GenParticle((0.0, 0.0, 0.0, mass), nucleus, 20),
                hep.GenParticle(first, first_code, 1),
                hep.GenParticle(second, second_code, 1),
            )
            own = beam_mass, mass, first_mass, second_mass
            for particle, its in zip(particles, own, strict=True):
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
                if (value := columns[name][i]) == value:
                    attributes[name] = value
            for name, values in totals.items():
                attributes[name] = values[i]
            self._file.write(event)

    def _totals(self, block: Block) -> dict[str, list[float]]:
        """Cross sections at the energy of each event, pb: of its process, and of all here."""
        if not self._sigma:
            return {}
        of, beam, nucleus = (
            block[n].astype(np.int64) for n in ("component", "neutrino_pdg", "nucleus_pdg")
        )
        energy = block["neutrino_energy_mev"]
        own, every = np.zeros(energy.size), np.zeros(energy.size)
        for (component, code, target), (energies, sigma) in self._sigma.items():
            mine = (beam == code) & (nucleus == target)
            found = np.interp(energy[mine], energies, sigma)
            every[mine] += found
            own[mine] += np.where(of[mine] == component, found, 0.0)
        return {"proc_xs": own.tolist(), "tot_xs": every.tolist()}

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


def _numbers(parts: dict[str, _Drawn]) -> list[int]:
    """Numbers of the processes: CEvNS, other recoils, and charged currents."""
    recoils, currents = (iter(range(n, n + len(parts))) for n in (_OTHER, _CHARGED))
    return [
        next(currents)
        if isinstance(part, ReactionEvents)
        else _CEVNS
        if name == SIGNAL
        else next(recoils)
        for name, part in parts.items()
    ]


def _described(name: str, part: _Drawn) -> tuple[str, str]:
    """Name and description of the process of a component."""
    if isinstance(part, ReactionEvents):
        return part.process.name, f"charged current on {part.process.target}, component {name}"
    if name == SIGNAL:
        more = "" if part.process.name == "standard-model" else f", with {part.process.name}"
        return "CEvNS", f"coherent elastic neutrino-nucleus scattering, neutral current{more}"
    return name, f"recoils of nuclei of the component {name}"


def _citations(of: str, keys: Iterable[str]) -> dict[str, list[str]]:
    """Whom to cite for something, by the sorts of identifiers that there are (G.C.3)."""
    found: dict[str, list[str]] = {}
    for key in keys:
        known = entry(key)
        found.setdefault("BibTeXKey", []).append(known.key)
        if _TEXKEY.fullmatch(known.key):
            found.setdefault("InspireHep", []).append(known.key)
        for identifier in known.identifiers:
            sort, _, number = identifier.partition(":")
            found.setdefault({"arXiv": "arXiv", "doi": "DOI"}[sort], []).append(number)
    return {f"Citations.{of}.{sort}": each for sort, each in found.items()}


def _cross_sections(parts: dict[str, _Drawn]) -> dict[tuple[int, int, int], tuple[Array, Array]]:
    """Energies and cross sections, pb, by component, beam particle and nucleus.

    None at all where one of them has no end, as that of a magnetic moment.
    """
    out: dict[tuple[int, int, int], tuple[Array, Array]] = {}
    for component, part in enumerate(parts.values()):
        for s, species in enumerate(part.source.flavours):
            top = part.source.end_point_mev(species)
            top = max([top, *(e for e, _ in part.source.lines(species))])
            energies = np.linspace(0.0, top, _ENERGIES)[1:]
            code = particle_code(species, part.process.kinematics)
            for a, nuclide in enumerate(part.nuclides):
                sigma = part.total_cm2(energies, s, a)
                if sigma is None:
                    return {}
                out[component, code, nuclear_code(nuclide)] = energies, _PB_PER_CM2 * sigma
    return out


def _scattered(
    columns: dict[str, list[float]], i: int, code: int, beam_mass: float, nucleus: int, mass: float
) -> tuple[_Outgoing, _Outgoing]:
    """The beam particle after an event, and the nucleus."""
    t = 1e-3 * columns["recoil_energy_kev"][i]
    q = (t * (t + 2.0 * mass)) ** 0.5
    x, y, z = (q * columns[f"recoil_{axis}"][i] for axis in "xyz")
    px, py, pz, energy = (columns[f"outgoing_{c}_mev"][i] for c in ("px", "py", "pz", "energy"))
    return ((px, py, pz, energy), code, beam_mass), ((x, y, z, mass + t), nucleus, mass)


def _electron_and_rest(
    columns: dict[str, list[float]], i: int, energy: float, code: int, mass: float
) -> tuple[_Outgoing, _Outgoing]:
    """The electron or positron of a charged current, and all else as one particle."""
    kinetic = columns["electron_energy_mev"][i]
    q = (kinetic * (kinetic + 2.0 * M_ELECTRON_MEV)) ** 0.5
    x, y, z = (q * columns[f"electron_{axis}"][i] for axis in "xyz")
    total = kinetic + M_ELECTRON_MEV
    rest = (-x, -y, energy - z, energy + mass - total)
    left = (rest[3] ** 2 - rest[0] ** 2 - rest[1] ** 2 - rest[2] ** 2) ** 0.5
    electron = 11 if code > 0 else -11
    return ((x, y, z, total), electron, M_ELECTRON_MEV), (rest, _REMNANT, left)


def _beams(parts: list[_Drawn]) -> dict[str, Any]:
    """Spectra of the beam particles, particles per cm2, one for each code."""
    emitted: dict[int, list[tuple[Source, str]]] = {}
    for part in parts:
        source, kinematics = part.source, part.process.kinematics
        for species in source.flavours:
            if source.fluence_cm2(species) > 0.0:
                emitted.setdefault(particle_code(species, kinematics), []).append((source, species))
    out: dict[str, Any] = {}
    least = min(part.mass_mev for part in parts)
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
