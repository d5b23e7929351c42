"""Our executables as processes, on free ports of this machine."""

import subprocess
from socket import socket

# The folder of the executables.
FOLDER = None


def free():
    with socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return "127.0.0.1:%d" % listener.getsockname()[1]


class Program:
    def __init__(self, name, *options):
        self.process = subprocess.Popen(
            [FOLDER / name, *options], stderr=subprocess.DEVNULL
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        assert self.process.wait(30) == 0, "it did not end well"
