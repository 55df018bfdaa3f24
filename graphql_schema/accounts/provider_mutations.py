"""Accounts at providers: taking away the right to sign in with one. They are linked by the pages at `/auth`."""

import strawberry

from db import tables
from db.actions import providers
from db.permissions import MANAGE
from db.write import Work
from graphql_schema.core import mutation


@strawberry.input(description="An account at a provider to sign in with no more.")
class UnlinkAccountInput:
    """An account."""

    account_id: strawberry.ID = strawberry.field(description="The account, as your `accounts` list it.")


@mutation(user=tables.User)
async def unlink_account(work: Work, input: UnlinkAccountInput) -> tables.User:
    """Let nobody sign in with an account at a provider any more. Your only way in cannot be taken away: set a password
    or add another first. Sessions go on.
    """
    account = await work.get(tables.Account, input.account_id, at="accountId", may=MANAGE)
    return await providers.unlink(work, account)
