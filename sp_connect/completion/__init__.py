"""TAB completion: commands, flags and values, from local files only.

It answers within the time that one key may take, so it imports neither the commands nor what they are built on:
`commands.tsv` says what they declare, and a test holds the two together.
"""

VARIABLE = "_SP_CONNECT_COMPLETE"
"""Set by a shell's script: which shell asks."""

SCRIPTS = {
    "bash": "sp-connect.bash",
    "zsh": "sp-connect.zsh",
    "fish": "sp-connect.fish",
    "powershell": "sp-connect.ps1",
}
"""The shells, each with its script in this folder."""
