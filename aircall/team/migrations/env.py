"""Run by Alembic, which wants a file for it: migrates the connection that `upgrade.py` hands over."""

from alembic import context

from aircall.team.tables import version

context.configure(
    connection=context.config.attributes["connection"],
    version_table=version.name,
    # The caller's transaction holds the lock, and all of the upgrade or none of it.
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
