"""Debian's Prometheus reads the metrics of a deployment.

    python metrics_prometheus.py EXECUTABLES PROMTOOL PROMETHEUS

EXECUTABLES is the folder of the executables, PROMTOOL and PROMETHEUS are the programs of
Debian's package `prometheus`. `promtool check metrics` must find nothing to say about what
any service serves; Prometheus must count the calls that were made.
"""

import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import programs
from programs import Program, free

CALLS = 60


def read(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def until(what, look):
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + 60
    while True:
        with contextlib.suppress(OSError):
            if found := look():
                return found
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.2)


def call(front, number):
    request = urllib.request.Request(
        f"http://{front}/function/clambda0", data=b'{"input":"AAAA"}'
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200, number


def check(promtool, name, page):
    done = subprocess.run(
        [promtool, "check", "metrics"],
        input=page,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0 and not done.stdout.strip(), f"{name}: {done.stdout}"
    print(f"{name}: {len(page.splitlines())} lines, promtool has nothing to say")


def query(prometheus, expression):
    url = f"http://{prometheus}/api/v1/query?query={urllib.request.quote(expression)}"
    result = json.loads(read(url))["data"]["result"]
    return float(result[0]["value"][1]) if result else None


def main():
    programs.FOLDER = pathlib.Path(sys.argv[1])
    promtool, prometheus = sys.argv[2:4]
    control, router, tables, dispatcher, other, computer, front = [free() for _ in range(7)]
    places = {
        name: free()
        for name in ["edgecontroller", "edgerouter", "edgedispatcher", "edgecomputer", "wskproxy"]
    }

    def service(name, *options):
        return Program(name, *options, f"--metrics-endpoint={places[name]}")

    with contextlib.ExitStack() as stack:
        known = f"--controller-endpoint={control}"
        for name, *options in [
            ("edgecontroller", f"--server-endpoint={control}"),
            (
                "edgerouter",
                f"--server-endpoint={router}",
                f"--configuration-endpoint={tables}",
                known,
            ),
            (
                "edgedispatcher",
                f"--server-endpoint={dispatcher}",
                f"--configuration-endpoint={other}",
                known,
            ),
            ("edgecomputer", f"--server-endpoint={computer}", known),
            (
                "wskproxy",
                f"--server-endpoint={router}",
                f"--tables-endpoint={tables}",
                f"--wsk-api-root=http://{front}",
            ),
        ]:
            stack.enter_context(service(name, *options))
        until("the router knows the computer", lambda: computer in read_entries(places))
        for number in range(CALLS):
            call(front, number)
        with contextlib.suppress(urllib.error.HTTPError):
            read(f"http://{front}/function/unknown")
        for name, place in places.items():
            check(promtool, name, read(f"http://{place}/metrics"))

        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        targets = json.dumps(list(places.values()))
        (folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s}\n"
            "scrape_configs:\n"
            f"  - {{job_name: soe, static_configs: [{{targets: {targets}}}]}}\n"
        )
        web = free()
        reader = subprocess.Popen(
            [
                prometheus,
                f"--config.file={folder}/prometheus.yml",
                f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address={web}",
            ],
            stderr=subprocess.DEVNULL,
        )
        try:
            until("all are read", lambda: query(web, "sum(up)") == len(places))
            for expression, expected in [
                ('sum(soe_calls_total{outcome="ok"})', 2 * CALLS),
                ('sum(soe_attempts_total{result="ok"})', CALLS),
                ('sum(soe_http_requests_total{status="200"})', CALLS),
                ("sum(soe_controller_computers)", 1),
                ("sum(soe_controller_brokers)", 2),
            ]:
                found = query(web, expression)
                assert found == expected, f"{expression}: {found}, expected {expected}"
                print(f"Prometheus: {expression} = {found:g}")
        finally:
            reader.terminate()
            reader.wait()


def read_entries(places):
    page = read(f"http://{places['edgerouter']}/metrics")
    return "\n".join(it for it in page.splitlines() if it.startswith("soe_table_weight"))


if __name__ == "__main__":
    main()
