"""Python's older manifests: setup.cfg, setup.py and requirements files."""

from __future__ import annotations

import pytest
from support.manifests import edited, told

from releasepilot.errors import ManifestError
from releasepilot.model.catalog import Ecosystem
from releasepilot.versioning.ecosystems import MANIFESTS

PYTHON = MANIFESTS[Ecosystem.PYTHON]

SETUP_CFG = """\
# a comment = with a sign
[metadata]
name = Acme.Web\r
Version: 1.2.3
description =
    name = not this
[options]
python_requires = >=3.9
install_requires =
    # about the core
    acme-core[fast] >=1.2,<2 ; python_version < "3.12"  # why

    acme_tools~=1.4; \\
    sys_platform == "linux"
\tbare
setup-requires = hatch-x>=1; wheel
[options.extras_require]
fast = acme-core>=1.2,<2; numpy
nt =
    colorama>=0.4
[tool:pytest]
addopts = acme-core>=1.2,<2
"""


def test_setup_cfg_is_read() -> None:
    """Lists on lines and with semicolons, comments, continued lines, extras, keys in any writing."""
    package = PYTHON.read({"setup.cfg": SETUP_CFG})
    assert (package.name, package.version) == ("Acme.Web", "1.2.3")
    assert [told(each) for each in package.dependencies] == [
        ("acme-core", ">=1.2,<2", "runtime", ""),
        ("acme_tools", "~=1.4", "runtime", ""),
        ("bare", "", "runtime", ""),
        ("hatch-x", ">=1", "build", ""),
        ("wheel", "", "build", ""),
        ("acme-core", ">=1.2,<2", "optional", "fast"),
        ("numpy", "", "optional", "fast"),
        ("colorama", ">=0.4", "optional", "nt"),
    ]


def test_setup_cfg_is_edited_in_place() -> None:
    """Extras, markers, comments, tabs and line endings stay, and so does what only looks like a requirement."""
    moves = {
        ("acme-core", ">=1.2,<2"): ">=2.0,<3",
        ("acme-tools", "~=1.4"): "~=2.0",
        ("bare", ""): ">=1",
        ("hatch-x", ">=1"): ">=2",
        ("colorama", ">=0.4"): ">=0.5",
    }
    expected = (
        SETUP_CFG.replace("1.2.3", "1.3.0")
        .replace(">=1.2,<2", ">=2.0,<3")
        .replace("addopts = acme-core>=2.0,<3", "addopts = acme-core>=1.2,<2")
        .replace("~=1.4", "~=2.0")
        .replace("bare", "bare>=1")
        .replace("hatch-x>=1", "hatch-x>=2")
        .replace(">=0.4", ">=0.5")
    )
    assert edited(Ecosystem.PYTHON, {"setup.cfg": SETUP_CFG}, "1.3.0", moves) == {"setup.cfg": expected}


@pytest.mark.parametrize("version", ["attr: acme.__version__", "file: VERSION", "\n  1.0\n  2.0", ""])
def test_a_version_that_setup_cfg_takes_from_elsewhere_is_left_alone(version: str) -> None:
    """`attr:`, `file:` and what is no single line are dynamic."""
    files = {
        "setup.cfg": f"\ufeff[metadata]\nname = a\nversion = {version}\n[options]\ninstall_requires = file: r.txt\n"
    }
    assert PYTHON.read(files).version is None
    assert PYTHON.read(files).dependencies == ()
    assert PYTHON.edit(files, "1.0.0", {}) == {}


SETUP_PY = '''\
# -*- coding: utf-8 -*-
import os; from setuptools import find_packages, setup
"""é 😀"""; NAME = "acme-web"
requires = ['acme-core[fast]>=1.2,<2; python_version < "3.12"', "bare"]
os.system("touch PWNED")
raise SystemExit
setup(
    name=NAME, é="😀", version='1.2.3',  # the version
    install_requires=requires,
    setup_requires=("hatch" "-x>=1", "acme" + "-core>=1.2,<2"),
    tests_require="""
        # for tests
        acme-core>=1.2,<2
    """,
    extras_require={"fast": [r"acme-core>=1.2,<2"], NAME: compute(), **more, ":os_name=='nt'": ("nt",)},
)
setup(name="another", version="9")
'''


