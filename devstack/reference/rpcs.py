"""The RPC list: every call, who may make it and what it answers a stranger, from the protos."""

from google.protobuf import descriptor_pb2

from devstack.reference import descriptors
from joinedup.options.v1 import options_pb2

INTRODUCTION = """# RPCs

Every call between services. A command needs the metadata `idempotency-key`; a query may be retried. The permission is
held by roles in `governance/roles.yaml`. To a caller without a relationship to the person, an RPC answers NotFound, or,
where the fourth column says so, answers with every personal field withheld.
"""


def page() -> str:
    """The page docs/reference/rpcs.md."""
    sections = [section for file in descriptors.files() if (section := _section(file))]
    return INTRODUCTION + "\n" + "\n\n".join(sections) + "\n"


def _section(file: descriptor_pb2.FileDescriptorProto) -> str:
    rows = [_row(method) for method in descriptors.methods(file)]
    if not rows:
        return ""
    head = "| RPC | kind | permission | a stranger gets | what it does |\n|---|---|---|---|---|"
    return "\n".join([f"## {file.package}\n", head, *rows])


def _row(method: descriptors.Commented[descriptor_pb2.MethodDescriptorProto]) -> str:
    options = method.descriptor.options
    query = options.idempotency_level == options.NO_SIDE_EFFECTS
    withholds = options.Extensions[options_pb2.stranger] == options_pb2.STRANGER_WITHHOLD
    return (
        f"| `{method.name.rsplit('.', 1)[-1]}` | {'query' if query else 'command'} "
        f"| `{options.Extensions[options_pb2.requires]}` | {'withheld fields' if withholds else 'NotFound'} "
        f"| {method.comment or '-'} |"
    )
