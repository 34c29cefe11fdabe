"""The parsed experiment file: plain values beside the lines they came from.

Every mistake in a file is reported from here: with file, line and field, or with the ``--set``
that brought it in.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from cevns import datasets
from cevns.exceptions import InputError, SchemaError
from cevns.files import expanded, read

__all__ = ["LARGEST", "LONGEST", "RELEASE", "Document", "Location", "nearest", "parse"]

Location = Sequence[int | str]
LONGEST = 100_000
"""Values a file may hold: a table beyond this belongs into a CSV file."""
LARGEST = 256_000
"""Bytes a file may have: reading more takes many seconds."""
_DEEPEST = 50
RELEASE = "release:"
"""Before the name of a public release and that of a file in it."""


@dataclass(frozen=True, eq=False)
class Document:
    """A YAML mapping that knows its lines.

    Args:
        path: the file.
        values: its plain values, with the changes applied.
        lines: the YAML nodes; they know where they stand.
        changes: fields changed from outside the file, as written.
        patches: files of new physics that were laid on it.
        sha256: digest of what was parsed.
        data: folder that the user named for public releases.
    """

    path: Path
    values: Mapping[str, Any]
    lines: Any
    changes: Mapping[str, str] = field(default_factory=dict)
    patches: tuple[Document, ...] = ()
    sha256: str = ""
    data: Path | None = None

    def file(self, written: str) -> Path:
        """A file that the document names: beside it or a patch of it, or in a public release.

        ``release:NAME/FILE`` is a file of a release (`cevns.datasets`), which is looked for in the
        folder that the user named, in ``CEVNS_DATA`` and in the cache.

        Raises:
            UnknownNameError: if there is no release of that name.
            InputError: if it is nowhere.
            DataError: if a file of it is missing.

        Examples:
            >>> Document(Path("here/my.yaml"), {}, None).file("counts.csv").as_posix()
            'here/counts.csv'
        """
        name, slash, file = written.removeprefix(RELEASE).partition("/")
        if not written.startswith(RELEASE):
            named = expanded(written)
            places = [d.path.parent / named for d in (self, *self.patches)]
            return next((p for p in places if p.is_file()), places[0])
        if not (slash and file):
            raise InputError(
                f"{written!r}: a file of a public release is written {RELEASE}NAME/FILE"
            )
        return datasets.locate(name, self.data).folder / file

    def written(self, assignments: Mapping[str, str]) -> str:
        """The text of the file with some fields changed; its comments stay.

        Args:
            assignments: as for `with_changes`; without any the file stays as it is.

        Raises:
            InputError: if a step on the way is not there, or a value is no YAML.
        """
        import copy
        import io

        from ruamel.yaml import YAML

        if not assignments:
            return self.path.read_text(encoding="utf-8-sig")
        yaml = YAML()
        yaml.preserve_quotes = True
        yaml.width = 4096
        nodes = copy.deepcopy(self.lines)
        for key, value in _assigned(assignments):
            _put(nodes, key, value)
        stream = io.StringIO()
        yaml.dump(nodes, stream)
        return stream.getvalue()

    def error(self, message: str, location: Location) -> SchemaError:
        """A mistake at a place in the file, or in the change that put it there."""
        name = ".".join(str(k) for k in location)
        for key, text in self.changes.items():
            a, b = (f"{n}.".replace("_", "-") for n in (key, name))
            if a.startswith(b) or b.startswith(a):
                return SchemaError(message, path=f"--set {key}={text}", field=name)
        for patch in self.patches:
            if patch.holds(location[:2]):
                return patch.error(message, location)
        return SchemaError(message, path=self.path, line=self.line(location), field=name)

    def holds(self, location: Location) -> bool:
        """Whether the file itself has a field at a place."""
        node: Any = self.values
        for key in location:
            if isinstance(node, list):
                inside = isinstance(key, int) and key < len(node)
            else:
                inside = isinstance(node, Mapping) and key in node
            if not inside:
                return False
            node = node[key]
        return bool(location)

    def reaches(self, key: str) -> int:
        """How many steps of a dotted path are missing at its end, the first that is and all below.

        Examples:
            >>> document = Document(Path("my.yaml"), {"target": {"mass": "1 kg"}}, None)
            >>> document.reaches("target.mass"), document.reaches("target.material")
            (0, 1)
        """
        node: Any = self.values
        rest = key
        while rest:
            if not isinstance(node, dict | list):
                return rest.count(".") + 1
            try:
                step, left = _step(node, rest, key)
            except InputError:
                return rest.count(".") + 1
            if isinstance(node, dict) and step not in node:
                return 1
            node, rest = node[step], left
        return 0

    def line(self, location: Location) -> int | None:
        """Line (from 1) of the innermost part of `location` that the file has."""
        node, line = self.lines, None
        for key in location:
            position = getattr(node, "lc", None)
            if position is None:
                break
            try:
                line = (position.item(key) if isinstance(key, int) else position.key(key))[0] + 1
                node = node[key]
            except (KeyError, IndexError, TypeError):
                continue  # a missing key: stay at the parent
        return line

    def with_changes(self, assignments: Mapping[str, str]) -> Document:
        """Apply ``--set section.field=value``; values are read as YAML.

        Dots separate fields; a field that itself holds a dot (``parameters.sns.flux``) is
        matched whole where it exists. List entries go by position.

        Raises:
            InputError: if a step on the way is not there, with what is.

        Examples:
            >>> document = Document(Path("my.yaml"), {"target": {"mass": "1 kg"}}, None)
            >>> document.with_changes({"target.mass": "2 kg"}).values
            {'target': {'mass': '2 kg'}}
        """
        import copy

        values: Any = copy.deepcopy(self.values)
        for key, value in _assigned(assignments):
            _put(values, key, _plain(value))
        return replace(self, values=values, changes={**self.changes, **assignments})


def _assigned(assignments: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """Fields and their values, read as YAML.

    Raises:
        InputError: if one is no YAML.
    """
    for key, text in assignments.items():
        if key == "variant":  # named in results; its changes are among the others
            continue
        try:
            node = _load(text)
            _plain(node)
        except _YAMLProblemError as error:
            raise InputError(f"--set {key}: {text!r} is not a YAML value: {error}") from None
        yield key, node


def _put(values: Any, key: str, value: Any) -> None:
    """Give the field at a dotted path its value.

    Raises:
        InputError: if a step on the way is not there, with what is.
    """
    node, rest = values, key
    while True:
        step, rest = _step(node, rest, key)
        if not rest:
            node[step] = value
            return
        node = node[step]
        if not isinstance(node, dict | list):
            raise InputError(f"--set {key}: '{step}' holds the value {node!r} and has no fields")


def _step(node: Any, rest: str, key: str) -> tuple[Any, str]:
    """The next field of a dotted path, the longest one that exists, and what remains."""
    if isinstance(node, list):
        head, _, tail = rest.partition(".")
        if not head.isdecimal() or int(head) >= len(node):
            raise InputError(f"--set {key}: {head!r} is not a position in a list of {len(node)}")
        return int(head), tail
    parts = rest.split(".")
    for n in range(len(parts), 0, -1):
        head = ".".join(parts[:n])
        for known in node:
            if known == head or known.replace("_", "-") == head.replace("_", "-"):
                return known, ".".join(parts[n:])
    if len(parts) == 1:
        return parts[0], ""  # a new field: the schema says whether it may be there
    hint = nearest(parts[0], node, "there are")
    if not hint.endswith("?"):  # it may be a section that the file leaves to its defaults
        place = f"{key.removesuffix(rest)}{parts[0]}"
        hint += f"; what the file leaves out is given whole, --set '{place}={{{parts[1]}: ...}}'"
    raise InputError(f"--set {key}: there is no field {parts[0]!r}; {hint}")


def nearest(name: str, known: Iterable[str], otherwise: str) -> str:
    """The nearest known name as a question, else all of them after `otherwise`.

    Examples:
        >>> nearest("mas", ["mass", "material"], "known here:")
        "did you mean 'mass'?"
    """
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"did you mean '{near[0]}'?" if near else f"{otherwise} {', '.join(names)}"


def parse(path: Path) -> Document:
    """Read a YAML mapping.

    Raises:
        SchemaError: if the file is empty, binary, not YAML, not a mapping, or uses tags.
        InputError: if it is too large, or cannot be read.
    """
    try:
        raw = read(path, LARGEST)
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    except InputError:
        if _is_large_json(path):
            raise SchemaError(_JSON, path=path) from None
        raise
    if "\0" in text:
        raise SchemaError(
            "this is not a text file (UTF-8); an experiment file is YAML", path=path
        ) from None
    if what := _other_file(text):
        raise SchemaError(what, path=path)
    try:
        root = _load(text)
        values = _plain(root)
    except _YAMLProblemError as error:
        raise SchemaError(
            f"this is not a usable YAML file: {error}", path=path, line=error.line
        ) from None
    if values is None:
        raise SchemaError(
            "the file is empty; an experiment file declares at least a name, a source, a target, "
            "a detector and axes",
            path=path,
        )
    if not isinstance(values, dict):
        raise SchemaError("expected 'field: value' lines at the top level", path=path, line=1)
    return Document(path, values, root, sha256=hashlib.sha256(raw).hexdigest())


_JSON: Final = (
    "this is a JSON file that is no experiment file; 'cevns fit' and 'cevns inspect' read "
    "likelihood files (HistFactory or HS3), 'cevns report' and 'cevns cite' results"
)


def _is_large_json(path: Path) -> bool:
    """Whether a file is JSON and too large; a pipe, which would be waited for, is not opened."""
    with suppress(OSError):
        if path.is_file() and path.stat().st_size > LARGEST:
            with path.open("rb") as file:
                return file.read(100).lstrip()[:1] == b"{"
    return False


def _other_file(text: str) -> str:
    """What a JSON document is that is no experiment file, and who reads it; empty for others."""
    if not text.lstrip().startswith("{"):
        return ""
    try:
        fields = set(json.loads(text))
    except (ValueError, RecursionError):  # YAML may begin as JSON does
        return ""
    if "schema" in fields:
        return ""
    if "distributions" in fields or {"channels", "measurements", "observations"} <= fields:
        return (
            "this is a likelihood file (HistFactory or HS3): 'cevns fit' fits it and 'cevns "
            "inspect' shows it; the other commands take experiment files"
        )
    if {"patches", "metadata"} <= fields:
        return (
            "this is a patchset of HistFactory: 'cevns inspect' shows it, and 'pyhf patchset "
            "apply' makes likelihood files of it, which 'cevns fit' fits"
        )
    if {"version", "engine"} <= fields:
        return (
            "this is a result of cevns: 'cevns report', 'cevns inspect' and 'cevns cite' read it; "
            "an experiment file is expected here"
        )
    return _JSON


class _YAMLProblemError(Exception):
    """What is wrong, and the line (from 1) where it is known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


