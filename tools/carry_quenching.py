"""Regenerate the tables of quenching points that the package carries.

    python tools/carry_quenching.py DATA_DIR [OUTPUT_DIR]

DATA_DIR holds ``coherent-csi-2017`` (Zenodo record 1228631) and ``quenching`` with compilations
of published points (csi, ar, ge, si). Numbers of papers are written as data sets of
`cevns.quenching.points`; no file is copied. What is left out, and why: silicon points filed as
germanium (two files of the compilation), curves digitised from points that are carried, argon
yields in an electric field.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np

from cevns import files
from cevns.typing import Array

HOME = Path(__file__).resolve().parents[1] / "src/cevns/quenching/catalogue"
CALIBRATION = (
    "scale-error 3 %: what a re-examination moved the calibration of one set by "
    "(COHERENT talk 2020)"
)
OFFSET = (
    "offset-error: mean afterglow of 0.3 PE at 1200 PE per 59.5 keV (COHERENT talk 2020), in keVee"
)


def write(home: Path, name: str, comment: list[str], columns: dict[str, Array]) -> None:
    """Write one data set, sorted by recoil energy."""
    order = np.argsort(columns["recoil_energy_kevnr"], kind="stable")
    lines = [f"# {line}" for line in comment]
    lines.append(",".join(columns))
    lines += [
        ",".join(f"{v:.6g}" for v in row)
        for row in zip(*(c[order] for c in columns.values()), strict=True)
    ]
    path = home / f"{name}.csv"
    files.make_folder(path.parent)
    files.write(path, "\n".join(lines) + "\n")


def numbers(path: Path, **options: object) -> Array:
    """A table of numbers as an array of columns."""
    return np.loadtxt(path, **options).T  # type: ignore[call-overload, no-any-return]


def csi(data: Path, home: Path) -> None:
    """CsI: the two sets of the 2017 release, the Chicago set of 2015, two of other crystals."""
    t, up, down, q, q_up, q_down = numbers(
        data / "coherent-csi-2017" / "qfData_tunl.txt", delimiter=","
    )
    write(
        home,
        "csi/coherent-1",
        [
            "title: COHERENT-1 (Duke 2017, corrected)",
            (
                "cite: arXiv:1708.01294, release doi:10.5281/zenodo.1228631; "
                "correction: COHERENT talk 2020"
            ),
            "material: csi",
            "correction: 0.97",
            "scale-error: 0.03",
            "offset-error: 0.0149",
            (
                "note: published as asymmetric errors, their mean is carried; the "
                "correction of -3 % is applied when read"
            ),
            CALIBRATION.replace(":", ","),
            OFFSET.replace(":", ","),
            (
                "As independent errors the recoil errors are too large for the scatter "
                "(chi2 below 1 for 8"
            ),
            "degrees of freedom of a 4th-order polynomial): they are partly common or widths.",
        ],
        {
            "recoil_energy_kevnr": t,
            "recoil_error_kevnr": 0.5 * (up + down),
            "quenching_factor": q,
            "quenching_error": 0.5 * (q_up + q_down),
        },
    )
    t, dt, q, dq = numbers(data / "coherent-csi-2017" / "qfData_chicago.txt", delimiter=",")
    write(
        home,
        "csi/coherent-2",
        [
            "title: COHERENT-2 (Chicago 2017, first analysis)",
            "cite: arXiv:1708.01294, release doi:10.5281/zenodo.1228631",
            "material: csi",
            "scale-error: 0.03",
            (
                "note: the re-analysis of 2020 did not confirm these values and "
                "replaces them; its points are not carried"
            ),
            CALIBRATION.replace(":", ","),
        ],
        {
            "recoil_energy_kevnr": t,
            "recoil_error_kevnr": dt,
            "quenching_factor": q,
            "quenching_error": dq,
        },
    )
    others = {
        "chicago-1": (
            "QF-Juan-CsI.txt",
            "Chicago-1 (2015)",
            "Collar et al., NIM A 773 (2015) 56, arXiv:1407.7524",
            (
                "re-analysed in 2019 (arXiv:1907.04828, PRD 100, 033003); the new "
                "points are not carried"
            ),
        ),
        "park-1": (
            "QF-Park-CsI-01.txt",
            "Park 2002, first crystal",
            "Park et al., NIM A 491 (2002) 460",
            (
                "another crystal; which of the two is CsI(Na) and which CsI(Tl) the "
                "compilation does not say"
            ),
        ),
        "park-2": (
            "QF-Park-CsI-02.txt",
            "Park 2002, second crystal",
            "Park et al., NIM A 491 (2002) 460",
            (
                "another crystal; which of the two is CsI(Na) and which CsI(Tl) the "
                "compilation does not say"
            ),
        ),
        "guo": (
            "QF-Guo-CsI.txt",
            "Guo 2016",
            "Guo et al., NIM A 818 (2016) 38, arXiv:1602.04923",
            "another crystal",
        ),
    }
    for name, (file, title, cite, note) in others.items():
        t, q, dt, upper = numbers(data / "quenching/csi" / file, skiprows=1)
        write(
            home,
            f"csi/{name}",
            [
                f"title: {title}",
                f"cite: {cite}",
                "material: csi",
                "scale-error: 0.03",
                "use: compare",
                f"note: {note}",
                (
                    "Read off a figure by the compiler; the upper end of the error bar, "
                    "taken as symmetric."
                ),
                CALIBRATION.replace(":", ","),
            ],
            {
                "recoil_energy_kevnr": t,
                "recoil_error_kevnr": dt,
                "quenching_factor": q / 100.0,
                "quenching_error": (upper - q) / 100.0,
            },
        )


ARGON = {
    "SCENE 2015": ("scene", "Cao et al. (SCENE), PRD 91 (2015) 092007, arXiv:1406.4825", ""),
    "ARIS 2018": ("aris", "Agnes et al. (ARIS), PRD 97 (2018) 112005, arXiv:1801.06653", ""),
    "Creus 2015": ("creus", "Creus et al., JINST 10 (2015) P08002, arXiv:1504.07878", ""),
    "MicroCLEAN 2012": ("microclean", "Gastler et al., PRC 85 (2012) 065811, arXiv:1004.0373", ""),
    "Regenfus 2012": ("regenfus", "Regenfus et al., arXiv:1203.0849", "preliminary values"),
    "WARP 2005": ("warp", "Brunetti et al. (WARP), New Astron. Rev. 49 (2005) 265", "one point"),
}


def argon(data: Path, home: Path) -> None:
    """Argon: scintillation efficiency at zero field relative to electrons, below 125 keVnr."""
    with (data / "quenching/ar/nr_light_yield.csv").open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if float(r["field"]) == 0.0]
    for title, (name, cite, note) in ARGON.items():
        mine = [r for r in rows if r["dataset"] == title and float(r["energy"]) <= 125.0]

        def column(key: str, rows: list[dict[str, str]] = mine) -> Array:
            return np.array([float(r[key]) for r in rows])

        write(
            home,
            f"ar/{name}",
            [
                f"title: {title}",
                f"cite: {cite}",
                "material: ar",
                *(["use: compare", f"note: {note}"] if note else []),
                (
                    "From the compilation of light yields of the NEST collaboration; zero "
                    "field, at most 125"
                ),
                "keVnr; L_eff relative to electrons as compiled. Means of asymmetric errors.",
            ],
            {
                "recoil_energy_kevnr": column("energy"),
                "recoil_error_kevnr": 0.5 * (column("energy_sl") + column("energy_sh")),
                "quenching_factor": column("l_eff"),
                "quenching_error": 0.5 * (column("l_eff_sl") + column("l_eff_sh")),
            },
        )


def germanium(data: Path, home: Path) -> None:
    """Germanium: EDELWEISS and the TUNL points of Li's thesis."""
    t, q, dq, _ = numbers(data / "quenching/ge/edelweiss_avgYeild_GGA1.txt", skiprows=1)
    good = q < 1.0
    write(
        home,
        "ge/edelweiss",
        [
            "title: EDELWEISS (detector GGA1)",
            (
                "cite: from a compilation; the values agree with Q = 0.16 T^0.18 of "
                "EDELWEISS, NIM A 530 (2004) 426"
            ),
            "material: ge",
            "scale-error: 0.02",
            (
                "note: mean yields with the errors of the means; a scale error of 2 % "
                "is assumed, none is given"
            ),
            "Left out: a row at 8.5 keV, 2.5 +- 2.1, that holds no information.",
        ],
        {
            "recoil_energy_kevnr": t[good],
            "quenching_factor": q[good],
            "quenching_error": dq[good],
        },
    )
    path = data / "coherent-ge-2024/ge_qf_LLi_thesis_points.csv"
    t, down, up, e, de = numbers(path, delimiter=",", skiprows=2, usecols=(0, 1, 2, 3, 4))
    write(
        home,
        "ge/tunl",
        [
            "title: TUNL (2022)",
            "cite: L. Li, PhD thesis, Duke University (2022)",
            "material: ge",
            "note: third-party transcription, recoil errors read off a figure",
        ],
        {
            "recoil_energy_kevnr": t,
            "recoil_error_kevnr": 0.5 * (down + up),
            "electron_energy_kevee": e / 1e3,
            "electron_error_kevee": de / 1e3,
        },
    )


