"""Which windows concern which components: by name, by pattern and by label."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from types import MappingProxyType

from releasepilot.model.window import Window, WindowEffect

#: A component's labels, by name.
Labels = Mapping[str, str]
#: Components by name, with their labels where windows may ask for these.
Components = Mapping[str, Labels] | Collection[str]

_NO_LABELS: Labels = MappingProxyType({})


@dataclass(frozen=True)
class Concerned:
    """The windows that concern any of some components."""

    #: None of these may be open.
    denying: tuple[Window, ...]
    #: Of each of these one must be open.
    allowing: tuple[tuple[Window, ...], ...]

    @classmethod
    def of(cls, windows: Sequence[Window], components: Components) -> Concerned:
        """Find the windows that concern the components."""
        # No component is called so: only windows that concern all components concern it.
        known = _labelled(components) or {"": {}}
        denying: list[Window] = []
        allowing: dict[str, list[int]] = {}
        for index, window in enumerate(windows):
            concerned = [name for name, labels in known.items() if concerns(window, name, labels)]
            if window.effect is WindowEffect.DENY:
                denying += [window] if concerned else []
            else:
                for name in concerned:
                    allowing.setdefault(name, []).append(index)
        groups = _strictest(dict.fromkeys(map(tuple, allowing.values())))
        return cls(tuple(denying), tuple(tuple(windows[index] for index in group) for group in groups))


def _strictest(groups: Iterable[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Leave out groups of windows that hold another group: when one of that is open, one of theirs is."""
    known = [(group, frozenset(group)) for group in groups]
    return [group for group, members in known if not any(other < members for _, other in known)]


def _labelled(components: Components) -> Mapping[str, Labels]:
    return components if isinstance(components, Mapping) else dict.fromkeys(components, _NO_LABELS)


def concerns(window: Window, component: str, labels: Labels = _NO_LABELS) -> bool:
    """Whether a window concerns a component: by name or by pattern, and by its labels; all where it asks for neither.

    A label that the component has not matches nothing, not even `*`.
    """
    named = not window.components or _matcher(window.components).match(component) is not None
    return named and all(
        name in labels and _matcher((pattern,)).match(labels[name]) is not None
        for name, pattern in window.labels.items()
    )


@lru_cache(maxsize=1024)
def _matcher(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)))
