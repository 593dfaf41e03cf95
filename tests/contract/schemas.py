"""docs/schemas as validators: as they are for users, and closed, so that they cannot fall behind the program."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "schemas"
ENDING = ".schema.json"

Schema = dict[str, Any]
Schemas = Mapping[str, Schema]

SCHEMAS: Schemas = {
    path.name.removesuffix(ENDING): json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(FOLDER.glob(f"*{ENDING}"))
}

FORMATS = FormatChecker(formats=())
"""jsonschema checks no format unless further libraries are there, so the two in use are checked here."""


@FORMATS.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@FORMATS.checks("uri", raises=ValueError)
def _is_address(value: object) -> bool:
    return not isinstance(value, str) or all(urlsplit(value)[:2])


WORDS = frozenset({"$schema", "$id", "title", "description", "required", "type", "enum", "const", "pattern", "format"})
LIMITS = frozenset({"minimum", "minLength", "maxLength", "minItems"})
NESTING = frozenset({"$ref", "$defs", "properties", "items", "anyOf"})


def closed(schema: Schema, *, is_value: bool = True) -> Schema:
    """A copy in which no object may have a key that is not described.

    An object is closed where a value stands, not where it is defined: there `verify` and `revoke` add keys to it.
    """
    unknown = schema.keys() - WORDS - LIMITS - NESTING
    assert not unknown, f"to close a schema with {', '.join(unknown)}, this has to know how"
    made = dict(schema)
    if "properties" in schema:
        made["properties"] = {key: closed(value) for key, value in schema["properties"].items()}
    if "items" in schema:
        made["items"] = closed(schema["items"])
    if "anyOf" in schema:
        made["anyOf"] = [closed(one) for one in schema["anyOf"]]
    if "$defs" in schema:
        made["$defs"] = {name: closed(one, is_value=False) for name, one in schema["$defs"].items()}
    if is_value and not schema.keys().isdisjoint({"properties", "$ref"}):
        made["unevaluatedProperties"] = False
    return made


CLOSED: Schemas = {name: closed(schema, is_value=False) for name, schema in SCHEMAS.items()}


def refuses(documents: Iterable[tuple[str, object]], schemas: Schemas) -> bool:
    """Whether one of the documents, each with the name of its schema, has what `schemas` do not allow."""
    contents = ((schema["$id"], Resource.from_contents(schema)) for schema in schemas.values())
    registry: Registry[Any] = Registry().with_resources(contents)
    made = {
        name: Draft202012Validator(schema, registry=registry, format_checker=FORMATS)
        for name, schema in schemas.items()
    }
    return not all(made[name].is_valid(document) for name, document in documents)


def findings(name: str, document: object, schemas: Schemas = SCHEMAS) -> list[str]:
    """What a document has that its schema does not allow, or lacks."""
    contents = ((schema["$id"], Resource.from_contents(schema)) for schema in schemas.values())
    registry: Registry[Any] = Registry().with_resources(contents)
    schema = closed(SCHEMAS[name]) if schemas is CLOSED else schemas[name]
    validator = Draft202012Validator(schema, registry=registry, format_checker=FORMATS)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def nodes(schema: Schema, where: str = "") -> Iterator[tuple[str, Schema]]:
    """Every schema within a schema, itself first, with its place."""
    yield where, schema
    for key in ("properties", "$defs"):
        for name, one in schema.get(key, {}).items():
            yield from nodes(one, f"{where}/{key}/{name}")
    for number, one in enumerate(schema.get("anyOf", ())):
        yield from nodes(one, f"{where}/anyOf/{number}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{where}/items")


def narrower() -> Iterator[tuple[str, Schemas]]:
    """The schemas with one thing less that they allow: a null, whatever is not null, or one word of an enum."""
    for name, schema in SCHEMAS.items():
        for where, node in nodes(schema):
            for what, less in _less(node):
                changed = copy.deepcopy(schema)
                target = dict(nodes(changed))[where]
                target.clear()
                target.update(less)
                yield f"{name}#{where} without {what}", {**SCHEMAS, name: changed}


def _less(node: Schema) -> Iterator[tuple[str, Schema]]:
    kinds = node.get("type")
    if isinstance(kinds, list) and "null" in kinds:
        yield "null", node | {"type": [kind for kind in kinds if kind != "null"]}
        yield "a value", node | {"type": "null"}
    if {"type": "null"} in node.get("anyOf", ()):
        yield "null", node | {"anyOf": [one for one in node["anyOf"] if one != {"type": "null"}]}
        yield "a value", node | {"anyOf": [{"type": "null"}]}
    for word in node.get("enum", ()):
        yield repr(word), node | {"enum": [one for one in node["enum"] if one != word]}