def silicon(data: Path, home: Path) -> None:
    """Silicon ionisation yields."""
    folder = data / "quenching/si"

    def simple(name: str, file: str, title: str, cite: str, note: str, *keys: str) -> None:
        table = numbers(folder / file, skiprows=1)
        columns = dict(zip(keys, table, strict=False))
        if "lower" in columns:
            columns["quenching_error"] = 0.5 * (columns.pop("lower") + columns.pop("upper"))
        comment = [f"title: {title}", f"cite: {cite}", "material: si"]
        comment += [f"note: {note}"] if note else []
        comment += ["recoil-errors: spread"] if name == "cdms" else []
        write(home, f"si/{name}", comment, columns)

    t, dt, q, dq = (
        "recoil_energy_kevnr",
        "recoil_error_kevnr",
        "quenching_factor",
        "quenching_error",
    )
    simple(
        "gerbier",
        "Gerbier_90.txt",
        "Gerbier 1990",
        "Gerbier et al., PRD 42 (1990) 3211",
        "",
        t,
        dt,
        q,
        dq,
    )
    simple(
        "dougherty",
        "Dougherty_91.txt",
        "Dougherty 1992",
        "Dougherty, PRA 45 (1992) 2104",
        "",
        t,
        dt,
        q,
        dq,
    )
    simple(
        "zecher",
        "Zecher_90.txt",
        "Zecher 1990",
        "Zecher et al., PRA 41 (1990) 4058",
        "mean of asymmetric errors",
        t,
        dt,
        q,
        "lower",
        "upper",
    )
    simple(
        "sattler",
        "Sattler_65.txt",
        "Sattler 1965",
        "Sattler, Phys. Rev. 138 (1965) A1815",
        "mean of asymmetric errors",
        t,
        q,
        "lower",
        "upper",
    )
    simple(
        "cdms",
        "CDMSII.txt",
        "CDMS II 2018",
        "Agnese et al. (CDMS), arXiv:1803.02903",
        "recoil errors are half widths of the bins and not used",
        t,
        dt,
        q,
        dq,
    )
    e, t_mean, stat, common = numbers(folder / "Chavarria_16.txt", skiprows=1)
    write(
        home,
        "si/chavarria",
        [
            "title: Chavarria 2016",
            "cite: Chavarria et al., PRD 94 (2016) 082007, arXiv:1608.00957",
            "material: si",
            (
                "note: the ionisation energy is the bin, the recoil energy is what was "
                "measured; its systematic error is taken as common"
            ),
        ],
        {
            "recoil_energy_kevnr": t_mean,
            "recoil_error_kevnr": stat,
            "recoil_common_kevnr": common,
            "electron_energy_kevee": e,
        },
    )
    e, de, t_mean, stat, common = numbers(folder / "Izraelevitch_17.txt", skiprows=1)[:5]
    write(
        home,
        "si/izraelevitch",
        [
            "title: Izraelevitch 2017",
            "cite: Izraelevitch et al., JINST 12 (2017) P06014, arXiv:1702.00873",
            "material: si",
            "note: systematic errors of both energies are taken as common",
        ],
        {
            "recoil_energy_kevnr": t_mean,
            "recoil_error_kevnr": stat,
            "recoil_common_kevnr": common,
            "electron_energy_kevee": e,
            "electron_common_kevee": de,
        },
    )


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    target = Path(sys.argv[2]) if len(sys.argv) == 3 else HOME
    for material in (csi, argon, germanium, silicon):
        material(Path(sys.argv[1]), target)
