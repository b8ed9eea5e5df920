"""Journey J1 told once for the whole session, and everything that was seen of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devstack.demo import journey
from joinedup.caseworker.v1 import caseworker_pb2, plan_pb2
from joinedup.insight.v1 import insight_pb2
from joinedup.referrals.v1 import referrals_pb2


@dataclass
class Told:
    """The journey, and what was seen of each step."""

    story: journey.Journey
    referred: journey.Referred
    accepted: referrals_pb2.Referral
    case: caseworker_pb2.Case
    plan: plan_pb2.Plan
    agencies: dict[str, journey.Told]
    answers: Mapping[str, Sequence[int]]
    alerted: journey.Alerted
    signal: insight_pb2.Signal
    chronology: list[caseworker_pb2.ChronologyEntry]


async def tell(story: journey.Journey) -> Told:
    """The A&E refers her, the team takes her on, agencies are asked and answer, and she is in A&E again."""
    referred = await story.refer()
    accepted = await story.accept(referred.referral)
    case = await story.case()
    plan = await story.write_plan(case)
    asked = await story.ask_agencies(case)
    agencies = {one.part.organisation: await story.told(one) for one in asked}
    answers = {one.part.organisation: await story.answer(one) for one in asked}
    alerted = await story.crisis()
    signal = await story.rising_need()
    chronology = await story.chronology(size=200)
    return Told(story, referred, accepted, case, plan, agencies, answers, alerted, signal, chronology)
