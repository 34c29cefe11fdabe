import os
from pathlib import Path

import pytest


@pytest.fixture
def csi2021() -> Path:
    root = os.environ.get("CEVNS_DATA")
    if root is None:
        pytest.skip("CEVNS_DATA does not name a folder of public releases")
    folder = Path(root) / "coherent-csi-2021"
    if not folder.is_dir():
        pytest.skip(f"no coherent-csi-2021 in {root}")
    return folder
