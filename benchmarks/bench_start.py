"""Whole processes, cold: ``cevns --help``, the CsI[Na] fit and its report, beside NumPy alone."""

import argparse
import subprocess
import sys

from _timing import best, report


def run(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="once, for a smoke test")
    repeats = 1 if parser.parse_args().quick else 7
    start = "from cevns.cli import main; main({})"
    peer = best(lambda: run("-c", "import numpy, scipy.special, iminuit"), repeats)
    for words in (
        ["--help"],
        ["fit", "coherent-csi-2021", "--json", "-"],
        ["report", "coherent-csi-2021", "--out", "/dev/null"],
    ):
        ours = best(lambda words=words: run("-c", start.format(words)), repeats)
        report(f"cevns {' '.join(words)}", ours, "import numpy, scipy.special, iminuit", peer)


if __name__ == "__main__":
    main()
