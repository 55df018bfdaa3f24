"""Ada's keys: one of her own, and one for the organization Analytical."""

from db import tables
from db.actions.keys import PURPOSE
from db.tokens import KEY_SHOWN, new_key
from db.write import Work
from tests.world import World

NEEDS = ("accounts", "organizations")
SCOPES = ["specs:read"]


async def make(world: World, work: Work) -> None:
    for name, organization in (("adas_key", None), ("analyticals_key", world.analytical)):
        secret = world.tokens[name] = new_key()
        world.rows[name] = await work.add(
            tables.ApiKey(
                user_id=world.ada.id,
                organization_id=organization and organization.id,
                name=name,
                secret_prefix=secret[:KEY_SHOWN],
                key_hash=work.keyring.sign(PURPOSE, secret.encode()),
                scopes=SCOPES,
            )
        )
