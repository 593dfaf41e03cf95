"""sp-connect: connect many Amazon sellers to an agency's Selling Partner API app.

For Python programs this is the whole door: `credentials`. The rest is the command line's.
"""

from __future__ import annotations

__version__ = "0.9.0"


def credentials(seller: str, region: str, country: str | None = None) -> dict[str, str]:
    """The credentials of a connection, as python-amazon-sp-api takes them for its argument `credentials`.

    Returns `refresh_token`, `lwa_app_id` and `lwa_client_secret`. `region` is "na", "eu" or "fe"; a `country` such
    as "JP" is needed where the seller has several connections there. Settings come from the environment, as for the
    command line; nobody is ever asked, and Amazon is not called. Raises the classes of `sp_connect.errors`: Usage,
    NotFound, ThisMachine.
    """
    import io
    import os

    from sp_connect import access, runtime
    from sp_connect.terminal.prompt import Prompt
    from sp_connect.terminal.screen import Screen

    nowhere = io.StringIO()
    world = runtime.real(Screen(nowhere, nowhere, quiet=True), Prompt(None, nowhere), dict(os.environ))
    return access.client_credentials(world, access.find(world, seller, region, country))
