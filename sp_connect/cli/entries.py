"""The table of commands: name, section of the help, where the code is, summary and example."""

from __future__ import annotations

from typing import NamedTuple

CONNECT, LOOK, SET_UP, SCRIPTS = "Connect", "Look", "Set up", "For scripts"


class Entry(NamedTuple):
    """One line of the tree. `target` is module and attribute: a function, or a Typer with commands of its own.

    `is_prefix` says that another program's command line follows its flags.
    """

    name: str
    section: str
    target: str
    summary: str
    example: str = ""
    is_prefix: bool = False


ENTRIES = (
    Entry(
        "connect",
        CONNECT,
        "connect:command",
        "Connect a seller: open Amazon's consent page, catch the answer, keep the tokens.",
        "sp-connect connect --seller acme --region fe --country JP --country AU",
    ),
    Entry(
        "invite",
        CONNECT,
        "invite:command",
        "Make a link for a seller who consents on another machine.",
        "sp-connect invite --seller acme --region eu --text",
    ),
    Entry(
        "accept",
        CONNECT,
        "accept:command",
        "Complete an invite from the address that the seller sent back.",
        "sp-connect accept 'https://agency.example/sp-connect?state=...'",
    ),
    Entry(
        "invites",
        CONNECT,
        "invites:command",
        "List the pending invites, or end those of a seller.",
        "sp-connect invites --cancel acme",
    ),
    Entry(
        "renew",
        CONNECT,
        "renew:command",
        "Renew what is due, one consent after another.",
        "sp-connect renew --due 30",
    ),
    Entry(
        "upgrade",
        CONNECT,
        "upgrade:command",
        "Move a connection to another app, such as one with a wider access level.",
        "sp-connect upgrade --seller acme --region eu --app wider",
    ),
    Entry(
        "rename",
        CONNECT,
        "rename:command",
        "Give a seller another name, tokens and all.",
        "sp-connect rename acme acme-gmbh",
    ),
    Entry(
        "revoke",
        CONNECT,
        "revoke:command",
        "Forget a connection, tokens and all, and say where the seller ends it at Amazon.",
        "sp-connect revoke --seller acme --region eu",
    ),
    Entry(
        "list",
        LOOK,
        "list:command",
        "List the connections, from local files alone.",
        "sp-connect list --due 30",
    ),
    Entry(
        "show",
        LOOK,
        "show:command",
        "Show one seller: each region with its account, or the command that connects it.",
        "sp-connect show --seller acme",
    ),
    Entry(
        "verify",
        LOOK,
        "verify:command",
        "Ask Amazon about each connection, and keep what it says.",
        "sp-connect verify --seller acme --json",
    ),
    Entry(
        "regions",
        LOOK,
        "reference:regions",
        "Show the three regions, and how many consents each takes.",
        "sp-connect regions",
    ),
    Entry(
        "marketplaces",
        LOOK,
        "reference:marketplaces",
        "Show Amazon's marketplaces: ids, hosts and currencies.",
        "sp-connect marketplaces --region eu",
    ),
    Entry(
        "explain",
        LOOK,
        "explain:command",
        "Say what an error code of Amazon's means, and what mends it.",
        "sp-connect explain MD1000",
    ),
    Entry("app", SET_UP, "app:app", "Your own SP-API apps: add, list, show, remove, rotate-secret."),
    Entry(
        "relay",
        SET_UP,
        "relay:command",
        "Write the relay page, the https address that Amazon asks for.",
        "sp-connect relay --out relay.html",
    ),
    Entry("store", SET_UP, "store:app", "Say where the secrets are kept; move them, or change the vault's passphrase."),
    Entry(
        "doctor",
        SET_UP,
        "doctor:command",
        "Check what can go wrong before it does, and mend what can be mended here.",
        "sp-connect doctor --fix",
    ),
    Entry(
        "token",
        SCRIPTS,
        "token:command",
        "Print an access token: the kept one while it lives, else a new one.",
        "sp-connect token --seller acme --region eu",
    ),
    Entry(
        "exec",
        SCRIPTS,
        "exec:command",
        "Run a command with the credentials in its environment, and exit with its code.",
        "sp-connect exec --seller acme --region eu -- python report.py",
        is_prefix=True,
    ),
    Entry(
        "export",
        SCRIPTS,
        "export:command",
        "Print the credentials for a shell or another program.",
        "sp-connect export --seller acme --region eu --format dotenv --out .env",
    ),
    Entry(
        "import",
        SCRIPTS,
        "import_:command",
        "Take refresh tokens that Amazon's console gave: one, or a CSV file of many.",
        "sp-connect import --from sellers.csv --no-check",
    ),
    Entry(
        "simulator",
        SCRIPTS,
        "simulator:command",
        "Run the simulated Amazon on its own, until Ctrl-C.",
        "sp-connect simulator --port 8800",
    ),
)
