"""The command ``cevns``: a thin skin over the Python API.

Exit codes: 0, 1 (a fit did not converge), 2 (the user's mistake), 130 (Ctrl-C).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

__all__ = ["main", "run"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code; a mistake is one sentence, no traceback."""
    try:
        code = run(arguments)
    except KeyboardInterrupt:  # while still starting
        code = _say("interrupted", 130)
    sys.exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    import warnings

    from cevns.cli.app import app
    from cevns.cli.terminal.screen import any_encoding
    from cevns.exceptions import CevnsError, CevnsWarning, UnknownNameError

    def show(message: Warning | str, *_: object, **__: object) -> None:
        _say(f"warning: {message}")

    any_encoding()
    words = [_option(word) for word in (sys.argv[1:] if arguments is None else arguments)]
    with warnings.catch_warnings():
        warnings.showwarning = show
        # what a user can act on; arithmetic that overflows ends in a refused result anyway
        warnings.simplefilter("ignore")
        warnings.simplefilter("default", CevnsWarning)
        try:
            code = app(args=words, prog_name="cevns", standalone_mode=False)
        except UnknownNameError as error:
            from cevns.cli.terminal.hints import of_another_model

            return _say(f"{error}{of_another_model(error)}", error.exit_code)
        except CevnsError as error:
            return _say(str(error), error.exit_code)
        except KeyboardInterrupt:
            return _say("interrupted", 130)
        except BrokenPipeError:
            # the reader (head, less) has seen enough: no traceback at interpreter exit either
            sys.stdout = None
            return 141
        except MemoryError:
            return _say("out of memory: the requested computation is too large", 2)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            return _say(f"{where}{error.strerror or error}", 2)
        except Exception as error:
            # the command-line library's own complaints (an unknown option) and its Ctrl-C
            if type(error).__name__ == "Abort":
                return _say("interrupted", 130)
            if type(error).__name__ == "NoArgsIsHelpError":
                print(error.format_message(), file=sys.stderr)  # type: ignore[attr-defined]  # noqa: T201
                return 2
            if hasattr(error, "format_message"):
                path = getattr(getattr(error, "ctx", None), "command_path", "cevns")
                return _say(f"{error.format_message().rstrip('.')}; see '{path} --help'", 2)
            raise
        except SystemExit:
            # how the completion of words ends; else the table writer whose reader (head, less) has
            # seen enough: nothing else here exits on its own
            return 0 if "_CEVNS_COMPLETE" in os.environ else 141
    if code == 130:  # the command-line library turns Ctrl-C into this
        return _say("interrupted", 130)
    return code if isinstance(code, int) else 0


def _option(word: str) -> str:
    """``--form_factor`` is ``--form-factor``; what follows ``=`` is not touched."""
    if not word.startswith("--"):
        return word
    name, equals, value = word.partition("=")
    return name.replace("_", "-") + equals + value


def _say(message: str, code: int = 0) -> int:
    from cevns.cli.terminal.screen import printable

    print(f"cevns: {printable(' '.join(message.split()))}", file=sys.stderr)  # noqa: T201
    return code
