"""The two names of a component's files."""

from __future__ import annotations

import pytest

from releasepilot.model.paths import above, from_folder, from_root


@pytest.mark.parametrize(
    ("folder", "name", "path"),
    [
        (".", "Cargo.toml", "Cargo.toml"),
        (".", "a/b.txt", "a/b.txt"),
        ("a/b", "Cargo.toml", "a/b/Cargo.toml"),
        ("a/b", "../Cargo.toml", "a/Cargo.toml"),
        ("a/b", "../../Cargo.toml", "Cargo.toml"),
        ("a/b", "../../a/x", None),
        ("a/b", "../c/x", "a/c/x"),
        ("a", "a/x", "a/a/x"),
    ],
)
def test_both_names_lead_to_each_other(folder: str, name: str, path: str | None) -> None:
    """Where there is a shorter name the file is known by that one."""
    if path is None:
        assert from_root(folder, name) == "a/x"
        assert from_folder(folder, "a/x") == "../x"
    else:
        assert from_root(folder, name) == path
        assert from_folder(folder, path) == name


def test_the_folders_above_are_named_from_the_nearest() -> None:
    """The root of the repository has none."""
    assert above("a/b", "x") == ("../x", "../../x")
    assert above(".", "x") == ()
