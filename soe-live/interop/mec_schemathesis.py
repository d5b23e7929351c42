"""Schemathesis against the proxy of ETSI MEC.

    python mec_schemathesis.py EXECUTABLES DOCUMENT [MAX_EXAMPLES]

EXECUTABLES is the folder of the executables, DOCUMENT the OpenAPI document of ETSI GS MEC
016 v2.2.1. All checks run, over all operations, with valid and invalid requests. What the
document forgets is in REQUIRED, LENGTHS and TOO_LARGE.
"""

import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

# What the document says in words only: the lengths of texts, in characters. An identifier
# is not empty.
LENGTHS = {
    ("AppContext", "associateDevAppId"): (1, 32),
    ("ApplicationLocationAvailability", "associateDevAppId"): (1, 32),
}

# A status that the document forgets: a body of more than 64 KiB is refused with it, valid
# or not (RFC 9110, section 15.5.14).
TOO_LARGE = {
    "description": "Content Too Large",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}
CONFIGURATION = """\
[checks]
positive_data_acceptance.expected-statuses = ["2xx", 401, 403, 404, 413]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 413, 415]
"""

# Operations whose body has a single member that the document forgets to require: its text
# and the standard do.
REQUIRED = {
    "AppcontextsPOST": "AppContext",
    "AppcontextsPUTContextid": "AppContext",
    "ObtainapplocavailabilityPOST": "ApplicationLocationAvailability",
}


def corrected(document):
    """The document as YAML, with what it forgets."""
    import yaml

    root = yaml.safe_load(document.read_text())
    for path in root["paths"].values():
        for operation in path.values():
            member = isinstance(operation, dict) and REQUIRED.get(operation.get("operationId"))
            if member:
                for content in operation["requestBody"]["content"].values():
                    content["schema"]["required"] = [member]
            if isinstance(operation, dict) and "requestBody" in operation:
                operation["responses"]["413"] = TOO_LARGE
    for (schema, member), (least, most) in LENGTHS.items():
        text = root["components"]["schemas"][schema]["properties"][member]
        text.update(minLength=least, maxLength=most)
    return yaml.safe_dump(root)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until_listening(port):
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def main():
    executables, document = map(pathlib.Path, sys.argv[1:3])
    examples = sys.argv[3] if len(sys.argv) > 3 else "200"
    tool = pathlib.Path(sys.executable).with_name("schemathesis")
    if not tool.exists():
        tool = shutil.which("schemathesis")
    north, south = free_port(), free_port()
    proxy = subprocess.Popen(
        [
            executables / "ueapplcmproxy",
            f"--server-endpoint=127.0.0.1:{north}",
            f"--etsi-api-root=http://127.0.0.1:{south}",
            "--country=IT",
        ],
        stderr=subprocess.DEVNULL,
    )
    try:
        until_listening(north)
        until_listening(south)
        subprocess.run(
            [executables / "ueapplcmproxyclient", f"--server-endpoint=127.0.0.1:{north}"],
            input=b"add-lambda f\nadd-lambda g\nassociate * f 127.0.0.1:10000\n",
            stdout=subprocess.DEVNULL,
            check=True,
        )
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "mec.yaml").write_text(corrected(document))
            (pathlib.Path(folder) / "schemathesis.toml").write_text(CONFIGURATION)
            command = [
                str(tool),
                "run",
                "mec.yaml",
                f"--url=http://127.0.0.1:{south}/dev_app/v1",
                "--checks=all",
                f"--max-examples={examples}",
                "--seed=1",
                "--continue-on-failure",
                "--suppress-health-check=all",
            ]
            status = subprocess.run(command, cwd=folder).returncode
        # Whatever it was sent, it is there.
        assert proxy.poll() is None, "the proxy has ended"
        return status
    finally:
        proxy.terminate()
        proxy.wait()


if __name__ == "__main__":
    sys.exit(main())
