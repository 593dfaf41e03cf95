"""The table of commands: name, section of the help, where the code is, summary and example."""

from __future__ import annotations

from typing import NamedTuple

CONNECT, LOOK, SET_UP, SCRIPTS = "Connect", "Look", "Set up", "For scripts"


class Entry(NamedTuple):
    """One line of the tree. `target` is module and attribute: a function, or a Typer with commands of its own.

    `examples` are whole command lines. `is_prefix` says that another program's command line follows its flags.
    """

    name: str
    section: str
    target: str
    summary: str
    examples: tuple[str, ...] = ()
    is_prefix: bool = False


ENTRIES = (
    Entry(
        "connect",
        CONNECT,
        "connect:command",
        "Connect a seller: open Amazon's consent page, receive the answer, save the tokens.",
        (
            "sp-connect connect --seller acme --region eu",
            "sp-connect connect --seller acme --region fe --country JP --country AU",
            "sp-connect connect --seller acme --region na --region eu --browser isolated",
        ),
    ),
    Entry(
        "invite",
        CONNECT,
        "invite:command",
        "Make a link for a seller who consents on another machine.",
        (
            "sp-connect invite --seller acme --region eu --text",
            "sp-connect invite --from sellers.csv --days 14 --json",
        ),
    ),
    Entry(
        "accept",
        CONNECT,
        "accept:command",
        "Complete an invite from the address that the seller sent back.",
        (
            "sp-connect accept -",
            "sp-connect accept 'https://agency.example/sp-connect?state=...'",
        ),
    ),
    Entry(
        "invites",
        CONNECT,
        "invites:command",
        "List pending invites, or cancel those of a seller.",
        (
            "sp-connect invites",
            "sp-connect invites --cancel acme",
        ),
    ),
    Entry(
        "renew",
        CONNECT,
        "renew:command",
        "Renew due connections, one consent at a time.",
        (
            "sp-connect renew --due 30",
            "sp-connect renew --seller acme --keep-going",
        ),
    ),
    Entry(
        "upgrade",
        CONNECT,
        "upgrade:command",
        "Move a connection to another app, such as one with a wider access level.",
        ("sp-connect upgrade --seller acme --region eu --app wider",),
    ),
    Entry(
        "rename",
        CONNECT,
        "rename:command",
        "Rename a seller, with its tokens, invites and browser profile.",
        ("sp-connect rename acme acme-gmbh",),
    ),
    Entry(
        "revoke",
        CONNECT,
        "revoke:command",
        "Delete a connection and its tokens here, and show where the seller revokes it at Amazon.",
        (
            "sp-connect revoke --seller acme --region eu",
            "sp-connect revoke --seller acme --all --wait --yes",
        ),
    ),
    Entry(
        "list",
        LOOK,
        "list:command",
        "List connections. Reads local files only.",
        (
            "sp-connect list --matrix",
            "sp-connect list --due 30 --json",
            "sp-connect list --seller 'acme*' --html report.html",
        ),
    ),
    Entry(
        "show",
        LOOK,
        "show:command",
        "Show one seller: each region with its account, or the command that connects it.",
        (
            "sp-connect show --seller acme",
            "sp-connect show --seller acme --json",
        ),
    ),
    Entry(
        "verify",
        LOOK,
        "verify:command",
        "Check every connection with Amazon and record the result.",
        (
            "sp-connect verify",
            "sp-connect verify --seller acme --due 30 --json",
        ),
    ),
    Entry(
        "regions",
        LOOK,
        "reference:regions",
        "Show the three regions and how many consents each takes.",
        ("sp-connect regions",),
    ),
    Entry(
        "marketplaces",
        LOOK,
        "reference:marketplaces",
        "Show Amazon's marketplaces: ids, hosts and currencies.",
        ("sp-connect marketplaces --region eu",),
    ),
    Entry(
        "explain",
        LOOK,
        "explain:command",
        "Explain an Amazon error code and how to fix it.",
        (
            "sp-connect explain MD1000",
            "sp-connect explain",
        ),
    ),
    Entry("app", SET_UP, "app:app", "Manage your SP-API apps: add, list, show, remove, rotate-secret."),
    Entry(
        "relay",
        SET_UP,
        "relay:command",
        "Write the relay page for the https redirect URI that Amazon requires.",
        (
            "sp-connect relay --out relay.html",
            "sp-connect relay --app wider --out -",
        ),
    ),
    Entry("store", SET_UP, "store:app", "Show where secrets are stored; move them, or change the vault's passphrase."),
    Entry(
        "doctor",
        SET_UP,
        "doctor:command",
        "Check the setup for problems; fix what can be fixed here.",
        (
            "sp-connect doctor",
            "sp-connect doctor --fix --yes --json",
        ),
    ),
    Entry(
        "token",
        SCRIPTS,
        "token:command",
        "Print an access token: the saved one while it is valid, else a new one.",
        (
            "sp-connect token --seller acme --region eu",
            "sp-connect token --seller acme --json",
        ),
    ),
    Entry(
        "exec",
        SCRIPTS,
        "exec:command",
        "Run a command with the credentials in its environment, and exit with the command's code.",
        ("sp-connect exec --seller acme --region eu -- python report.py",),
        is_prefix=True,
    ),
    Entry(
        "export",
        SCRIPTS,
        "export:command",
        "Print the credentials for a shell or another program.",
        (
            "sp-connect export --seller acme --region eu --format dotenv --out .env",
            'eval "$(sp-connect export --seller acme --yes)"',
        ),
    ),
    Entry(
        "import",
        SCRIPTS,
        "import_:command",
        "Import refresh tokens from Amazon's console: one, or a CSV file of many.",
        (
            "sp-connect import --from sellers.csv --no-check",
            "sp-connect import --from credentials.yml --region eu",
            "sp-connect import --seller acme --region eu --selling-partner-id A2EXAMPLE1234 < token.txt",
        ),
    ),
    Entry(
        "simulator",
        SCRIPTS,
        "simulator:command",
        "Run the simulated Amazon by itself, until Ctrl-C.",
        ("sp-connect simulator --port 8800",),
    ),
)
