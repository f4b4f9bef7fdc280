"""ports.py - ports for those who must be told a number before they listen, or where nobody shall."""
import random
import socket
from pathlib import Path

DICE = random.SystemRandom()


def unused():
    """A port of 127.0.0.1 at which nobody listens. It lies below those that the system gives away by itself, to whoever asks for
    any and to each connection that goes out: nobody gets it by chance before it is used."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = DICE.randrange(10000, max(first, 12000))
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
