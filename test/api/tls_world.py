"""tls_world.py - a lab with a root that is trusted, and `belfry check` as a person runs it."""
import json
import os
import subprocess
import time
from pathlib import Path

from tls_lab import Authority, Leaf

SOON = 15  # seconds that a check may take beyond its time limit, on a busy machine and under sanitizers
BELFRY = os.environ.get("BELFRY") or str(Path(__file__).parents[2] / "build/dev/belfry")


class Run:
    """under: a command to run it with."""

    def __init__(self, *arguments, timeout=120, env=None, under=()):
        start = time.monotonic()
        done = subprocess.run([*under, BELFRY, "check", *map(str, arguments)], capture_output=True, timeout=timeout,
                              env={k: v for k, v in {**os.environ, **(env or {})}.items() if v is not None})
        self.seconds = time.monotonic() - start
        self.status, self.out, self.err = done.returncode, done.stdout.decode(), done.stderr.decode()
        assert self.status in (0, 1, 2, 3, 4, 7, 8, 9), (self.status, self.err)

    @property
    def json(self):
        return json.loads(self.out)


class World:
    """A root that is trusted (--ca), an intermediate and files."""

    def __init__(self, folder):
        self.folder = folder
        self.root = Authority("Lab Root")
        self.middle = Authority("Lab Intermediate", self.root, path=0)
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(self.root.pem())
        self.count = 0

    def write(self, leaf, *chain):
        self.count += 1
        return leaf.write(self.folder / f"{self.count}.pem", *chain)

    def leaf(self, **options):
        return Leaf(self.middle, **options)

    def good(self):
        return self.write(self.leaf(), self.middle)

    def check(self, port, *more, host="localhost"):
        return Run(f"{host}:{port}", "--ca", self.ca, "--json", *more)

    def check_within(self, seconds, port, *more):
        """With a short limit of time. On a busy machine it may be over before there is a connection: then it is doubled."""
        run = self.check(port, "--timeout", seconds, *more)
        while run.json["code"] in ("dns_timeout", "connect_timeout") and seconds < 30:
            seconds *= 2
            run = self.check(port, "--timeout", seconds, *more)
        return run
