"""Run the benchmarks: `python -m benchmarks [NAME ...]`."""

from __future__ import annotations

import sys

from benchmarks import engine, history, planning, propagation, rules, scale, startup, waiting, windows
from benchmarks.result import Result, table

_ALL = {
    "startup": startup.run,
    "planning": planning.run,
    "propagation": propagation.run,
    "history": history.run,
    "windows": windows.run,
    "rules": rules.run,
    "engine": engine.run,
    "waiting": waiting.run,
    "scale": scale.run,
}


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; return 1 where a bound is missed."""
    unknown = [name for name in names if name not in _ALL]
    if unknown:
        print(f"there is no benchmark {unknown[0]!r}; there are {', '.join(_ALL)}", file=sys.stderr)
        return 2
    results: list[Result] = []
    for name in names or _ALL:
        found = _ALL[name]()
        print(table(found), flush=True)
        results += found
    return 0 if all(result.kept for result in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
