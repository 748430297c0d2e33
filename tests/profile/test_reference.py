"""The reference of keys is the models' own, and what it shows loads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from supervisor.profile.loading import load_profile
from supervisor.profile.reference import TABLES, filled, marks_in
from supervisor.profile.wording import known_keys

SHIPPED = Path(__file__).parents[2] / "docs" / "profile.md"
DOCUMENT = SHIPPED.read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)


def test_the_shipped_reference_is_current() -> None:
    """When it is not: run `python -m supervisor.profile.reference`."""
    assert filled(DOCUMENT) == DOCUMENT


def test_every_table_is_in_the_reference() -> None:
    """None is left out, and none is shown twice."""
    assert sorted(marks_in(DOCUMENT)) == sorted([*TABLES, "live-keys"])


def test_every_key_is_explained_with_an_example() -> None:
    """A key without words would stand there with an empty cell."""
    for model in TABLES.values():
        for key, field in known_keys(model).items():
            assert field.description, key
            assert f"| `{key}` | `" in DOCUMENT, key


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_is_a_valid_profile(tmp_path: Path, example: str) -> None:
    """As it stands there."""
    (tmp_path / "deck.toml").write_text(example, encoding="utf-8")
    assert load_profile(tmp_path / "deck.toml").workers


@pytest.mark.parametrize("table", TABLES)
def test_an_example_of_a_key_is_one_that_the_key_may_have(table: str) -> None:
    """Editors offer them, and mistakes show them as what is right; accounts are those of other machines."""
    model = TABLES[table]
    for key, field in known_keys(model).items():
        for example in field.examples or ():
            if key in {"user", "group"}:
                continue
            try:
                model.model_validate({key: example}, by_name=False)
            except ValidationError as error:
                assert [found["loc"] for found in error.errors() if found["type"] != "missing"] == []  # noqa: PT017
