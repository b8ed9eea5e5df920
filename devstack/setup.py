"""Installs what no lock file brings: Kafka's jars, its class archive, and, where it can be had, a browser for tests."""

import os
import shutil
import subprocess
from collections.abc import Callable

from devstack import class_archive, java, kafka_jars

APT_SECONDS = 600
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
Say = Callable[[str], None]


def kafka(say: Say = lambda _: None) -> None:
    """Fetch Kafka's jars and build the class archive for this machine's Java; quick when both are there.

    Raises kafka_jars.JarsError, java.NoJavaError, kafka.KafkaError.
    """
    runtime = java.find()
    if not kafka_jars.installed():
        jars = len(kafka_jars.locked())
        done = 0

        def count(name: str) -> None:
            nonlocal done
            done += 1
            say(f"Kafka {kafka_jars.version()}: {done} of {jars} jars ({name})")

        kafka_jars.install(count)
    if not class_archive.built(runtime):
        say(f"Kafka {kafka_jars.version()}: first start on Java {runtime.version}, to make later ones quick")
        class_archive.build(runtime)


def found_browser() -> str:
    """Path of a Chromium on this machine; empty when there is none."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), "")


def browser(say: Say = lambda _: None) -> str:
    """Install Debian's Chromium when there is no browser; answers why it cannot, or an empty text when one is there."""
    if found_browser():
        return ""
    apt = shutil.which("apt-get")
    if apt is None:
        return "no Chromium on this machine, and no apt-get to install it with"
    if os.geteuid() != 0:
        return "no Chromium on this machine, and installing it takes root: apt-get install chromium"
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
        say(f"Chromium: apt-get {' '.join(step)}")
        try:
            answer = subprocess.run(  # noqa: S603 - the command is ours
                [apt, *step], env=environment, capture_output=True, text=True, timeout=APT_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return f"apt-get {step[0]} did not end within {APT_SECONDS} s"
        if answer.returncode != 0:
            last = (answer.stderr.strip().splitlines() or ["no message"])[-1]
            return f"apt-get {step[0]} failed: {last}"
    return "" if found_browser() else "the package chromium was installed, but brought no program of that name"
