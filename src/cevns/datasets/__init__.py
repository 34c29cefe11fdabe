"""Public data releases: what there is, where it is, fetching it, reading it.

- `releases`: the releases known by name, with digests (`names`, `release`).
- `places`: ``--data``, ``CEVNS_DATA``, cache, carried tables (`locate`, `find`,
  `where`, `verify`).
- `download`: into the user's cache (`fetch`).
- `tables`: the table format of cevns (`read_table`).
- `csi2017`, `csi2021`: readers of ``coherent-csi-2017`` and ``coherent-csi-2021``.
"""

from cevns.datasets.digests import FileCheck, Verification
from cevns.datasets.download import fetch
from cevns.datasets.places import Located, cache_folder, carried, find, locate, verify, where
from cevns.datasets.releases import Release, ReleaseFile, names, release
from cevns.datasets.tables import Table, read_table

__all__ = [
    "FileCheck",
    "Located",
    "Release",
    "ReleaseFile",
    "Table",
    "Verification",
    "cache_folder",
    "carried",
    "fetch",
    "find",
    "locate",
    "names",
    "read_table",
    "release",
    "verify",
    "where",
]
