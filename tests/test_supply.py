"""What the notebook needs from elsewhere: bounds, the versions that Colab has, and those with which all tests have passed."""

from importlib.metadata import version

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from notebook_module import ROOT

BREAKING = {
    "pandas",
    "numpy",
    "plotly",
    "ipywidgets",
    "duckdb",
    "sqlglot",
}  # whose major releases changed what we rely on


def requirements(name):
    """Return what a file of requirements asks for, by name."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(one.name): one for one in found}


NEEDED, TESTED = requirements("requirements.txt"), requirements("tests/requirements.lock")


@pytest.mark.parametrize("name", NEEDED)
def test_each_requirement_has_the_bounds_that_it_needs(name):
    operators = {bound.operator for bound in NEEDED[name].specifier}
    assert operators == ({">=", "<"} if name in BREAKING else {">="})


def test_what_is_installed_is_within_the_bounds():
    assert [str(one) for one in NEEDED.values() if not one.specifier.contains(version(one.name))] == []


def test_colab_is_within_the_bounds():
    colab = {name: next(iter(one.specifier)).version for name, one in requirements("tests/colab.txt").items()}
    assert [name for name in NEEDED if name in colab and not NEEDED[name].specifier.contains(colab[name])] == []


def test_the_lock_names_all_that_is_needed_and_tested():
    asked = NEEDED | requirements("tests/requirements.txt")
    assert asked.keys() <= TESTED.keys()
    for name, locked in TESTED.items():
        (pin,) = locked.specifier
        assert pin.operator == "=="
        assert name not in asked or asked[name].specifier.contains(pin.version), name
