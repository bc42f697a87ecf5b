"""The pages against the code: every route, code, event, field, command, frame and metric is told of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from prometheus_client.samples import Sample

from hub import metrics
from hub.contract import frames
from hub.contract.closes import CLOSES
from hub.contract.commands import COMMANDS
from hub.contract.kinds import KINDS
from hub.contract.words import Action, Decision, Role, Scope
from hub.domain.access import CARRIES, MATRIX, SYSTEM
from hub.door.problems import STATUS
from hub.routes import OPERATOR_ROUTES, ROUTES

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
API, DOMAIN, EVENTS, PROTOCOL, OPERATIONS = (
    (DOCS / f"{name}.md").read_text() for name in ("api", "domain", "events", "protocol", "operations")
)
ALL = "\n".join(page.read_text() for page in sorted(DOCS.glob("*.md")))
# Pages of the dashboard: told of in one sentence, with no row of their own.
IS_PAGE = re.compile(r"GET (/|/docs|/(?!api/|docs/|livez|readyz|integrations/|v2/|jsm/).*)")


def row(page: str, word: str) -> str:
    """The row of a table whose first cells begin with a word in code; an error names what is missing."""
    found = [line for line in page.splitlines() if re.match(rf"\|[^|]*`{re.escape(word)}`", line)]
    assert found, f"no row begins with `{word}`"
    return found[0]


@pytest.mark.parametrize("path", [route.path for route in (*ROUTES, *OPERATOR_ROUTES)])
def test_every_address_is_told_of(path: str) -> None:
    assert re.search(rf"`([A-Z]+ )?{re.escape(path)}`", ALL)


def test_every_method_of_the_api_has_its_row_and_every_row_its_route() -> None:
    told = set(re.findall(r"^\| `([A-Z]+ /\S+)`", ALL, re.MULTILINE))
    routes = {f"{method} {route.path}" for route in ROUTES for method in route.guards}
    assert {each for each in routes if not IS_PAGE.fullmatch(each)} == told


@pytest.mark.parametrize("error", STATUS, ids=lambda error: error.__name__)
def test_every_problem_has_its_code_and_status(error: type) -> None:
    assert f" {STATUS[error]} " in row(API, error.code)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_action_its_fields_and_its_rule(name: str) -> None:
    told = row(API, name)
    assert f"`{COMMANDS[name].action}`" in told
    for field in set(COMMANDS[name].__struct_fields__) - {"if_version"}:
        assert f"`{field}`" in told
    assert row(DOMAIN, name)


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_has_its_fields(kind: str) -> None:
    told = row(EVENTS, kind)
    assert [field for field in KINDS[kind].__struct_fields__ if f"`{field}`" not in told] == []


def test_no_event_is_told_of_that_does_not_exist() -> None:
    assert set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)`", EVENTS, re.MULTILINE)) == set(KINDS)


@pytest.mark.parametrize("word", CLOSES)
def test_every_close_code_is_told_with_its_word_and_what_to_do(word: str) -> None:
    code, then = CLOSES[word]
    assert re.search(rf"^\| {code} +\| `{word}` +\| {re.escape(then)}", PROTOCOL, re.MULTILINE)


@pytest.mark.parametrize("frame", frames.Frame.__subclasses__(), ids=lambda frame: frame.__name__)
def test_every_frame_is_told_with_its_members(frame: type[frames.Frame]) -> None:
    name = frame.__struct_config__.tag
    rows = re.findall(rf"^\| (?:client|server) +\| `{name}` .*$", PROTOCOL, re.MULTILINE)
    fields = frame.__struct_encode_fields__
    assert [] in [[member for member in fields if f"`{member}" not in told] for told in rows]


def test_every_metric_is_told_of_and_exists() -> None:
    families = [family for family in REGISTRY.collect() if family.name.startswith("hub_")]
    assert len(families) == len([name for name in vars(metrics) if name.isupper()])
    names = {_shown(family.name, family.samples) for family in families}
    of_scrape = {"hub_database_up", "hub_inbox_waiting", "hub_inbox_running", "hub_inbox_dead"}
    of_scrape |= {"hub_inbox_oldest_seconds", "hub_consumers", "hub_consumers_held", "hub_consumer_lag_most"}
    assert set(re.findall(r"^\| `(hub_\w+)`", OPERATIONS, re.MULTILINE)) == names | of_scrape


def _shown(family: str, samples: list[Sample]) -> str:
    """A counter's name as it is scraped ends in _total, also while it has no sample."""
    kind = next(family_.type for family_ in REGISTRY.collect() if family_.name == family)
    return f"{family}_total" if kind == "counter" else family


def test_every_decision_role_action_and_system_actor_is_told_of() -> None:
    assert [word for word in Decision if f"`{word}`" not in API] == []
    assert [role for role in Role if not re.search(rf"\| {role} ", DOMAIN)] == []
    assert [action for action in Action if f"`{action}`" not in DOMAIN] == []
    assert [name for name in SYSTEM if f"`system:{name}`" not in DOMAIN] == []


@pytest.mark.parametrize("action", sorted(set().union(*MATRIX.values())))
def test_the_matrix_is_told_as_it_is(action: Action) -> None:
    heads = next(line for line in DOMAIN.splitlines() if re.match(r"\| action +\|", line))
    cells = dict(zip(_cells(heads), _cells(row(DOMAIN, action)), strict=True))
    assert {role for role in Role if cells[role] == "yes"} == {
        role for role in Role if action in MATRIX[role]
    }


@pytest.mark.parametrize("action", sorted(CARRIES[Scope.ORGANIZATION]))
def test_what_a_scope_carries_is_told_as_it_is(action: Action) -> None:
    _, _, section = DOMAIN.partition("### In a narrower scope")
    heads = next(line for line in section.splitlines() if line.startswith("| carried by the scope"))
    cells = dict(zip(_cells(heads), _cells(row(section, action)), strict=True))
    assert {scope for scope in Scope if cells[scope] == "yes"} == {
        scope for scope in Scope if action in CARRIES[scope]
    }


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
