class PostgresError(RuntimeError):
    """PostgreSQL cannot be started, stopped or upgraded; the message says why and what to do."""
