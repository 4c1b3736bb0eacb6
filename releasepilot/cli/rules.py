"""`releasepilot rules`: what the rules of the catalog are, and whether they agree with their own tests."""

from __future__ import annotations

import click

from releasepilot.cli.catalog_file import load, read
from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit
from releasepilot.cli.invocation import Invocation, json_option, pass_invocation
from releasepilot.cli.render.rules import print_results, print_rules
from releasepilot.cli.render.text import console, print_json_list
from releasepilot.governance.rules import policy_engine, run_tests


@click.group()
def rules() -> None:
    """Test and list the rules of the catalog. What they say of a plan is part of `releasepilot plan`."""


@rules.command(short_help="Run the rules' own tests.")
@json_option
@pass_invocation
def test(invocation: Invocation, as_json: bool) -> int:
    """Run the tests of each rule, and say which pass. Ends with 1 where any fails."""
    # Not `load`, which refuses a catalog whose rules fail before it could be told which tests pass.
    catalog = read(invocation).catalog
    results = tuple(result for rule in catalog.rules for result in run_tests(rule, policy_engine(), catalog.env))
    if as_json:
        print_json_list(results)
    else:
        print_results(console(), results)
    return Exit.OK if all(result.passed for result in results) else Exit.FAILED


@rules.command(name="list", short_help="List the rules.")
@json_option
@pass_invocation
def listed(invocation: Invocation, as_json: bool) -> int:
    """List the rules with what they do, and who can be asked about them."""
    catalog = load(invocation, settings_of(invocation))[0]
    if as_json:
        print_json_list(catalog.rules)
    else:
        print_rules(console(), catalog.rules)
    return Exit.OK
