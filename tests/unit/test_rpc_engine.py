"""gRPC is told how to read before it is imported, in words that this version of it knows."""

import os
import subprocess
import sys

import pytest

_PROGRAM = """
import sys

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "grpc":
            import os
            print("told" if os.environ.get("GRPC_EXPERIMENTS") else "too late")

sys.meta_path.insert(0, Watch())
import {module}
import grpc
"""


@pytest.mark.parametrize("module", ["services.identity.__main__", "services.portal.__main__"])
def test_grpc_is_told_first_and_understands(module: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "GRPC_EXPERIMENTS"}
    program = _PROGRAM.format(module=module)
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.split("\n")[0] == "told"
    assert "Unknown experiment" not in ran.stderr
