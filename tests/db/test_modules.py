"""What lies in a package is found without a list of it."""

import graphql_schema
from db import tables
from db.modules import modules, packages
from graphql_schema import compatibility, core, specs


def test_the_modules_of_a_package_are_found_by_name() -> None:
    names = [module.__name__ for module in modules(tables)]
    assert names == sorted(names)
    assert {"db.tables.accounts", "db.tables.specs"} <= {*names}


def test_a_package_in_a_package_is_no_module_of_it() -> None:
    assert compatibility in modules(graphql_schema)
    assert {core, specs} <= {*packages(graphql_schema)}
    assert not {*modules(graphql_schema)} & {*packages(graphql_schema)}