def test_setup_py_is_read_and_never_executed() -> None:
    """Literals, and names assigned once; what is computed or concatenated at run time is left alone."""
    package = PYTHON.read({"setup.py": SETUP_PY})
    assert (package.name, package.version) == ("acme-web", "1.2.3")
    assert [told(each) for each in package.dependencies] == [
        ("acme-core", ">=1.2,<2", "runtime", ""),
        ("bare", "", "runtime", ""),
        ("hatch-x", ">=1", "build", ""),
        ("acme-core", ">=1.2,<2", "dev", ""),
        ("acme-core", ">=1.2,<2", "optional", "fast"),
        ("nt", "", "runtime", ":os_name=='nt'"),
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_setup_py_is_edited_in_place(newline: str) -> None:
    """Characters beyond ASCII before a literal do not shift it; a raw or a divided literal is written anew."""
    text = SETUP_PY.replace("\n", newline)
    expected = (
        text.replace("1.2.3", "1.3.0")
        .replace(">=1.2,<2", ">=2,<3")
        .replace('-core>=2,<3")', '-core>=1.2,<2")')
        .replace('r"acme-core>=2,<3"', "'acme-core>=2,<3'")
        .replace('"hatch" "-x>=1"', "'hatch-x>=2'")
    )
    moves = {("acme-core", ">=1.2,<2"): ">=2,<3", ("hatch-x", ">=1"): ">=2"}
    assert edited(Ecosystem.PYTHON, {"setup.py": text}, "1.3.0", moves) == {"setup.py": expected}
    assert edited(Ecosystem.PYTHON, {"setup.py": "\ufeff" + text}, "1.3.0", moves) == {"setup.py": "\ufeff" + expected}


@pytest.mark.parametrize(
    "text",
    ["", "print('setup')", "setup", "setup(**options)", "version = '1'\nversion += '.0'\nsetup(version=version)"],
)
def test_a_setup_py_that_says_nothing_is_fine(text: str) -> None:
    """Without a call, or with what is only known at run time, there is nothing to read."""
    assert PYTHON.read({"setup.py": text}) == PYTHON.read({})


REQUIREMENTS = """\
\ufeff# pinned by hand
-r base.txt
-c https://example.org/constraints.txt
--index-url https://example.org/simple
-e git+https://example.org/x.git#egg=acme-core
./local/acme-core
https://example.org/acme-core-1.2.whl
acme-core[fast] == 1.2.0 ; python_version < "3.12"  # why
acme_core==1.2.0 \\
    --hash=sha256:aaaa \\
    --hash=sha256:bbbb
direct @ https://example.org/direct.whl#sha256=cc
# acme-core==1.2.0 \\
bare\r
tools~=1.4 --config-settings="--x=1"
${SECRET}
"""


def test_requirements_are_read_and_edited_in_place() -> None:
    """Options, paths, addresses and variables are left alone; a pin with hashes stays where its version does."""
    package = PYTHON.read({"requirements.txt": REQUIREMENTS})
    assert [told(each)[:3] for each in package.dependencies] == [
        ("acme-core", "== 1.2.0", "runtime"),
        ("acme_core", "==1.2.0", "runtime"),
        ("direct", "@ https://example.org/direct.whl#sha256=cc", "runtime"),
        ("bare", "", "runtime"),
        ("tools", "~=1.4", "runtime"),
    ]
    moves = {("acme-core", "== 1.2.0"): "== 2.0.0", ("tools", "~=1.4"): "~=2.0", ("acme-core", ""): "==2"}
    text = edited(Ecosystem.PYTHON, {"requirements.txt": REQUIREMENTS}, "1.0.0", moves)["requirements.txt"]
    assert text == REQUIREMENTS.replace("== 1.2.0", "== 2.0.0").replace("~=1.4", "~=2.0")


@pytest.mark.parametrize("pin", ["lib==1.2.0 --hash=sha256:aaaa", "lib==1.2.0 \\\n    --hash=sha256:aaaa"])
def test_a_pin_with_hashes_that_would_have_to_move_is_refused(pin: str) -> None:
    """The hashes of the new version are not known yet: the file, the requirement and the remedy are told."""
    with pytest.raises(ManifestError, match=r"^requirements.txt: lib==1.2.0 has to become ==2.0.0") as refused:
        PYTHON.edit({"requirements.txt": f"{pin}\n"}, "1.0.0", {("lib", "==1.2.0"): "==2.0.0"})
    assert "without --hash" in refused.value.hint


def test_a_pin_with_hashes_for_development_is_left_to_its_tool() -> None:
    """It is read as any version, so that no release has to move it."""
    package = PYTHON.read({"requirements-dev.txt": "lib==1.2.0 --hash=sha256:aaaa\n"})
    assert [told(each)[:3] for each in package.dependencies] == [("lib", "", "dev")]


def test_requirements_are_for_running_where_the_project_declares_none_itself() -> None:
    """Names that say development do; beside declared dependencies every requirements file is an environment."""
    files = {
        "requirements.txt": "a",
        "requirements-dev.txt": "b",
        "requirements/docs.txt": "c",
        "requirements/base.txt": "d",
        "requirements/deep/e.txt": "e",
        "requirements_test_all.txt": "f",
        "setup.cfg": "[options.extras_require]\nx = y",
    }
    kinds = {each.package: each.kind for each in PYTHON.read(files).dependencies}
    expected = {"a": "runtime", "b": "dev", "c": "dev", "d": "runtime", "f": "dev", "y": "optional"}
    assert kinds == expected
    declared = {**files, "setup.cfg": "[options]\ninstall_requires = z"}
    kinds = {each.package: each.kind for each in PYTHON.read(declared).dependencies}
    assert kinds == {"a": "dev", "b": "dev", "c": "dev", "d": "dev", "f": "dev", "z": "runtime"}


def test_which_requirements_files_there_are_is_told_by_the_folder() -> None:
    """Those in the folder and in `requirements`, no others."""
    listed = ["requirements.txt", "requirements-dev.txt", "requirements/", "requirements/a.txt", "req.txt", "x/r.txt"]
    assert PYTHON.further(listed) == ("requirements.txt", "requirements-dev.txt", "requirements/a.txt")


def test_all_of_pythons_files_are_set_together() -> None:
    """A project that is half moved to pyproject.toml keeps one version everywhere."""
    files = {
        "pyproject.toml": '[project]\nname = "a"\ndynamic = ["version"]\n',
        "setup.cfg": "[metadata]\nname = b\nversion = 1.0.0\n",
        "setup.py": "from setuptools import setup\nsetup(version='1.0.0')\n",
    }
    assert (PYTHON.read(files).name, PYTHON.read(files).version) == ("a", "1.0.0")
    texts = edited(Ecosystem.PYTHON, files, "1.1.0", {})
    assert texts == {name: text.replace("1.0.0", "1.1.0") for name, text in files.items()}
