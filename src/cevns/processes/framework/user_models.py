"""Interactions of users: a Python file of their own, or an installed package that brings some.

A file holds one `Extension` of the Standard Model, or a process that stands alone (a class with
``weights`` or ``kernel``), or names it ``MODEL`` or ``PROCESS``. It is given by its path,
``interaction("my_model.py")``, ``"my_model.py:Contact"``, ``"nsi+my_model.py"``. A package
declares its interactions as entry points of the group ``cevns.processes``; they are listed
without being imported.

Objects of a file can be sent to other processes: a pickle carries the source text of the file, and
the receiving process makes the module from it. So a worker needs no copy of the file, and one that
was edited since is not mixed with the old.
"""

from __future__ import annotations

import copyreg
import hashlib
import re
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast

from cevns.exceptions import InputError, UnknownNameError
from cevns.files import expanded
from cevns.processes.framework.extension import Extension
from cevns.processes.framework.kernels import Process
from cevns.registry import canonical, plugin

__all__ = [
    "GROUP",
    "Model",
    "alone",
    "from_file",
    "from_plugin",
    "is_path",
    "line_in",
    "parts",
    "say",
    "with_options",
]

GROUP: Final = "cevns.processes"
"""Entry points of this group are interactions."""
_PREFIX: Final = "cevns_user_model_"
_SOURCE: Final = "__cevns_source__"
_AFTER_PATH: Final = re.compile(r"^(?P<path>.*\.py)(?::(?P<member>[^\W\d]\w*))?$", re.DOTALL)
_WITH_OPTIONS: Final = re.compile(r"^(?P<name>[\w-]+):(?P<options>[^\\]*=.*)$")

Model = type[Extension] | Extension | type[Process] | Process
"""A class to be built with its options, or an object that is built already."""
_NO_INTERACTION: Final = (
    "derive from cevns.processes.Extension, or have the methods of cevns.processes.Interaction or "
    "KernelProcess"
)


def alone(model: object) -> bool:
    """Whether a class or an object is a process of its own, no extension of the Standard Model.

    Examples:
        >>> from cevns.processes import StandardModel
        >>> alone(StandardModel), alone(Extension), alone(3)
        (True, False, False)
    """
    kind = model if isinstance(model, type) else type(model)
    methods = (getattr(kind, name, None) for name in ("weights", "kernel"))
    return not issubclass(kind, Extension) and any(callable(m) for m in methods)


def parts(name: str) -> list[str]:
    """The interactions of a name joined by ``+``; a file whose path has a ``+`` is one.

    Examples:
        >>> parts("nsi+my_model.py:Contact")
        ['nsi', 'my_model.py:Contact']
    """
    match = _AFTER_PATH.match(name.strip())
    if match and expanded(match["path"]).is_file():
        return [name.strip()]
    return [part.strip() for part in name.split("+")]


def is_path(name: str) -> bool:
    """Whether a name is that of a file.

    Examples:
        >>> is_path("my_model.py:Contact"), is_path("nsi")
        (True, False)
    """
    name = with_options(name)[0]
    return _AFTER_PATH.match(name) is not None or "/" in name or "\\" in name


def with_options(name: str) -> tuple[str, dict[str, str]]:
    """An interaction and the options that are written behind it.

    Examples:
        >>> with_options("light-vector:charges=B-3L_e,loop=constant")
        ('light-vector', {'charges': 'B-3L_e', 'loop': 'constant'})
        >>> with_options("my_model.py:Contact")
        ('my_model.py:Contact', {})
    """
    match = _WITH_OPTIONS.match(name.strip())
    if match is None:
        return name, {}
    pairs = [pair.partition("=") for pair in match["options"].split(",")]
    for key, equals, value in pairs:
        if not (key.strip() and equals and value.strip()):
            raise InputError(
                f"{name!r}: options are written NAME=VALUE, with commas between, as in "
                "light-vector:charges=B-L,loop=constant"
            )
    return match["name"], {key.strip(): value.strip() for key, _, value in pairs}


