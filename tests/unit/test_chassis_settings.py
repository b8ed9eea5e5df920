"""Settings: read from the environment, refused when out of range, and every one of them described."""

import pytest
from pydantic import Field, ValidationError

from chassis import settings


class WithMore(settings.ServiceSettings):
    """A service's own settings."""

    worklist_days: int = Field(default=7, description="Days shown.")


def test_every_setting_has_a_meaning_that_ends_as_a_sentence() -> None:
    for row in settings.describe():
        assert row.meaning.endswith((".", "`.")), row


def test_a_service_adds_its_own_settings_to_the_reference() -> None:
    rows = {row.variable: row for row in settings.describe(WithMore)}
    assert rows["JOINEDUP_WORKLIST_DAYS"].default == "7"
    assert rows["JOINEDUP_KAFKA_CREATE_TOPICS"].default == "true"
    assert rows["JOINEDUP_ENVIRONMENT"].kind == "`local` or `test` or `production`"


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOINEDUP_CONSUMER_ATTEMPTS", "3")
    assert settings.ServiceSettings().consumer_attempts == 3


def test_a_value_out_of_range_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOINEDUP_TRACE_RATIO", "7")
    with pytest.raises(ValidationError, match="trace_ratio"):
        settings.ServiceSettings()


def test_secrets_are_not_shown() -> None:
    assert {row.default for row in settings.describe() if row.kind == "secret"} == {""}
