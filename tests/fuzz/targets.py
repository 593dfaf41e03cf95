"""All targets, by name."""

from __future__ import annotations

from tests.fuzz import answers, callbacks, records, sheets, typed, vaults

ALL = {
    target.name: target
    for target in (
        *(vaults.SEALED, vaults.VAULT),
        *(records.SELLER, records.CONFIG, records.INVITE, records.JOURNAL),
        *(callbacks.QUERY, callbacks.PASTED, callbacks.REQUEST),
        *(sheets.IMPORT, sheets.INVITES),
        *(answers.TOKENS, answers.MARKETPLACES, answers.RELAY, answers.WIRE),
        *(typed.SECRET, typed.FIELDS, typed.CODE, typed.LINE),
    )
}
