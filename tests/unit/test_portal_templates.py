"""The portal's pages as HTML: whole, safe, reachable from the keyboard, and honest about what is withheld."""

import dataclasses
import hashlib
import itertools
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import jinja2
import pytest
from google.protobuf.descriptor import EnumDescriptor

from chassis.disclosure import whereabouts
from joinedup.caseworker.v1 import caseworker_pb2, plan_pb2
from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import reviews_pb2
from joinedup.referrals.v1 import referrals_pb2
from services.identity import domain, merges, reviews
from services.portal import assets
from services.portal.pages import errors, parts, people, person, rendering, vocabulary
from tests.unit import portal_example_people, portal_examples
from tests.unit.portal_examples import EXAMPLES

VOID = {"area", "br", "circle", "hr", "img", "input", "link", "meta", "path"}
HOSTILE = "\"'><script>alert(1)</script>{{6761*7919}}"


class Document(HTMLParser):
    """Collects every element with its attributes and complains about elements that are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.misplaced: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice in <{tag} {names}>"
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.misplaced.append(tag)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(params=list(EXAMPLES))
def document(request: pytest.FixtureRequest) -> Document:
    return Document(rendering.render(*EXAMPLES[request.param]))


def test_every_template_is_an_example() -> None:
    shown = {page.template for page, _ in EXAMPLES.values()}
    files = {path.name for path in rendering.TEMPLATES.glob("*.html")}
    assert {name.removesuffix(".html") for name in files - shown} == {
        "layout",
        "parts",
        "action_parts",
        "merge_parts",
        "plan_parts",
        "referral_parts",
    }


def test_elements_are_closed_in_order(document: Document) -> None:
    assert (document.misplaced, document.open) == ([], [])


def test_nothing_is_inline_and_nothing_is_remote(document: Document) -> None:
    for tag, attributes in document.elements:
        assert not [name for name in attributes if name == "style" or name.startswith(("on", "hx-on"))], tag
        for name in ("src", "href", "action", "hx-get", "sse-connect"):
            assert not attributes.get(name, "").startswith(("http", "//", "javascript:")), attributes
        assert tag != "style"
        assert tag != "script" or attributes["src"].startswith("/static/")


def test_ids_are_unique_and_labels_find_their_inputs(document: Document) -> None:
    ids = Counter(attributes["id"] for _, attributes in document.elements if "id" in attributes)
    assert not [found for found, count in ids.items() if count > 1]
    for label in document.all("label"):
        assert label["for"] in ids
    for link in document.all("a"):
        if link["href"].startswith("#"):
            assert link["href"][1:] in ids


def test_forms_that_change_something_are_guarded(document: Document) -> None:
    forms = [form for form in document.all("form") if form.get("method") == "post"]
    hidden = Counter(field.get("name") for field in document.all("input") if field.get("type") == "hidden")
    assert hidden["csrf"] == len(forms)
    assert hidden["key"] == len([form for form in forms if form["action"] != "/sign-out"])


def test_one_main_heading(document: Document) -> None:
    assert len(document.all("h1")) == 1
    levels = [int(tag[1]) for tag, _ in document.elements if re.fullmatch("h[1-6]", tag)]
    banner_first = levels[levels.index(1) :]
    assert all(after <= before + 1 for before, after in itertools.pairwise(banner_first))


def hostile(value: Any) -> Any:
    """A copy of a page in which every text is hostile, but addresses and choices that the routes make."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kept = {"href", "filter_name", "template", "colour", "state", "kind", "variant", "birth_date", "nhs_number"}
        changed = {
            field.name: hostile(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.init and field.name not in kept and not field.name.endswith("_href")
        }
        return dataclasses.replace(value, **changed)
    if isinstance(value, str):
        return HOSTILE
    if isinstance(value, tuple):
        return tuple(hostile(each) for each in value)
    return value


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_text_from_outside_is_only_ever_text(name: str) -> None:
    page, frame = EXAMPLES[name]
    shown = rendering.render(hostile(page), hostile(frame))
    assert "<script>alert" not in shown
    assert str(6761 * 7919) not in shown
    if name not in ("sign-in", "signed-out"):
        assert "&lt;script&gt;alert" in shown
    # A quotation mark that ended an attribute would bring elements with attributes nobody wrote.
    for tag, attributes in Document(shown).elements:
        assert not [attribute for attribute in attributes if "<" in attribute or '"' in attribute], tag


def test_withheld_never_looks_like_empty() -> None:
    shown = {}
    for name, value in (("withheld", portal_example_people.HEALTH), ("empty", None), ("text", "COPD")):
        narrative = (people.NarrativePart("Health", value),)
        page = dataclasses.replace(portal_examples.REFERRAL, narrative=narrative, facts=(), history=())
        shown[name] = rendering.render(page, portal_example_people.FRAME)
    assert "<b>Withheld:</b> the person asked for it" in shown["withheld"]
    assert "Withheld does not mean empty" in shown["withheld"]
    assert "Withheld" not in shown["empty"]
    assert "Nothing recorded" in shown["empty"]
    assert "Nothing recorded" not in shown["withheld"]
    assert "COPD" in shown["text"]
    # The explanation opens from the keyboard and without scripts.
    assert '<details class="jd-withheld">' in shown["withheld"]


def test_withheld_values_are_not_offered_for_change() -> None:
    shown = rendering.render(*EXAMPLES["plan-edit"])
    assert 'name="about_me.my_wellness"' in shown
    assert 'name="about_me.also_worth_knowing_about_me"' not in shown


def test_lists_are_searched_by_the_parameters_they_name() -> None:
    sent = {field["name"] for field in Document(rendering.render(*EXAMPLES["caseload"])).all("select")}
    assert sent == {"whose", "sort"}


def test_a_field_that_no_page_has_is_an_error() -> None:
    template = rendering.environment().from_string("{{ page.titel }}")
    with pytest.raises(jinja2.UndefinedError, match="ErrorPage has no titel"):
        template.render(page=errors.error_page(404))


@pytest.mark.parametrize(
    ("due", "stopped", "state", "words"),
    [
        (timedelta(minutes=-1), None, "overdue", "Overdue by 1 minute"),
        (timedelta(days=-2, hours=-1), None, "overdue", "Overdue by 2 days"),
        (timedelta(hours=23, minutes=59), None, "soon", "Due in 23 hours"),
        (timedelta(hours=24, minutes=1), None, "later", "Due in 24 hours"),
        (timedelta(days=5), None, "later", "Due in 5 days"),
        (timedelta(0), None, "soon", "Due in 1 minute"),
        (timedelta(hours=1), timedelta(hours=1), "met", "Answered in time"),
        (timedelta(hours=-30), timedelta(hours=-28), "late", "Answered 2 hours late"),
    ],
)
def test_due_times_in_words(due: timedelta, stopped: timedelta | None, state: str, words: str) -> None:
    now = datetime(2025, 11, 20, 12, tzinfo=UTC)
    judged = parts.Due.of(now + due, now=now, stopped_at=now + stopped if stopped else None)
    assert (judged.state, judged.words) == (state, words)


def test_values_as_people_write_them() -> None:
    assert rendering.nhs_number("9991234004") == "999 123 4004"
    assert rendering.nhs_number("999-123-4004") == "999 123 4004"
    assert rendering.birth_date("1984-03-09") == "9 March 1984"
    assert rendering.birth_date("1984-03") == "March 1984"
    assert rendering.birth_date("1984") == "1984"
    assert rendering.birth_date("1984-13-40") == "1984-13-40"
    summer = datetime(2025, 7, 1, 23, 30, tzinfo=UTC)
    assert rendering.moment(summer) == "2 July 2025, 00:30"
    assert rendering.machine(summer) == "2025-07-02T00:30:00+01:00"
    entry = person.Entry("e", summer, parts.Tag("Note"), "A note", "Somebody")
    ((day, found),) = rendering.by_day([entry])
    assert (rendering.day(day), found) == ("Wednesday 2 July 2025", [entry])


def names(enum: EnumDescriptor, prefix: str) -> set[str]:
    return {value.name.removeprefix(prefix).lower() for value in enum.values} - {"unspecified"}


def test_vocabulary_has_a_word_for_everything_on_the_wire() -> None:
    referrals, cases = referrals_pb2.DESCRIPTOR.enum_types_by_name, caseworker_pb2.DESCRIPTOR.enum_types_by_name
    assert set(vocabulary.REFERRAL_STATUS) == names(referrals["Status"], "STATUS_")
    states = reviews_pb2.DESCRIPTOR.enum_types_by_name
    assert set(vocabulary.REVIEW_STATE) == names(states["ReviewState"], "REVIEW_STATE_")
    assert set(vocabulary.REVIEW_REASONS) == names(states["ReviewDecision"], "REVIEW_DECISION_")
    assert set(vocabulary.FIELD_AGREEMENT) == names(states["FieldAgreement"], "FIELD_AGREEMENT_")
    offered = {decision: [one.value for one in choices] for decision, choices in vocabulary.REVIEW_REASONS.items()}
    assert offered == {decision.value: list(reasons) for decision, reasons in reviews.REASONS.items()}
    assert set(vocabulary.MERGE_REASONS) == set(merges.REASONS)
    assert {one.value for one in vocabulary.UNMERGE_REASONS} == set(merges.UNMERGE_REASONS)
    assert set(vocabulary.CASE_STATUS) == names(cases["CaseStatus"], "CASE_STATUS_")
    assert set(vocabulary.VERIFICATION) == {status.value for status in domain.Verification}
    assert set(vocabulary.PRIORITY) | {"routine"} == names(referrals["Priority"], "PRIORITY_")
    assert set(vocabulary.ACTION_STATUS) == names(cases["ActionStatus"], "ACTION_STATUS_")
    assert {one.value for one in vocabulary.CLOSURE_REASONS} == names(cases["ClosureReason"], "CLOSURE_REASON_")
    assert set(vocabulary.CHRONOLOGY_KIND) == names(cases["ChronologyKind"], "CHRONOLOGY_KIND_")
    assert set(vocabulary.NARRATIVE_PARTS) == set(common_pb2.Narrative.DESCRIPTOR.fields_by_name)
    assert list(vocabulary.ABOUT_ME) == list(plan_pb2.AboutMe.DESCRIPTOR.fields_by_name)
    contingency = set(plan_pb2.ContingencyPlan.DESCRIPTOR.fields_by_name) - {"trigger_factors"}
    assert set(vocabulary.CONTINGENCY) == contingency


def test_vendored_files_are_what_their_digests_say() -> None:
    assert assets.SUMS.read_text(encoding="utf-8") == assets.digests()
    readme = (assets.STATIC / "README.md").read_text(encoding="utf-8")
    css = (assets.VENDOR / "nhsuk-frontend.min.css").read_text(encoding="utf-8")
    (version,) = re.findall(r'--nhsuk-frontend-version:\s*"([0-9.]+)"', css)
    assert f"| {version} | MIT |" in readme


def test_static_files_ask_nobody_else() -> None:
    for path in assets.STATIC.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        assert "@font-face" not in text
        assert "@import" not in text
        for address in re.findall(r"url\(([^)]*)\)", text):
            assert (path.parent / address).is_file(), address
    assert assets.localised("@font-face{src:url(https://x.example/f.woff)}a{b:c}") == "a{b:c}"


def test_static_address_changes_with_the_file() -> None:
    digest = hashlib.sha256((assets.STATIC / "joinedup.css").read_bytes()).hexdigest()
    assert rendering.asset("joinedup.css") == f"/static/joinedup.css?v={digest[:10]}"


@pytest.mark.parametrize("name", ["plan-edit", "action-new", "action-answer", "person", "referral"])
def test_whoever_writes_of_somebody_restricted_is_warned(name: str) -> None:
    page: Any = EXAMPLES[name][0]
    frame = EXAMPLES[name][1]
    protected = parts.Withheld("this person's whereabouts are protected", "Contact", "restricted")
    warning = "must stay secret"
    assert warning not in rendering.render(page, frame)
    hidden = dataclasses.replace(page, person=dataclasses.replace(page.person, address=protected))
    shown = rendering.render(hidden, frame)
    assert warning in shown
    assert (whereabouts.MARK in shown) == (name == "plan-edit"), "the mark is explained where it may be met"
