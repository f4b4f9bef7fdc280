"""Shows the arguments of a job: give them as "args" when it is scheduled."""


def call(*args):
    print("got", ", ".join(map(repr, args)) or "no arguments")
