"""The live page in a notebook: what `explore()` of experiments and results gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cevns.app.engine import Engine
from cevns.app.server import page_file
from cevns.app.state import MODELS, StateError, on_the_page
from cevns.exceptions import CevnsError, MissingExtraError
from cevns.experiments.experiment import Experiment
from cevns.study import Study

__all__ = ["answer", "engine_of", "explore"]


def explore(shown: Any, state: str = "") -> Any:
    """Sliders on the experiments of a study or result, as a widget of a notebook.

    Args:
        shown: an experiment, a study, or a result of one.
        state: text of a state, as the address of ``cevns app`` has it.

    Raises:
        MissingExtraError: if anywidget is not installed.
        StateError: if the state cannot be shown.
    """
    try:
        import anywidget
        import traitlets
    except ImportError:
        raise MissingExtraError("anywidget", "notebook", "a widget with sliders") from None
    engine = engine_of(shown)
    begin = engine.state(state).text

    class Explorer(anywidget.AnyWidget):
        """The page; what it asks is evaluated here, in the kernel."""

        _esm = page_file("page.mjs")
        state = traitlets.Unicode(begin).tag(sync=True)

    widget = Explorer()
    widget.on_msg(lambda _, asked, __: widget.send(answer(engine, asked)))
    return widget


def engine_of(shown: Any) -> Engine:
    """The engine for the experiments of something that can be explored."""
    models, experiments = MODELS, tuple(shown.explored())
    if isinstance(shown, Study) and isinstance(shown.models, str):
        # its new physics has sliders, over the experiments as they are without
        models = shown.models
        experiments = tuple(replace(e, process=None) for e in experiments)
    own: dict[str, Experiment] = {e.name: e for e in experiments}
    return Engine(own, catalogue=False, models=models)


def answer(engine: Engine, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a message of the page is answered with: the view, or what is wrong."""
    number = asked.get("number")
    try:
        state = engine.state(str(asked.get("text", "")))
        view = engine.evaluate(state, answers=not asked.get("quick"))
    except StateError as error:
        return {"number": number, "field": error.field, "error": error.said}
    except CevnsError as error:
        return {"number": number, "field": "link", "error": on_the_page(str(error))}
    return {"number": number, "record": dict(view.record)}
