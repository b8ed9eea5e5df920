"""Tells journey J1 in the terminal: every step is really done, read back, and shown with what it took."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp

from cli import directory, disclosures
from devstack.demo import journey, screen, seeing
from devstack.place import protagonist
from joinedup.caseworker.v1 import caseworker_pb2, plan_pb2
from joinedup.common.v1 import common_pb2
from joinedup.referrals.v1 import referrals_pb2

_LONDON = ZoneInfo("Europe/London")
SHOWN_ENTRIES = 24
LINK_ONLY = "Everything: its mail domain is not on the list of accredited ones. It reads on after signing in."

HEADINGS = {
    "what_is_most_important_to_me": "What is most important to me",
    "people_who_are_important_to_me": "People who are important to me",
    "how_i_communicate": "How I communicate",
    "my_wellness": "My wellness",
    "please_do_and_please_dont": "Please do and please don't",
    "how_and_when_to_support_me": "How and when to support me",
    "also_worth_knowing_about_me": "Also worth knowing about me",
}
"""PRSB Personalised Care and Support Plan v2.0, "About me"."""


class Story:
    """J1, told once on a loaded stack."""

    def __init__(self, told: journey.Journey, shown: screen.Screen) -> None:
        self.journey = told
        self.screen = shown

    async def tell(self) -> None:
        """Every step in its order. Raises screen.StepFailed naming the one that fails."""
        self._title()
        referral = await self._refer()
        await self._triage(referral)
        case = await self._case()
        await self._plan(case)
        asked = await self._agencies(case)
        await self._mail(asked)
        await self._answers(asked)
        await self._crisis()
        await self._rising_need()
        await self._chronology()
        await self._stranger()
        await self._why()

    def _title(self) -> None:
        self.screen.title(
            "J1: one person, many doors, one plan",
            f"{' '.join(protagonist.GIVEN)} {protagonist.FAMILY} is invented, and so is everybody else here. "
            "Everything that happens is real: BaRS in, Kafka between, mail out.",
        )

    async def _refer(self) -> referrals_pb2.Referral:
        with self.screen.step("An A&E department refers Maggie by a BaRS message"):
            referred = await self.journey.refer()
        referral = referred.referral
        self.screen.facts(
            [
                ("message", f"{len(referred.message):,} bytes of FHIR XML, signed by the hospital's own key"),
                ("gateway", f"answered in {referred.taken.milliseconds:.0f} ms"),
                ("work list", f"the team sees it {referred.milliseconds:.0f} ms after it was sent"),
                ("routing", referral.routing),
                ("due", _moment(referral.clock.due_at)),
                ("because", "\n".join(referral.clock.explanation)),
            ]
        )
        self.screen.say("What the team reads, and what it may not:")
        self._narrative(referral.narrative)
        for because in dict.fromkeys(mark.because for mark in referral.withheld):
            self.screen.say(f"Withheld: {because}", style="yellow")
        return referral

    async def _triage(self, referral: referrals_pb2.Referral) -> None:
        triager, key_worker = self.journey.triager, self.journey.key_worker
        with self.screen.step(f"{triager.name} takes it on, with {key_worker.name} as key worker"):
            await self.journey.accept(referral)
        self.screen.say("The hospital sees at once that it was accepted, and by whom.")

    async def _case(self) -> caseworker_pb2.Case:
        with self.screen.step("The acceptance travels as an event, and a case opens by itself"):
            case = await self.journey.case()
        opened = _moment(case.opened_at)
        self.screen.facts([("case", case.case_id), ("key worker", self.journey.key_worker.name), ("opened", opened)])
        return case

    async def _plan(self, case: caseworker_pb2.Case) -> None:
        with self.screen.step(f"{self.journey.key_worker.name} writes the support plan with her (PRSB headings)"):
            plan = await self.journey.write_plan(case)
        self.screen.facts(_headings(plan.content))

    async def _agencies(self, case: caseworker_pb2.Case) -> list[journey.Asked]:
        with self.screen.step("Each agency is asked for its part"):
            asked = await self.journey.ask_agencies(case)
        names = self.journey.place.organisations
        rows = [
            (names[one.part.organisation].name, "; ".join(one.part.what), f"in {one.part.days} days") for one in asked
        ]
        self.screen.table(("agency", "written under the classes", "due"), rows)
        return asked

    async def _mail(self, asked: list[journey.Asked]) -> None:
        with self.screen.step("Each is told by secure mail what it may know, and no more"):
            told = [await self.journey.told(one) for one in asked]
        for one in told:
            why = list(one.mail.withheld) or [LINK_ONLY]
            self.screen.beside((f"to {one.mail.to}", one.mail.told), ("withheld, as the message says", why))

    async def _answers(self, asked: list[journey.Asked]) -> None:
        with self.screen.step("The agencies answer"):
            answered = [(one, await self.journey.answer(one)) for one in asked]
        rows = []
        for one, statuses in answered:
            said = " ".join(text for _, note in one.part.answers for text in note.values())
            name = self.journey.place.organisations[one.part.organisation].name
            rows.append((name, ", then ".join(_status(status) for status in statuses), said))
        self.screen.table(("agency", "answer", "in its own words"), rows)

    async def _crisis(self) -> None:
        with self.screen.step("Tonight she is in A&E again: her key worker is told"):
            alert = await self.journey.crisis()
        name = self.journey.key_worker.name
        self.screen.say(f"In {name}'s mailbox {alert.seconds:.1f} s after the hospital told it.")
        self.screen.beside(
            (f"to {alert.mail.to}", alert.mail.told), ("the subject says nothing about her", [alert.mail.subject])
        )

    async def _rising_need(self) -> None:
        with self.screen.step("Insight has counted: contacts in crisis cross the threshold"):
            signal = await self.journey.rising_need()
        self.screen.facts(
            [
                ("signal", f"{signal.contacts} contacts in crisis within {signal.window_days} days"),
                ("threshold", signal.threshold),
                ("crossed", _moment(signal.detected_at)),
            ]
        )

    async def _chronology(self) -> None:
        with self.screen.step("One chronology shows it all"):
            entries = await self.journey.chronology()
            seeing.expect(len(entries) > SHOWN_ENTRIES, "the chronology holds the story")
        names = {one.id: one.name for one in self.journey.place.organisations.values()}
        rows = [
            (_moment(entry.at, "%d %b %H:%M:%S"), entry.title, names.get(entry.organisation_id, ""), _words(entry))
            for entry in entries[:SHOWN_ENTRIES]
        ]
        self.screen.table(("when", "what", "who", "says"), rows)

    async def _stranger(self) -> None:
        with self.screen.step("Somebody from the next borough looks her up, and finds nobody"):
            stranger, entry = await self.journey.stranger()
        self.screen.facts(
            [
                ("asked", f"{stranger.name}, {stranger.organisation.name}"),
                ("was told", "there is no such record"),
                ("ledger", f"entry {entry.sequence}: refused; hash {entry.hash[:16]}…"),
            ]
        )

    async def _why(self) -> None:
        with self.screen.step("Why could housing see this?"):
            entries = await self.journey.why("homes")
            known = await directory.names(self.journey.house.operator())
        shown = [disclosures.described(entry, known) for entry in entries]
        self.screen.table(
            ("when", "who", "released", "withheld", "agreement", "lawful basis"),
            [
                (
                    datetime.fromisoformat(one["at"]).astimezone(_LONDON).strftime("%H:%M:%S"),
                    one["actor"],
                    ", ".join(one["released"]),
                    ", ".join(one["withheld"]),
                    "; ".join(one["agreements"]),
                    "; ".join(one["lawful_bases"]),
                )
                for one in shown
                if one["organisation"] == self.journey.place.organisations["homes"].name
            ][:6],
        )

    def _narrative(self, narrative: common_pb2.Narrative) -> None:
        self.screen.facts([(field.name.replace("_", " "), text) for field, text in narrative.ListFields()])


def _headings(content: plan_pb2.PlanContent) -> list[tuple[str, object]]:
    about = [(HEADINGS[field.name], text) for field, text in content.about_me.ListFields()]
    goals = "; ".join(f"{goal.goal} ({goal.importance} of 10)" for need in content.needs for goal in need.goals)
    contingency = content.contingency_plans[0]
    return [
        *about,
        ("Strengths", content.strengths),
        ("Goals and hopes", goals),
        ("Contingency plan", f"if {' or '.join(contingency.trigger_factors)}: {contingency.what_should_happen}"),
        ("Planned review", _moment(content.planned_review_at)),
    ]


def _words(entry: caseworker_pb2.ChronologyEntry) -> str:
    said = " ".join(text for _, text in entry.narrative.ListFields())
    return said if len(said) <= 90 else f"{said[:89]}…"


def _status(status: caseworker_pb2.ActionStatus.ValueType) -> str:
    return caseworker_pb2.ActionStatus.Name(status).removeprefix("ACTION_STATUS_").lower()


def _moment(stamp: Timestamp, form: str = "%A %-d %B %Y, %H:%M") -> str:
    return stamp.ToDatetime(tzinfo=UTC).astimezone(_LONDON).strftime(form)
