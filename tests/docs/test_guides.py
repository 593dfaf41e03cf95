"""The guides of docs/ say what the program does: its command lines, its flags, its files and its variables."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer

from sp_connect.models import App
from sp_connect.stores.home import records, toml
from sp_connect.stores.home.apps import Apps
from sp_connect.stores.home.connections import Connections
from tests.docs import guides
from tests.docs.guides import Guide

ROOT = Path(__file__).parents[2]
VARIABLE = re.compile(r"_?SP_CONNECT_[A-Z_]+")

each = pytest.mark.parametrize("guide", [guides.read(name) for name in guides.NAMES], ids=lambda one: one.name)


@each
class TestCommands:
    def test_each_command_line_of_a_guide_is_one_that_the_program_takes(
        self, guide: Guide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("clients.csv", "credentials.yml", "sellers.csv"):  # a flag that reads a file opens it at once
            (tmp_path / name).touch()
        monkeypatch.chdir(tmp_path)

        assert guide.typed() or guide.name == "files"
        assert [words for words in guide.typed() if not guides.parse(words, whole=True)] == []

    def test_each_command_that_a_guide_names_exists_with_its_flags(self, guide: Guide) -> None:
        assert guide.mentioned()
        assert [words for words in guide.mentioned() if not guides.parse(words, whole=False)] == []

    def test_each_flag_that_a_guide_names_exists(self, guide: Guide) -> None:
        named = {flag for code in guide.codes() for flag in re.findall(r"(?<![\w-])--[a-z][a-z-]*", code)}

        assert named
        assert named - guides.flags() == set()

    def test_what_a_guide_links_to_is_there(self, guide: Guide) -> None:
        targets = [link.partition("#") for link in guide.links()]

        assert targets
        for file, _, anchor in targets:
            page = guides.read(file.removesuffix(".md")) if file else guide
            assert not anchor or anchor in page.anchors(), f"{file}#{anchor}"


class TestReader:
    """What takes the pages apart finds what there is to find."""

    BLOCK = """\
# sp-connect nothing
. ~/x.sh && SP_CONNECT_STORE=vault sp-connect --quiet verify --due 30 >/dev/null
printf 'sp-connect no' | ~/bin/with-keyring sp-connect accept 'https://a.example/?b=c&d=e'
tar -czf sp-connect.tar.gz sp-connect
docker run --volume sp-connect:/data report list
"""

    def test_it_finds_the_command_lines_of_a_shell_and_no_others(self) -> None:
        typed = Guide("sample", f"```sh\n{self.BLOCK}```\n").typed()

        assert typed == [("--quiet", "verify", "--due", "30"), ("accept", "https://a.example/?b=c&d=e")]

    @pytest.mark.parametrize(
        "words",
        ["conect", "connect --seller acme --region eu --nope", "--nope list", "store mvoe vault", "invite --days many"],
    )
    def test_it_refuses_what_the_program_refuses(self, words: str) -> None:
        with pytest.raises(typer.TyperException):
            guides.parse(tuple(words.split()), whole=True)

    def test_it_misses_what_is_required(self) -> None:
        with pytest.raises(typer.TyperException):
            guides.parse(("connect", "--seller", "acme"), whole=True)


class TestExamples:
    """The example files of docs/files.md, as the program reads and writes them."""

    CONFIG, CLIENT = guides.read("files").blocks("toml")

    def test_config_toml_is_read_and_names_every_key(self, tmp_path: Path) -> None:
        path = tmp_path / "config.toml"
        path.write_text(self.CONFIG, encoding="utf-8")
        apps = Apps(path)
        [app] = apps.all()
        Apps(tmp_path / "written.toml").put(app)

        assert (apps.store_choice(), apps.browser()) == ("vault", "isolated")
        assert _keys(toml.read(path)) >= _keys(toml.read(tmp_path / "written.toml"))

    def test_a_change_of_config_toml_leaves_the_rest_of_it(self, tmp_path: Path) -> None:
        path = tmp_path / "config.toml"
        path.write_text(f"{self.CONFIG}\n# mine\nagency_note = 1\n", encoding="utf-8")
        Apps(path).choose_store("keyring")

        text = path.read_text(encoding="utf-8")

        assert text == f"{self.CONFIG}\n# mine\nagency_note = 1\n".replace('store = "vault"', 'store = "keyring"')

    def test_a_clients_file_is_read_and_names_every_key(self, tmp_path: Path) -> None:
        path = tmp_path / "acme.toml"
        path.write_text(self.CLIENT, encoding="utf-8")
        europe, japan = Connections(tmp_path).of("acme")

        assert [one.scope.country for one in (europe, japan)] == [None, "JP"]
        assert _keys(toml.read(path)) >= _keys(records.written(europe)) | _keys(records.written(japan))

    def test_a_key_of_ones_own_is_still_there_after_a_change(self, tmp_path: Path) -> None:
        (tmp_path / "acme.toml").write_text(self.CLIENT, encoding="utf-8")
        kept = Connections(tmp_path)
        kept.put(kept.of("acme")[0]._replace(standing="rejected"))

        assert (toml.read(tmp_path / "acme.toml") or {})["note"] == "contract 2026-17"

    def test_each_key_of_the_examples_is_explained(self) -> None:
        guide = guides.read("files")
        named = {word for code in guide.codes() for word in re.findall(r"\w+", code)}
        keys = {key for block in guide.blocks("toml") for key in re.findall(r"^(\w+) = ", block, re.MULTILINE)}

        assert keys - named == set()

    def test_an_app_without_the_keys_that_may_be_missing_gets_what_the_page_says(self, tmp_path: Path) -> None:
        path = tmp_path / "config.toml"
        optional = r"^(schema|store|browser|listen|draft|access_level) = .*\n"
        path.write_text(re.sub(optional, "", self.CONFIG, flags=re.MULTILINE), encoding="utf-8")
        apps = Apps(path)

        assert (apps.store_choice(), apps.browser()) == (None, None)
        assert apps.all() == (
            App(
                name="default",
                application_id="amzn1.sp.solution.11111111-2222-3333-4444-555555555555",
                client_id="amzn1.application-oa2-client.0123456789abcdef0123456789abcdef",
                redirect_uri="https://agency.example/sp-connect",
                listen="127.0.0.1:8723",
                draft=False,
                access_level="default",
                secret_ref="93877ce4ef71",
                secret_set_at=datetime(2026, 11, 22, 10, tzinfo=UTC),
            ),
        )


class TestVariables:
    def test_every_variable_that_the_program_reads_is_named_and_no_other(self) -> None:
        told = {name for code in guides.read("files").codes() for name in VARIABLE.findall(code)}

        assert told - {"SP_CONNECT_"} == read_by_the_program()

    @each
    def test_a_guide_names_no_other(self, guide: Guide) -> None:
        assert set(VARIABLE.findall(guide.text)) - {"SP_CONNECT_"} <= read_by_the_program()


def read_by_the_program() -> set[str]:
    """Every text of the program's that is the name of a variable and nothing else."""
    found = set()
    for path in (ROOT / "sp_connect").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and VARIABLE.fullmatch(node.value):
                found.add(node.value)
    return found - {"SP_CONNECT_"}


def _keys(value: Any) -> set[str]:
    """Every key of a file, whatever table it stands in."""
    if isinstance(value, dict):
        return set(value).union(*map(_keys, value.values()))
    return set().union(*map(_keys, value)) if isinstance(value, list) else set()
