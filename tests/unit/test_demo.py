"""How the story waits, fails and looks, without a stack."""

from __future__ import annotations

import asyncio
import datetime
import io

import pytest
from rich.console import Console

from chassis import errors
from devstack.demo import mailbox, screen, seeing, words

WHEN = datetime.datetime(2026, 3, 2, 9, tzinfo=datetime.UTC)


def shown() -> tuple[screen.Screen, io.StringIO]:
    text = io.StringIO()
    return screen.Screen(Console(file=text, width=100)), text


async def test_what_comes_late_is_seen() -> None:
    looks = iter([None, None, "there"])

    async def look() -> str | None:
        return next(looks)

    assert await seeing.eventually(look, "something", seconds=5) == "there"


async def test_what_does_not_come_is_named_with_the_last_reason() -> None:
    async def look() -> None:
        await asyncio.sleep(0)
        raise errors.NotFound("there is no such case")

    with pytest.raises(seeing.NotSeenError, match=r"an open case: not seen within 0 s \(there is no such case\)"):
        await seeing.eventually(look, "an open case", seconds=0.1)


def test_a_failed_step_is_named_and_ends_the_story() -> None:
    told, text = shown()
    with told.step("The first step"):
        pass
    with (
        pytest.raises(screen.StepFailed, match="step 2, The second step: the mail server is away"),
        told.step("The second step"),
    ):
        raise errors.Unavailable("the mail server is away")
    assert "✓ 1. The first step" in text.getvalue()
    assert "✗ 2. The second step" in text.getvalue()


def test_texts_are_shown_as_they_are_whatever_brackets_they_hold() -> None:
    told, text = shown()
    told.say("a [bold]note[/bold] and [/nothing]")
    told.facts([("key", "[red]value")])
    told.beside(("left", "[link]x"), ("right", ["[dim]y"]))
    assert all(
        part in text.getvalue() for part in ("[bold]note[/bold]", "[/nothing]", "[red]value", "[link]x", "[dim]y")
    )


def test_a_mail_is_split_into_what_it_tells_and_what_it_withholds() -> None:
    text = "About: x\nWithheld: No agreement lets housing see health\nSign in"
    mail = mailbox.Mail("1", "a@b.example", "s", WHEN, 0, text)
    assert mail.told == "About: x\nSign in"
    assert mail.withheld == ("No agreement lets housing see health",)


def test_each_agency_is_also_told_something_that_it_may_not_know() -> None:
    """Otherwise the story would show nothing withheld."""
    assert {part.organisation for part in words.PARTS} == {
        "police",
        "homes",
        "mental-health",
        "council-north",
        "lantern",
    }
    assert all(len(part.what) > 1 and part.answers for part in words.PARTS)
    assert len(set(words.secrets())) == len(words.secrets())


def test_the_plan_is_complete_under_its_headings() -> None:
    plan = words.plan(review_at=WHEN, responsible="practitioner-1")
    assert all(getattr(plan.about_me, field.name) for field in plan.about_me.DESCRIPTOR.fields)
    assert plan.contingency_plans[0].trigger_factors
    assert 1 <= plan.needs[0].goals[0].importance <= 10
