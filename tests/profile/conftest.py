"""What the tests of this room share: a profile from text, and the mistakes in one."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from supervisor.errors import ProfileError
from supervisor.profile.loading import load_profile
from supervisor.profile.model import Profile

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

Load = Callable[[str], Profile]
Mistakes = Callable[[str], list[str]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads a profile from its text."""

    def load_text(text: str) -> Profile:
        path = tmp_path / "deck.toml"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return load_profile(path)

    return load_text


@pytest.fixture
def mistakes(tmp_path: Path, load: Load) -> Mistakes:
    """The mistakes in a profile's text, each as ``line: sentence``."""

    def mistakes_in(text: str) -> list[str]:
        with pytest.raises(ProfileError) as caught:
            load(text)
        return [mistake.removeprefix(f"{tmp_path / 'deck.toml'}:") for mistake in caught.value.mistakes]

    return mistakes_in
