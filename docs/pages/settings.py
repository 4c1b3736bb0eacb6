"""`settings.md`: the variables of the environment, from the one model that reads them."""

from __future__ import annotations

from docs.pages.comments import comments_of, told
from docs.pages.fields import type_words
from docs.pages.markdown import code, document, prose, table
from releasepilot.settings import VARIABLES, Settings

#: Defaults that depend on other settings or on the machine.
_COMPUTED = {
    "state_dir": "`releasepilot` in the user's folder for state, `~/.local/state` on Linux",
    "cache_dir": "`mirrors` in the state folder",
}
#: Of fields whose names say it in the code.
_MEANING = {
    "temporal_namespace": "Temporal's namespace.",
    "log_format": "`json` writes one object a line, for machines.",
    "log_level": "Of ReleasePilot's own lines; libraries are heard from WARNING on.",
}

_REST = """
`--state-dir` wins over `RELEASEPILOT_STATE_DIR`. A Temporal server and a database are configured together or not at
all; without both, ReleasePilot runs its own.

With `RELEASEPILOT_TEMPORAL_PROFILE` the connection is described by Temporal's own client configuration: the file that
`TEMPORAL_CONFIG_FILE` names, and the `TEMPORAL_*` variables on top of it. Temporal's SDK reads them; they hold the
address, the namespace, an API key or certificates.

`NO_COLOR` turns colours off. Commands of the catalog (`exec`, `verify`) inherit the worker's whole environment.
"""


def page() -> str:
    """Write the page."""
    schema = Settings.model_json_schema()
    properties = schema["properties"]
    comments = _MEANING | comments_of(Settings)
    rows = (
        (
            code(variable),
            type_words(properties[field], schema.get("$defs", {})),
            _COMPUTED.get(field) or code(str(properties[field].get("default", ""))),
            comments.get(field, ""),
        )
        for field, variable in VARIABLES.items()
    )
    return document(
        "Settings",
        "`releasepilot/settings.py`",
        [prose(told(Settings)), table(("variable", "type", "default", "meaning"), rows), _REST],
    )
