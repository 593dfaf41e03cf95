"""A Secret Service that locks each item by itself until it is asked to unlock it, as KeePassXC does by default.

Run as a process of its own on the session bus; it says `ready` once it has the name. It holds one item.
"""

from __future__ import annotations

from typing import Any

from jeepney import HeaderFields, MessageType, new_error, new_method_return  # type: ignore[import-untyped]
from jeepney.bus_messages import message_bus  # type: ignore[import-untyped]
from jeepney.io.blocking import Proxy, open_dbus_connection  # type: ignore[import-untyped]

ITEM = "/org/freedesktop/secrets/collection/passwords/one"
SESSION = "/org/freedesktop/secrets/session/one"
SECRET = "Atzr|kept"


class PickyService:
    """`unlocked` are the clients that asked for the item; `is_there` ends with its deletion."""

    def __init__(self) -> None:
        self.unlocked: set[str] = set()
        self.is_there = True

    def answer(self, call: Any) -> Any:
        """The reply to one method call."""
        fields = call.header.fields
        client, path = fields[HeaderFields.sender], fields[HeaderFields.path]
        is_open = client in self.unlocked
        match fields[HeaderFields.member]:
            case "Get" if call.body[1] == "Locked":
                return new_method_return(call, "v", (("b", path == ITEM and not is_open),))
            case "Get":
                return new_method_return(call, "v", (("s", "one"),))
            case "OpenSession" if call.body[0] == "plain":
                return new_method_return(call, "vo", (("s", ""), SESSION))
            case "OpenSession":
                return new_error(call, "org.freedesktop.DBus.Error.NotSupported")
            case "SearchItems":
                return new_method_return(call, "ao", ([ITEM] if self.is_there else [],))
            case "Unlock":
                self.unlocked |= {client} if ITEM in call.body[0] else set()
                return new_method_return(call, "aoo", (call.body[0], "/"))
            case "GetSecret" if is_open:
                return new_method_return(call, "(oayays)", ((SESSION, b"", SECRET.encode(), "text/plain"),))
            case "Delete" if is_open:
                self.is_there = False
                return new_method_return(call, "o", ("/",))
            case _:
                return new_error(call, "org.freedesktop.Secret.Error.IsLocked")


def main() -> None:
    connection, service = open_dbus_connection(), PickyService()
    Proxy(message_bus, connection).RequestName("org.freedesktop.secrets")
    print("ready", flush=True)  # noqa: T201 - whoever started it waits for that
    while True:
        message = connection.receive()
        if message.header.message_type == MessageType.method_call:
            connection.send(service.answer(message))


if __name__ == "__main__":
    main()
