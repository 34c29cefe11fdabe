"""Finding and reading experiment files: by name from the catalogue, or by path.

Every mistake is reported with file, line and field.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cevns.exceptions import InputError, SchemaError, UnknownNameError
from cevns.experiments.schema import ExperimentFile
from cevns.registry import canonical

CATALOGUE = Path(__file__).parent / "catalogue"


def catalogue() -> tuple[str, ...]:
    """Names of the experiments the package ships."""
    return tuple(sorted(p.stem for p in CATALOGUE.glob("*.yaml")))


def find(name_or_path: str | Path) -> Path:
    """The file behind a catalogue name or a path.

    Anything with a path separator or a YAML suffix is a path; all else is a name.

    Raises:
        UnknownNameError: if no experiment of that name is shipped.
        InputError: if the path does not exist or is a folder.
    """
    text = str(name_or_path)
    path = Path(text).expanduser()
    if path.suffix.casefold() in {".yaml", ".yml"} or "/" in text or path.exists():
        if path.is_dir():
            raise InputError(f"{path} is a folder; name the experiment's YAML file in it")
        if not path.exists():
            raise InputError(f"there is no experiment file {path}; check the path")
        return path
    name = canonical(text)
    if name not in catalogue():
        raise UnknownNameError("experiment", text, catalogue())
    return CATALOGUE / f"{name}.yaml"


def line_of(node: Any, location: Sequence[int | str]) -> int | None:
    """Line (from 1) of the innermost part of `location` that the YAML document has."""
    line: int | None = None
    for key in location:
        position = getattr(node, "lc", None)
        if position is None:
            break
        try:
            line = (position.item(key) if isinstance(key, int) else position.key(key))[0] + 1
            node = node[key]
        except (KeyError, IndexError, TypeError):
            # a missing key, or a union's tag in pydantic's location: stay at the parent
            continue
    return line


def parse(path: Path) -> tuple[dict[str, Any], Any]:
    """Read a YAML mapping; returns it plain and as the document that knows its lines.

    Raises:
        SchemaError: if the file is empty, binary, not YAML, or not a mapping.
        InputError: if it cannot be read.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise SchemaError(
            "this is not a text file; an experiment file is YAML", path=path
        ) from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    if "\0" in text:
        raise SchemaError("this is not a text file; an experiment file is YAML", path=path)
    try:
        document = YAML().load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        raise SchemaError(
            f"this is not valid YAML: {error.problem}", path=path, line=mark and mark.line + 1
        ) from None
    except (YAMLError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise SchemaError(f"this is not valid YAML: {first}", path=path) from None
    if document is None:
        raise SchemaError(
            "the file is empty; an experiment file declares at least a name, "
            "a source, a target, a detector and axes",
            path=path,
        )
    if not isinstance(document, dict):
        raise SchemaError("expected 'field: value' lines at the top level", path=path, line=1)
    return _plain(document), document


def _plain(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {str(k): _plain(v) for k, v in node.items()}
    if isinstance(node, list):
        return [_plain(v) for v in node]
    if isinstance(node, bool) or node is None:
        return node
    if isinstance(node, float):
        return float(node)
    return int(node) if isinstance(node, int) else str(node)


def validate(plain: Mapping[str, Any], document: Any, path: Path) -> ExperimentFile:
    """Check a parsed file against the schema.

    Raises:
        SchemaError: for the first slip, with file, line and field.
    """
    from pydantic import ValidationError

    try:
        return ExperimentFile.model_validate(plain)
    except ValidationError as error:
        raise schema_error(error, document, path) from None


def schema_error(
    error: Any, document: Any, path: Path, prefix: Sequence[int | str] = ()
) -> SchemaError:
    """Turn pydantic's first complaint into one sentence with file, line and field."""
    first = error.errors(include_url=False)[0]
    location = [*prefix, *first["loc"]]
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        import difflib

        known = _known_fields([str(k) for k in location[:-1]])
        near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.5)
        message = "there is no such field" + (f"; did you mean '{near[0]}'?" if near else "")
        if known and not near:
            message += f"; known here: {', '.join(known)}"
    elif first["type"] == "missing":
        message = "this field is missing"
    elif first["type"] in {"string_type", "model_type", "dict_type", "list_type", "float_parsing"}:
        message = f"{message[0].lower()}{message[1:]}, got {first['input']!r}"
    field = ".".join(str(k) for k in location)
    return SchemaError(message, path=path, line=line_of(document, location), field=field)


def _known_fields(location: Sequence[str]) -> list[str]:
    """Field names the schema knows at a place, for the nearest-name hint."""
    from pydantic import BaseModel

    model: Any = ExperimentFile
    for key in location:
        fields = getattr(model, "model_fields", {})
        if key in fields:
            model = fields[key].annotation
            for argument in getattr(model, "__args__", ()):
                if isinstance(argument, type) and issubclass(argument, BaseModel):
                    model = argument
                    break
    fields = getattr(model, "model_fields", {})
    return [f.alias or name for name, f in fields.items()]


def override(plain: dict[str, Any], assignments: Mapping[str, str]) -> dict[str, Any]:
    """Apply ``--set section.field=value`` to a parsed file; values are read as YAML.

    Dots separate fields; a field that itself holds a dot (``parameters.sns.flux``) is matched
    whole where it exists. List entries go by position.

    Raises:
        InputError: if a step on the way is not there, with what is.

    Examples:
        >>> override({"target": {"mass": "1 kg"}}, {"target.mass": "2 kg"})
        {'target': {'mass': '2 kg'}}
    """
    import copy

    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    result: Any = copy.deepcopy(plain)
    for key, text in assignments.items():
        try:
            value = _plain(YAML().load(text))
        except YAMLError:
            raise InputError(f"--set {key}: {text!r} is not a YAML value") from None
        node, rest = result, key
        while True:
            step, rest = _step(node, rest, key)
            if not rest:
                node[step] = value
                break
            node = node[step]
            if not isinstance(node, dict | list):
                raise InputError(
                    f"--set {key}: '{step}' holds the value {node!r} and has no fields of its own"
                )
    return dict(result)


def _step(node: Any, rest: str, key: str) -> tuple[Any, str]:
    """The next field of a dotted path, the longest one that exists, and what remains."""
    if isinstance(node, list):
        head, _, tail = rest.partition(".")
        if not head.isdigit() or int(head) >= len(node):
            raise InputError(f"--set {key}: {head!r} is no position in a list of {len(node)}")
        return int(head), tail
    parts = rest.split(".")
    for n in range(len(parts), 0, -1):
        head = ".".join(parts[:n])
        for known in node:
            if known == head or known.replace("_", "-") == head.replace("_", "-"):
                return known, ".".join(parts[n:])
    if len(parts) == 1:
        return parts[0], ""  # a new field: the schema says whether it may be there
    raise InputError(f"--set {key}: there is no field {parts[0]!r}; there are {', '.join(node)}")


def digest(path: Path) -> str:
    """The sha256 of a file, hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
