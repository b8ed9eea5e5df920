"""Brings every service's database to its newest revision, all in one process: `python -m devstack.migrate`.

The same work as `python -m services.X migrate`, seven times over, for the price of one start of Python. It reads
`<SERVICE>_MIGRATION_DATABASE_URL` of each service from the environment.
"""

import asyncio
import os

from devstack.layout import RPC_PORTS


async def run() -> None:
    """Migrate what has migrations. Raises whatever a migration raises."""
    from chassis import migrations
    from chassis.settings import ServiceSettings
    from devstack import paths

    for name in RPC_PORTS:
        if (paths.CHECKOUT / "services" / name / "migrations" / "versions").is_dir():
            url = os.environ[f"{name.upper()}_MIGRATION_DATABASE_URL"]
            settings = ServiceSettings(service=name, migration_database_url=url)
            await migrations.migrate(settings, f"services.{name}")


if __name__ == "__main__":
    asyncio.run(run())
