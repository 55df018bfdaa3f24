"""Settings of a session of PostgreSQL, as each use of the database wants them."""

SERVER_SETTINGS = {
    "application_name": "trellis",
    "jit": "off",
    "timezone": "UTC",
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s",
}
COMPILED_SETTINGS = {
    # Planning a nested statement costs more than running it: plan it once for all values.
    "plan_cache_mode": "force_generic_plan",
    # The default is for a disk with a moving head: with it, few rows are collected and sorted, not read in order.
    "random_page_cost": "1.1",
}
READ_ONLY = {"default_transaction_read_only": "on"}
# A relay waits for no disk: what is lost of its notes in a crash is published again, under the same numbers. No job is
# lost or doubled by it: with the effect of one all that was committed before is on the disk, too.
UNHURRIED = {"synchronous_commit": "off"}