@lru_cache(maxsize=16)  # a file is read again for its combination, its variants, another --set
def _load(text: str) -> Any:
    """YAML nodes that know their lines; nothing is constructed but scalars, lists, mappings."""
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import DuplicateKeyError
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    reader = YAML()
    reader.preserve_quotes = True  # for what is written again
    try:
        return reader.load(text)
    except DuplicateKeyError as error:
        key = str(error.problem).split('"')
        named = f"the field '{key[1]}' is" if len(key) > 1 else "a field is"
        raise _YAMLProblemError(f"{named} given twice", _line(error.problem_mark)) from None
    except MarkedYAMLError as error:
        raise _YAMLProblemError(str(error.problem), _line(error.problem_mark)) from None
    except (YAMLError, ValueError, NotImplementedError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise _YAMLProblemError(first) from None
    except RecursionError:
        raise _YAMLProblemError("it is nested too deeply") from None
    except (AttributeError, TypeError):  # what ruamel ends in
        raise _YAMLProblemError(
            "a section contains itself, or the name of a field is not plain text"
        ) from None


def _line(mark: Any) -> int | None:
    return None if mark is None else mark.line + 1


def _plain(root: Any) -> Any:
    """Plain dicts, lists, strings, numbers and booleans.

    Raises:
        _YAMLProblemError: for a tag, and for what aliases blow up: too many values, too deep.
    """
    left = LONGEST

    def plain(node: Any, depth: int) -> Any:
        nonlocal left
        left -= 1
        if left < 0 or depth > _DEEPEST:
            what = f"it holds more than {LONGEST} values" if left < 0 else "it is nested too deeply"
            raise _YAMLProblemError(what)
        tag = getattr(getattr(node, "tag", None), "value", None)
        if tag is not None:
            line = getattr(getattr(node, "lc", None), "line", None)
            raise _YAMLProblemError(
                f"the tag {tag} has no meaning here", None if line is None else line + 1
            )
        if isinstance(node, Mapping):
            if any(isinstance(k, tuple | Mapping) for k in node):
                raise _YAMLProblemError("the name of a field is a list or a section; write a text")
            return {str(k): plain(v, depth + 1) for k, v in node.items()}
        if isinstance(node, list):
            return [plain(v, depth + 1) for v in node]
        if isinstance(node, bool) or node is None:
            return node
        if isinstance(node, float):
            return float(node)
        return int(node) if isinstance(node, int) else str(node)

    return plain(root, 0)