def from_file(name: str) -> Model:
    """The extension in a file, ``my_model.py`` or ``my_model.py:ClassName``.

    Raises:
        InputError: if the file does not exist, it cannot be run, or it is not clear which
            extension is meant.
        UnknownNameError: if it holds nothing of the name.
    """
    match = _AFTER_PATH.match(name)
    if match is None:
        raise InputError(
            f"{name!r} is not an interaction: your own model is a Python file, for example "
            "my_model.py or my_model.py:ClassName"
        )
    path = expanded(match["path"]).resolve()
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "the file does not exist"
        raise InputError(f"the interaction {match['path']!r}: {what}; give the path of your model")
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{match['path']} cannot be read as Python text: {error}") from None
    return _choose(_module(path, source), match["member"], match["path"])


def from_plugin(name: str) -> Model:
    """The extension that an installed package declares.

    Raises:
        InputError: if several packages declare the name, or the object cannot be imported or is
            no extension.
        UnknownNameError: if none declares it.
    """
    found, where = plugin(GROUP, "interaction", name)
    if isinstance(found, ModuleType):
        return _choose(found, None, where)
    return _checked(found, where)


def say(error: BaseException) -> str:
    """An exception of a user's code in one line: its kind and what it says."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def line_in(error: BaseException, path: str) -> int | None:
    """The line of a file that an exception came through last."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
    return frames[-1].lineno if frames else None


def _module(path: Path, source: str) -> ModuleType:
    """The module of a file, made once for each text of it."""
    digest = hashlib.sha256(f"{path}\0{source}".encode()).hexdigest()[:16]
    name = f"{_PREFIX}{re.sub(r'[^0-9A-Za-z]+', '_', path.stem)}_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    module = ModuleType(name)
    module.__file__ = str(path)
    setattr(module, _SOURCE, source)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        exec(compile(source, str(path), "exec", dont_inherit=True), module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        line = line_in(error, str(path))
        where = f"{path}, line {line}" if line else str(path)
        raise InputError(f"{where}: your model cannot be loaded, {say(error)}") from error
    for found in vars(module).values():
        if isinstance(found, type) and found.__module__ == name:
            _make_picklable(found)
            if (issubclass(found, Extension) or alone(found)) and not getattr(found, "name", ""):
                setattr(found, "name", canonical(path.stem))  # noqa: B010 - a protocol's name
    return module


def _choose(module: ModuleType, member: str | None, where: str) -> Model:
    """The extension that is meant."""
    own = {
        n: v
        for n, v in vars(module).items()
        if isinstance(v, type)
        and (issubclass(v, Extension) or alone(v))
        and v.__module__ == module.__name__
    }
    if member is not None:
        if not hasattr(module, member):
            raise UnknownNameError(f"extension in {where}", member, own)
        return _checked(getattr(module, member), f"{where}:{member}")
    for name in ("MODEL", "PROCESS"):
        if hasattr(module, name):
            return _checked(getattr(module, name), f"{where}: {name}")
    if not own:
        raise InputError(
            f"{where} holds no interaction: write a class that derives from "
            "cevns.processes.Extension, or a separate process with 'weights' or 'kernel'"
        )
    if len(own) > 1:
        raise InputError(
            f"{where} holds {len(own)} interactions, {', '.join(own)}: name one, for example "
            f"{where}:{next(iter(own))}, or set MODEL to it"
        )
    return next(iter(own.values()))


def _checked(found: Any, where: str) -> Model:
    if isinstance(found, Extension) or (isinstance(found, type) and issubclass(found, Extension)):
        return found
    if alone(found):
        return cast("Model", found)
    raise InputError(f"{where} is not an interaction: it must {_NO_INTERACTION}")


def _make_picklable(kind: type) -> None:
    """Let pickles of a class carry the file's text; its own way of pickling is left alone."""
    if not any("__reduce__" in vars(k) or "__reduce_ex__" in vars(k) for k in kind.__mro__[:-1]):
        copyreg.pickle(kind, _reduce)


def _reduce(instance: Any) -> tuple[Any, ...]:
    kind = type(instance)
    module = sys.modules[kind.__module__]
    arguments = str(module.__file__), getattr(module, _SOURCE), kind.__qualname__
    return _restore, arguments, instance.__getstate__()


def _restore(path: str, source: str, member: str) -> Any:
    """An object of a file's class, without its state, in the process that receives it."""
    kind = getattr(_module(Path(path), source), member)
    return object.__new__(kind)
