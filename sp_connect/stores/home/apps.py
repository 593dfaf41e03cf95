"""config.toml: the registered apps, the chosen secret store, and the preferences.

The file is the user's own to edit, so a change keeps its comments, its order and keys that are unknown here.
Never holds a secret: `secret_ref` is the name under which the secret store has it.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

from sp_connect import errors
from sp_connect.models import App
from sp_connect.stores.home import files, permissions, toml
from sp_connect.stores.home.tables import Table, written_moment

LISTEN = "127.0.0.1:8723"
"""Where the relay page finds the listener unless the app says otherwise."""

_TOP = ("schema", "store", "apps", "preferences")
_PREFERENCES = ("browser",)
_APP = tuple(field for field in App._fields if field != "name")

_HEADER = f"# Settings of sp-connect. Made to be edited by hand; secrets are elsewhere.\nschema = {toml.SCHEMA}\n"


class Apps:
    """The apps of one config.toml. Nothing is read before it is asked for; every method may raise Damaged."""

    def __init__(self, path: Path, notes: Path | None = None) -> None:
        """`notes` is the folder that says what a kill leaves half-written beside the file (`leftovers`)."""
        self._path = path
        self._notes = notes

    def all(self) -> tuple[App, ...]:
        """Every app, by name."""
        tables = self._tables()
        return tuple(self._app(name, tables[name]) for name in sorted(tables))

    def get(self, name: str) -> App:
        """One app. Raises NoSuchApp."""
        tables = self._tables()
        if name not in tables:
            raise errors.NoSuchApp(name, sorted(tables))
        return self._app(name, tables[name])

    def put(self, app: App) -> None:
        """Adds an app, or changes the one of that name."""
        fields = {
            # First, so that a file that was cut off is never read as one of an app of Amazon itself.
            "simulated": app.simulated or None,
            "application_id": app.application_id,
            "client_id": app.client_id,
            "redirect_uri": app.redirect_uri,
            "listen": app.listen,
            "draft": app.draft,
            "access_level": app.access_level,
            "secret_ref": app.secret_ref,
            "secret_set_at": app.secret_set_at.astimezone(UTC).replace(microsecond=0),
            "old_secret_ref": app.old_secret_ref,
            "old_secret_until": app.old_secret_until and written_moment(app.old_secret_until),
        }

        def edit(document: MutableMapping[str, Any]) -> None:
            table = document.setdefault("apps", {}).setdefault(app.name, {})
            for key, value in fields.items():
                if value is None:
                    table.pop(key, None)
                elif table.get(key) != value:
                    table[key] = value

        self._rewrite(edit)

    def remove(self, name: str) -> None:
        """Forgets an app. Raises NoSuchApp."""
        self.get(name)

        def edit(document: MutableMapping[str, Any]) -> None:
            del document["apps"][name]
            if not document["apps"]:
                del document["apps"]

        self._rewrite(edit)

    def store_choice(self, *, is_obeyed: bool = True) -> str | None:
        """The secret store that config.toml names, if it names one; whether it exists is not asked here.

        Where it is not obeyed, since a variable decides, another user's file is no reason to stop.
        """
        return Table(self._path, "", self._values(is_obeyed=is_obeyed)).optional_text("store")

    def choose_store(self, store: str) -> None:
        """Names the secret store in config.toml."""
        self._rewrite(lambda document: document.update(store=store))

    def browser(self) -> str | None:
        """The value in [preferences] that replaces --browser, if set; it is not interpreted here."""
        preferences = self._values().get("preferences", {})
        return Table(self._path, "[preferences]", preferences).optional_text("browser") or None

    def mistyped(self) -> tuple[tuple[str, str], ...]:
        """Keys that nothing here reads and that are spelt nearly like one that is: each with that one.

        Others are let be: a key of the user's own, or of a later version.
        """
        import difflib

        document = self._values()
        places: list[tuple[str, object, Sequence[str]]] = [("", document, _TOP)]
        places.append(("preferences.", document.get("preferences"), _PREFERENCES))
        places += [(f"apps.{name}.", values, _APP) for name, values in self._tables().items()]
        return tuple(
            (f"{place}{key}", meant)
            for place, values, known in places
            for key in (values if isinstance(values, dict) else ())
            if key not in known
            for meant in difflib.get_close_matches(key, known, 1, 0.75)
        )

    def _values(self, *, is_obeyed: bool = True) -> dict[str, Any]:
        """The whole file. Raises Untrusted where another user may change it: it names a program, and an address."""
        text = files.read_text(self._path, permissions.see_trusted if is_obeyed else None)
        return {} if text is None else toml.parse(self._path, text)

    def _tables(self) -> dict[str, Any]:
        tables = self._values().get("apps", {})
        if not isinstance(tables, dict):
            raise errors.Damaged(self._path, "apps is not a table, [apps.NAME]")
        return tables

    def _app(self, name: str, values: object) -> App:
        table = Table(self._path, f"[apps.{name}]", values)
        if not errors.is_name(name):
            raise table.damaged("the name cannot be the name of an app")
        return App(
            name=name,
            application_id=table.text("application_id"),
            client_id=table.text("client_id"),
            redirect_uri=table.text("redirect_uri"),
            listen=table.text("listen", LISTEN),
            draft=table.flag("draft", default=False),
            access_level=table.text("access_level", "default"),
            secret_ref=table.text("secret_ref"),
            secret_set_at=table.moment("secret_set_at"),
            simulated=table.flag("simulated", default=False),
            old_secret_ref=table.optional_text("old_secret_ref"),
            old_secret_until=table.optional_moment("old_secret_until"),
        )

    def _rewrite(self, edit: Callable[[MutableMapping[str, Any]], object]) -> None:
        """Makes the same change to the text and to what it means, and writes the text if both agree.

        Files that people make have forms (one app in two places, dotted keys) that an editing library may get
        wrong; such a file is refused rather than spoilt.
        """
        import tomlkit

        self.all()  # what is damaged is left as it is
        text = files.read_text(self._path) or _HEADER
        meant = toml.parse(self._path, text)
        edit(meant)
        try:
            document = tomlkit.parse(text)
            edit(document)
            written = tomlkit.dumps(document)
            agrees = toml.parse(self._path, written) == meant
        except Exception:  # noqa: BLE001 - tomlkit raises errors of many kinds
            agrees = False
        if not agrees:
            raise errors.StoreUnavailable(
                f"{self._path} has a layout that would be spoilt by a change. It was left unchanged.",
                "give every app one table of its own, [apps.NAME], and run it again",
            )
        files.replace(self._path, written.encode(), self._notes)
