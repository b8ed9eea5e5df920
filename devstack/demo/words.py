"""What the key worker writes about Maggie Pascoe: her plan under the PRSB headings, and what each agency is asked.

Every text stands under the class of data that it reveals: from that alone follows who is told it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from devstack.place import protagonist
from joinedup.caseworker.v1 import caseworker_pb2, plan_pb2
from joinedup.common.v1 import common_pb2


@dataclass(frozen=True)
class Part:
    """An agency's part in the plan: who carries it out (keys of the place), what, by when, and how they answer."""

    organisation: str
    team: str
    what: Mapping[str, str]
    days: int
    answers: tuple[tuple[caseworker_pb2.ActionStatus.ValueType, Mapping[str, str]], ...]

    def narrative(self) -> common_pb2.Narrative:
        """What is to be done, by class."""
        return common_pb2.Narrative(**self.what)


PARTS = (
    Part(
        "police",
        "policing",
        {
            "safeguarding": "A man who stays at her flat takes her money. Call with the housing officer, in daylight; "
            "never telephone about it beforehand.",
            "police": "Mark the address for night shifts: whoever answers a call there tells her key worker.",
            "health": "She has drunk more since her brother died; a call for help at night is fear, not crime.",
        },
        3,
        ((caseworker_pb2.ACTION_STATUS_ACCEPTED, {}), (caseworker_pb2.ACTION_STATUS_DONE, {})),
    ),
    Part(
        "homes",
        "tenancy",
        {
            "housing": "Hold the eviction letter back while this plan runs; change the lock; agree a sum she can pay.",
            "voice": "I want to keep my flat and my dog.",
            "safeguarding": "The lock is changed because of a man who takes her money.",
        },
        5,
        (
            (caseworker_pb2.ACTION_STATUS_ACCEPTED, {}),
            (caseworker_pb2.ACTION_STATUS_DONE, {"housing": "Lock changed; the letter is held back for 12 weeks."}),
        ),
    ),
    Part(
        "mental-health",
        "mental-health",
        {
            "health": "Bereavement and drinking: a first visit at home within two weeks, with the key worker present.",
            "voice": "One person who knows me.",
            "police": "Nine calls to the police since the spring.",
        },
        14,
        ((caseworker_pb2.ACTION_STATUS_ACCEPTED, {}),),
    ),
    Part(
        "council-north",
        "social-care-north",
        {
            "social_care": "Care Act assessment, and a safeguarding enquiry about the man who stays at the flat.",
            "finance": "She is without money for food and heating: household support fund, this week.",
            "police": "He is known to the police for theft.",
        },
        5,
        (
            (
                caseworker_pb2.ACTION_STATUS_CANNOT,
                {"finance": "The household support fund is spent until April; a charity has vouchers."},
            ),
        ),
    ),
    Part(
        "lantern",
        "outreach",
        {
            "voice": "I ring 999 when I am frightened at night. I would rather ring somebody I know.",
            "health": "She drinks most on Fridays, when the money comes.",
        },
        7,
        ((caseworker_pb2.ACTION_STATUS_ACCEPTED, {}),),
    ),
)
"""Police, housing, the NHS, the council and a charity; of each text an agency learns what agreements release to it."""


def plan(*, review_at: datetime, responsible: str) -> plan_pb2.PlanContent:
    """The support plan; `responsible` is the practitioner who sees to its review."""
    return plan_pb2.PlanContent(
        about_me=plan_pb2.AboutMe(
            what_is_most_important_to_me=protagonist.WISHES,
            people_who_are_important_to_me="My sister Jean in Harrow. My neighbour, who has a key.",
            how_i_communicate="Ring twice and hang up, then ring again. I do not open letters.",
            my_wellness="On a good day I walk Biscuit to the allotments and back.",
            please_do_and_please_dont="Please sit down. Please do not ask me to tell it all from the beginning.",
            how_and_when_to_support_me="Evenings are worst, and Fridays.",
            also_worth_knowing_about_me="I was a dinner lady for nineteen years.",
        ),
        strengths="She looks after a dog every day, and after her neighbour's children when asked.",
        needs=[
            plan_pb2.Need(
                need=common_pb2.Narrative(
                    health="Frightened at night since her brother died; drinks to sleep.",
                    housing="Behind with the rent; a letter about eviction.",
                    safeguarding="A man who stays at the flat takes her money.",
                ),
                goals=[
                    plan_pb2.Goal(goal="Ring Tom instead of 999 when I am frightened", importance=9, status="active"),
                    plan_pb2.Goal(goal="Keep the flat", importance=10, status="active"),
                ],
            )
        ],
        contingency_plans=[
            plan_pb2.ContingencyPlan(
                trigger_factors=["She rings 999 twice in one night", "She does not answer for two days"],
                what_should_happen="Her key worker rings back the same evening; nobody goes to the flat alone.",
                who_should_be_contacted="Her sister Jean, then the neighbour.",
                coping_strategies="The dog, the radio, a cup of tea with the chain on the door.",
                early_warning_signs="She stops walking the dog.",
            )
        ],
        agreed_with_person=True,
        planned_review_at=_stamp(review_at),
        responsible_for_review=responsible,
        formulation="Loss, fear and debt drive each other; each agency so far has treated one of them.",
    )


def due(part: Part, now: datetime) -> Timestamp:
    """By when an agency is asked to have done its part."""
    return _stamp(now + timedelta(days=part.days))


def _stamp(moment: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


def secrets() -> tuple[str, ...]:
    """The narratives of the story, which may stand nowhere but in the services' databases and in mail."""
    told = [protagonist.NARRATIVE, protagonist.SAFEGUARDING, protagonist.WISHES, protagonist.REASON]
    told += [text for part in PARTS for text in part.what.values()]
    told += [text for part in PARTS for _, note in part.answers for text in note.values()]
    return tuple(told)
