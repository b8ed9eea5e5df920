"""Invented records that were taken for one person, and what came in meanwhile, as pages show them."""

from dataclasses import replace

from services.portal.pages import merge, parts, vocabulary
from services.portal.shown import since
from tests.unit.portal_example_people import PAGING, STRANGER, ago

STANDS, ENDED = vocabulary.MERGE_STATE["standing"], vocabulary.MERGE_STATE["taken_back"]
TWO = (
    merge.Record("First record", "3 March 2025, 14:02", vocabulary.VERIFICATION["01"], survived=True),
    merge.Record("Second record", "20 November 2025, 16:12", vocabulary.VERIFICATION["04"]),
)
HIDDEN = parts.Withheld("this person's whereabouts are protected", "Contact", "restricted")
KEY = "2b0c7e0a-8d5f-4a39-9d1e-6a7b8c9d0e1f"


def row(id: str, by: str, reason: str, **more: object) -> merge.MergeRow:
    made = merge.MergeRow(id, f"/merges/{id}", ago(days=2), by, vocabulary.MERGE_REASONS[reason], STANDS, TWO)
    return replace(made, **more)  # type: ignore[arg-type]


MERGES = merge.MergesPage(
    search=parts.Search(
        "/merges",
        "",
        "",
        filters=(parts.Choice("", "Still taken for one", selected=True), parts.Choice("taken_back", "Taken back")),
    ),
    rows=(
        row("m1", "Jo Trevithick", "reviewed"),
        row("m2", "Joinedup", "number_superseded", records=(TWO[0], merge.Record("Second record", ""))),
        row("m3", "An operator", "other", state=ENDED, ended_at=ago(days=1), ended_by="Jo Trevithick"),
    ),
    paging=PAGING,
)
MERGES_EMPTY = replace(MERGES, rows=(), paging=parts.Paging(0, 0, 0))

CAME = (
    merge.Came(
        "statements",
        "Who they are, as others stated it",
        (
            merge.Item("statement-1", "A referral from North Devon Housing", ago(days=1), reference="bars/5f0c1d2e"),
            merge.Item("statement-2", HIDDEN, ago(hours=20)),
        ),
    ),
    merge.Came(
        "referrals",
        "Referrals",
        (
            merge.Item(
                "referral-1",
                "From North Devon Housing",
                ago(days=1),
                (vocabulary.REFERRAL_STATUS["received"],),
                "To One Northern Devon",
            ),
        ),
    ),
    merge.Came("cases", "Cases", None, "A case takes its plan and its actions with it."),
    merge.Came(
        "entries",
        "Chronology",
        (merge.Item("entry-1", "Contact with a service", ago(hours=3), (vocabulary.CHRONOLOGY_KIND["encounter"],)),),
        "What tells of a referral, a case, a plan or an action goes with that.",
    ),
    merge.Came(
        "decisions",
        "What was said about sharing",
        (merge.Item("decision-1", "Does not want it to be shared", ago(hours=2), (parts.Tag("Charity", "purple"),)),),
        "A refusal holds for both until somebody says whose it was.",
    ),
)
FACTS = (
    parts.Fact("Taken for one person", "18 November 2025, 16:42, by Jo Trevithick"),
    parts.Fact("Why", "Somebody compared the two records"),
    parts.Fact("Note", STRANGER),
)
TAKING_BACK = merge.TakeBackForm(parts.Form("/merges/m1/end", KEY, version=1), vocabulary.UNMERGE_REASONS)
STANDING = merge.MergePage(STANDS, TWO, FACTS, CAME, taking_back=TAKING_BACK)
STANDING_PROBLEM = replace(
    STANDING,
    taking_back=replace(
        TAKING_BACK,
        note="They came in together.",
        form=replace(TAKING_BACK.form, problems=(parts.Problem("reason", "Choose a reason"),)),
    ),
)


def whose(item: merge.Item, number: int, *sides: str, done: bool = False, with_: str = "First record") -> merge.Item:
    moves = tuple(
        merge.Move(
            parts.Form("/merges/m1/assignments", f"{KEY[:-2]}{number}{index}", 1),
            "referral",
            "r1",
            side,
            f"{side} record",
        )
        for index, side in enumerate(sides)
    )
    return replace(item, state=since.DONE if done else since.LOOK, stands_with=with_, moves=moves)


def assigned(came: merge.Came) -> merge.Came:
    items = came.items
    if not items:
        return came
    looked = [whose(one, index, "first", "second") for index, one in enumerate(items)]
    if came.id == "statements":
        looked[0] = whose(items[0], 7, "first", done=True, with_="Second record")
    return replace(came, items=tuple(looked))


TAKEN_BACK = replace(
    STANDING,
    state=ENDED,
    facts=(*FACTS[:2], parts.Fact("Taken back", "20 November 2025, 15:01, by Jo Trevithick"), FACTS[2]),
    came=tuple(map(assigned, CAME)),
    to_look_at=4,
    told=1,
    taking_back=None,
)
NOTHING_CAME = replace(TAKEN_BACK, came=tuple(replace(one, items=()) for one in CAME), to_look_at=0, told=0)
OPEN_CASE = "That person has an open case of their own."
REFUSED = replace(
    TAKEN_BACK,
    came=tuple(
        replace(one, items=tuple(replace(it, problem=OPEN_CASE) for it in one.items or ()))
        if one.id == "referrals"
        else one
        for one in TAKEN_BACK.came
    ),
    problems=parts.Form("", "", problems=(parts.Problem("referral-1", OPEN_CASE),)),
)
