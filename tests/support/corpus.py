"""Where the shared corpus of real releases and manifests is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
#: The folder; `RELEASEPILOT_CORPUS` names another one.
CORPUS = Path(os.environ.get("RELEASEPILOT_CORPUS", _ROOT.parent / "shared" / "corpus"))

#: Skips with a notice where there is no corpus.
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus in {CORPUS}: set RELEASEPILOT_CORPUS")
