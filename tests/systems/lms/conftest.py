"""What is told while a course is taken, and the product as it runs: with its pages, its providers and its mails."""

from tests.app.certificates.conftest import patient_printing
from tests.app.conftest import prefix, served
from tests.app.oauth.conftest import acme, browser_tab, github, signing
from tests.graphql_schema.accounts.conftest import post
from tests.graphql_schema.conftest import told

__all__ = ["acme", "browser_tab", "github", "patient_printing", "post", "prefix", "served", "signing", "told"]
