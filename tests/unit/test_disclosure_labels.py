"""Labels: what is missing or contradictory is found, whatever the shape of the message."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool

from chassis import db, settings
from chassis.disclosure import labels
from chassis.rpc import server
from joinedup.identity.v1 import identity_pb2
from joinedup.options.v1 import options_pb2
from tests.unit import made_messages as made

PAIR = {"id": ("string", made.OPERATIONAL, "subject"), "name": ("string", made.IDENTIFYING)}
MARKED = {**PAIR, "withheld": (made.WITHHELD, 0, "repeated")}


def service(name: str, response: str, *, requires: str = "made.read") -> Any:
    """A service of one RPC that answers with a made message."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"joinedup/made/v1/{name}_service.proto",
        package=f"joinedup.made.v1.{name}",
        syntax="proto3",
        dependency=["joinedup/options/v1/options.proto", f"joinedup/made/v1/{name}.proto"],
    )
    method = file.service.add(name="Made").method.add(
        name="Get",
        input_type=f".joinedup.made.v1.{name}.{response}",
        output_type=f".joinedup.made.v1.{name}.{response}",
    )
    method.options.Extensions[options_pb2.requires] = requires
    descriptor_pool.Default().Add(file)
    return descriptor_pool.Default().FindServiceByName(f"joinedup.made.v1.{name}.Made")


@pytest.mark.parametrize(
    ("name", "messages", "problem"),
    [
        ("whole", {"A": MARKED}, ""),
        ("classless", {"A": {**MARKED, "extra": ("string", 0)}}, "A.extra: no data class"),
        ("unmarked", {"A": PAIR}, "but no `repeated common.v1.Withheld withheld`"),
        ("subjectless", {"A": {"name": ("string", made.IDENTIFYING)}}, "A.name: personal in the answer of"),
        (
            "deep",
            {"A": {"b": ("B", 0, "repeated")}, "B": {"c": ("C", 0)}, "C": {"name": ("string", made.HEALTH)}},
            "C.name: personal in the answer of",
        ),
        ("deep_marked", {"A": {"b": ("B", 0, "repeated")}, "B": MARKED}, ""),
        (
            "below",
            {"A": {**MARKED, "b": ("B", 0)}, "B": {"words": ("string", made.HEALTH)}},
            "",
        ),
        (
            "below_unmarked",
            {
                "A": {"id": ("string", made.OPERATIONAL, "subject"), "b": ("B", 0, "map")},
                "B": {"words": ("string", made.HEALTH)},
            },
            "but no `repeated common.v1.Withheld withheld`",
        ),
        ("twice", {"A": {**MARKED, "other": ("string", made.OPERATIONAL, "subject")}}, "more than one subject"),
        ("several", {"A": {**MARKED, "id": ("string", made.OPERATIONAL, "subject", "repeated")}}, "a single string"),
        ("numbered", {"A": {**MARKED, "id": ("int32", made.OPERATIONAL, "subject")}}, "a single string"),
        ("secret", {"A": {**MARKED, "id": ("string", made.HEALTH, "subject")}}, "must be of the operational class"),
        (
            "labelled_message",
            {"A": {**MARKED, "b": ("B", made.HEALTH)}, "B": {"words": ("string", made.HEALTH)}},
            "a class on a message field has no effect",
        ),
        ("keyed", {"A": {**MARKED, "b": ("B", 0, "map")}, "B": {"words": ("string", made.HEALTH)}}, "b: no data class"),
        ("whereabouts", {"A": {**MARKED, "at": ("string", made.HEALTH, "told")}}, ""),
        (
            "whereabouts_of_all",
            {"A": {**MARKED, "at": ("string", made.OPERATIONAL, "told")}},
            "A.at: tells where a person is, and is of the operational class",
        ),
        ("endless", {"A": {**MARKED, "a": ("A", 0, "repeated")}}, ""),
    ],
)
def test_what_is_wrong_with_an_answer_is_found(name: str, messages: Any, problem: str) -> None:
    made.made(name, messages)
    found = labels.problems(service(name, "A"))
    if problem:
        assert any(problem in one for one in found), found
    else:
        assert found == []


def test_an_rpc_without_a_permission_keeps_the_server_from_starting() -> None:
    made.made("permissionless", {"A": MARKED})
    unlabelled = service("permissionless", "A", requires="")
    with pytest.raises(ValueError, match=r"Made\.Get: no permission") as refused:
        server.check([server.Service(unlabelled, {})])
    assert "Made/Get: no handler" in str(refused.value)


def test_a_server_that_trusts_nobody_in_particular_does_not_start() -> None:
    database = db.Database.open("postgresql://x@127.0.0.1:1/x")
    for config in (settings.ServiceSettings(service="identity"), settings.ServiceSettings(trusted_keys="keys")):
        with pytest.raises(ValueError, match="whose tokens it accepts"):
            server.Server(config, database, [])


def test_a_handler_for_no_rpc_keeps_the_server_from_starting() -> None:
    async def handler(request: Any, work: Any) -> Any:
        return request

    identity = identity_pb2.DESCRIPTOR.services_by_name["Identity"]
    handlers = dict.fromkeys(["GetPerson", "GetPeople", "TracePerson", "RegisterPerson", "Forget"], handler)
    with pytest.raises(ValueError, match=r"Identity/Forget: no such RPC"):
        server.check([server.Service(identity, handlers)])


def test_a_default_of_the_message_counts_for_fields_without_a_label() -> None:
    types = made.made(
        "defaults", {"A": {"words": ("string", 0), "at": ("string", made.OPERATIONAL)}}, {"A": made.HEALTH}
    )
    shape = labels.shape(types["A"].DESCRIPTOR)
    assert [(leaf.name, leaf.data_class) for leaf in shape.leaves] == [
        ("words", made.HEALTH),
        ("at", made.OPERATIONAL),
    ]


def test_paths_do_not_enter_another_subjects_message() -> None:
    assert dict(labels.paths(made.descriptor("Case"))) == {
        "name": made.IDENTIFYING,
        "wish": made.VOICE,
        "risk": made.POLICE,
        "place.lines": made.CONTACT,
        "place.code": made.CONTACT,
        "places.lines": made.CONTACT,
        "places.code": made.CONTACT,
        "notes.words": made.HEALTH,
        "notes.written": made.POLICE,
        "notes_by_agency.words": made.HEALTH,
        "notes_by_agency.written": made.POLICE,
        "places_by_friend": made.IDENTIFYING,
        "places_by_friend.lines": made.CONTACT,
        "places_by_friend.code": made.CONTACT,
        "markers": made.HEALTH,
    }
