"""Ranges of needs that the catalog declares."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releasepilot.errors import PlanError
from releasepilot.model.catalog import Ecosystem
from releasepilot.model.dependency import ConstraintKind
from releasepilot.versioning.constraint import admits
from releasepilot.versioning.declared_range import meets, range_for

ANY, COMPATIBLE, MINOR, EXACT = ConstraintKind
NPM, PYTHON, MAVEN = Ecosystem.NPM, Ecosystem.PYTHON, Ecosystem.MAVEN
RUBY, GENERIC = Ecosystem.RUBY, Ecosystem.GENERIC


@pytest.mark.parametrize(
    ("ecosystem", "kind", "version", "declared", "accepted"),
    [
        (NPM, ANY, "1.2.3", "", "0.0.1 9.0.0 9.0.0-rc.1"),
        (NPM, COMPATIBLE, "1.2.3", "^1.2.3", "1.2.3 1.9.0 !1.2.2 !2.0.0 !2.0.0-rc.1 !1.3.0-rc.1"),
        (NPM, COMPATIBLE, "0.2.3", "^0.2.3", "0.2.9 !0.3.0"),
        (NPM, COMPATIBLE, "0.0.3", "^0.0.3", "0.0.3 !0.0.4"),
        (NPM, COMPATIBLE, "1.2.3-rc.1", "^1.2.3-rc.1", "1.2.3-rc.2 1.2.3 1.3.0 !1.2.3-beta !1.3.0-rc.1"),
        (NPM, MINOR, "1.2.3", "~1.2.3", "1.2.9 !1.3.0 !1.2.2"),
        (NPM, EXACT, "1.2.3", "1.2.3", "1.2.3 1.2.3+build !1.2.4"),
        (PYTHON, COMPATIBLE, "2.0rc2", "^2.0rc2", "2.0rc10 2.0 2.1.post1 !2.0rc1 !2.1.dev1 !3.0.dev1"),
        (PYTHON, COMPATIBLE, "1!2.0", "^1!2.0", "1!2.5 !2.5 !1!3.0"),
        (PYTHON, MINOR, "2024.10", "~2024.10", "2024.10.2 !2024.11"),
        (GENERIC, COMPATIBLE, "2024.10.1", "^2024.10.1", "2024.12.0 !2025.1.0 !2024.9.0"),
        (GENERIC, COMPATIBLE, "24.04.1", "^24.04.1", "24.10.1 !25.04.1 !24.04"),
        (GENERIC, MINOR, "2024.10", "~2024.10", "2024.10.1 !2024.11"),
        (MAVEN, COMPATIBLE, "5.6.1.Final", "^5.6.1.Final", "5.6.15.Final 5.7.0 !6.0.0.Final !6.0.0-SNAPSHOT"),
        (MAVEN, MINOR, "33.0.0-jre", "~33.0.0-jre", "33.0.1-jre !33.1.0-jre"),
        (RUBY, COMPATIBLE, "7.1.0.beta1", "^7.1.0.beta1", "7.1.0.beta2 7.1.0 7.2 !8.0.0.a"),
    ],
)
def test_a_declared_range_holds_what_its_kind_says(
    ecosystem: Ecosystem, kind: ConstraintKind, version: str, declared: str, accepted: str
) -> None:
    """Measured from the version that was released last, in the order of the needed component's own ecosystem."""
    assert range_for(ecosystem, kind, version) == declared
    asked = [(text.removeprefix("!"), not text.startswith("!")) for text in _texts(accepted)]
    assert [(text, meets(ecosystem, declared, text)) for text, _ in asked] == asked


def _texts(accepted: str) -> list[str]:
    return accepted.split()


triples = st.tuples(*[st.integers(min_value=0, max_value=4)] * 3).map(lambda parts: ".".join(map(str, parts)))


@given(st.sampled_from(Ecosystem), st.sampled_from(ConstraintKind), triples, triples)
def test_releases_are_judged_as_npm_judges_them(
    ecosystem: Ecosystem, kind: ConstraintKind, version: str, other: str
) -> None:
    """The range is npm's, whatever the ecosystem."""
    declared = range_for(ecosystem, kind, version)
    assert meets(ecosystem, declared, version)
    assert meets(ecosystem, declared, other) is admits(NPM, declared, other)


@pytest.mark.parametrize("declared", [">=1.0.0", "^", "^1.x", "latest"])
def test_what_is_no_declared_range_is_named(declared: str) -> None:
    """The error quotes it, or the version in it."""
    with pytest.raises(PlanError):
        meets(NPM, declared, "1.0.0")


def test_what_is_no_version_has_no_range() -> None:
    """But a need of any version asks for none."""
    with pytest.raises(PlanError, match="'soon' is not a version"):
        range_for(NPM, COMPATIBLE, "soon")
    assert range_for(NPM, ANY, "soon") == ""
