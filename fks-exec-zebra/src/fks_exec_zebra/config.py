"""What stands in the table [accounts.NAME.config] of an account at Zebra."""

from attrs import frozen
from fks_exec import Secret


@frozen(kw_only=True)
class ZebraConfig:  # CHANGE: what a connection to your exchange needs
    """An account at Zebra.

    Args:
        key: the name of the API key, which is no secret.
        secret: the secret that belongs to the key.
        url: where Zebra listens; unset: its sandbox, or the exchange itself if the account is live.
    """

    key: str
    secret: Secret
    url: str | None = None
