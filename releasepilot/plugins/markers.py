"""Markers: what this machine remembers of effects that cannot be observed.

A marker is a file in the cache folder. It is written before the effect and after it, so a crash in between leaves an
effect that may be there, and a worker with another cache folder knows nothing. An effect that can be asked about needs
none.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from releasepilot.errors import StepError


class MarkerState(StrEnum):
    """What was last done."""

    #: It was begun, and nobody saw it end well.
    STARTED = "started"
    APPLIED = "applied"
    REVERTED = "reverted"


class Marker(BaseModel):
    """The memory of one effect."""

    model_config = ConfigDict(frozen=True)

    effect_key: str
    state: MarkerState
    #: What was begun or applied, such as a version with the digest of its configuration.
    artefact: str


class Markers:
    """The markers of one cache folder."""

    def __init__(self, cache: Path) -> None:
        """Keep them in the folder `markers` of the cache; no I/O yet."""
        self._folder = cache / "markers"

    def read(self, effect_key: str) -> Marker | None:
        """Return the marker of an effect; None where there is none that can be read."""
        try:
            return Marker.model_validate_json(self._file(effect_key).read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
        except OSError as error:
            raise self._unusable(error) from error

    def write(self, effect_key: str, state: MarkerState, artefact: str) -> None:
        """Remember what was done. The file is whole or not there, also after a power failure."""
        marker = Marker(effect_key=effect_key, state=state, artefact=artefact)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
                file.write(marker.model_dump_json().encode())
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).replace(self._file(effect_key))
        except OSError as error:
            raise self._unusable(error) from error

    def restore(self, effect_key: str, before: Marker | None) -> None:
        """Remember again what was known before: for something that turned out not to have been begun."""
        if before is not None:
            self.write(effect_key, before.state, before.artefact)
            return
        try:
            self._file(effect_key).unlink(missing_ok=True)
        except OSError as error:
            raise self._unusable(error) from error

    def _file(self, effect_key: str) -> Path:
        return self._folder / hashlib.sha256(effect_key.encode()).hexdigest()

    def _unusable(self, error: OSError) -> StepError:
        return StepError(
            f"the cache folder cannot be used: {error}",
            hint="free space in the cache folder, make it writable, or set RELEASEPILOT_CACHE_DIR to another folder",
        )
