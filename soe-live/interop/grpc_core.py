#!/usr/bin/env python3
"""Do our programs and gRPC's C++ core understand each other?

The programs of the original are built on that library; here it takes their place
on either side of ours. Needs Python with grpcio (Debian: python3-grpcio) and the
executables:

    cargo build --release
    python3 soe-live/interop/grpc_core.py target/release

Ends with status 0 if all checks hold.
"""

import subprocess
import sys
import threading
import time
from concurrent import futures
from pathlib import Path

import grpc

import programs
from messages import fields, message, request, varint
from programs import Program, free

RUN = "/uiiit.rpc.EdgeServer/RunLambda"
OK = "OK"


def text(found, field):
    return found.get(field, [b""])[-1].decode()


# Peers on gRPC's core.


class Peer:
    """A server on gRPC's core; `answers` gives for each method what it answers."""

    def __init__(self, answers, port=0):
        self.answers, self.seen = answers, []
        self.server = grpc.server(futures.ThreadPoolExecutor(16))
        self.server.add_generic_rpc_handlers([self])
        self.port = self.server.add_insecure_port(f"127.0.0.1:{port}")
        self.endpoint = f"127.0.0.1:{self.port}"
        self.server.start()

    def service(self, details):
        name = details.method.rsplit("/", 1)[1]
        if name not in self.answers:
            return None

        def handle(data, context):
            found = fields(data)
            self.seen.append((name, found))
            return self.answers[name](found, context)

        return grpc.unary_unary_rpc_method_handler(handle)

    def stop(self):
        self.server.stop(None).wait()


def call(endpoint, data, method=RUN, timeout=20):
    with grpc.insecure_channel(endpoint) as channel:
        return fields(channel.unary_unary(method)(data, timeout=timeout))


# Our programs.

def run(name, *options):
    done = subprocess.run(
        [programs.FOLDER / name, *options], capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout


def eventually(condition, what):
    for _ in range(500):
        try:
            if condition():
                return
        except grpc.RpcError:
            pass
        time.sleep(0.02)
    raise AssertionError(f"never: {what}")


class Computer(Program):
    def __init__(self, *options):
        self.endpoint, self.utilization = free(), free()
        where = ["--server", self.endpoint, "--utilization", self.utilization]
        super().__init__("edgecomputer", *where, *options)

    def __enter__(self):
        dry = message(f1="clambda0", f4=1)
        eventually(lambda: call(self.endpoint, dry), "the computer answers")
        return self


class Router(Program):
    def __init__(self, *options, broker="edgerouter"):
        self.endpoint, self.tables = free(), free()
        where = ["--server", self.endpoint, "--configuration", self.tables]
        super().__init__(broker, *where, *options)

    def __enter__(self):
        eventually(self.size, "the router answers")
        return self

    def size(self):
        return call(self.tables, b"", "/uiiit.rpc.EdgeRouter/GetNumTables")

    def add(self, destination, function="clambda0"):
        change = message(f1=1, f2=function, f3=destination)
        change += b"\x25\x00\x00\x80\x3f" + message(f5=1)
        answer = call(self.tables, change, "/uiiit.rpc.EdgeRouter/Configure")
        assert text(answer, 2) == OK


# What is checked.


def a_client_on_the_core_calls_our_computer():
    with Computer() as computer:
        answer = call(computer.endpoint, request(size=100))
        assert (text(answer, 1), answer[4], answer[9]) == (OK, [1], [1]), answer
        assert text(answer, 2) == "A" * 100
        answer = call(computer.endpoint, request("nope"))
        assert text(answer, 1).startswith("No container for lambda nope found")
        big = call(computer.endpoint, message(f1="clambda0", f3=b"B" * 3_000_000, f4=1))
        assert text(big, 1) == OK
        try:
            call(computer.endpoint, message(f1="clambda0", f3=b"B" * 5_000_000))
            raise AssertionError("a message of 5 MB was taken")
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, error
        with grpc.insecure_channel(computer.utilization) as channel:
            stream = channel.unary_stream("/uiiit.rpc.EdgeComputer/StreamUtil")
            first = next(iter(stream(b"", timeout=20)))
            names = sorted(text(fields(entry), 1) for entry in fields(first)[1])
            assert names == ["arm", "bm2837"], names


def many_calls_through_our_router_to_a_server_on_the_core():
    def answer(found, _):
        return message(f1=OK, f2=found[2][0][::-1], f4=3, f9=found[6][0])

    server = Peer({"RunLambda": answer})
    for broker in ["edgerouter", "edgedispatcher"]:
        with Router(broker=broker) as router:
            router.add(server.endpoint)
            with grpc.insecure_channel(router.endpoint) as channel:
                run_lambda = channel.unary_unary(RUN)
                # A server on the core cancels some calls at random when more than
                # 1000 wait for it.
                for first in range(0, 2000, 500):
                    calls = []
                    for number in range(first, first + 500):
                        size = [3, 100, 5_000, 70_000][number % 4]
                        data = message(f1="clambda0", f2=f"{number} " + "x" * size)
                        future = run_lambda.future(data, timeout=60)
                        calls.append((number, size, future))
                    for number, size, future in calls:
                        found = fields(future.result())
                        expected = (f"{number} " + "x" * size)[::-1]
                        assert text(found, 2) == expected, (number, text(found, 1))
                        assert text(found, 3) == server.endpoint
                        assert (found[4], found[9]) == ([3], [1])
    assert all(found[5] == [1] for _, found in server.seen)
    server.stop()


def large_messages_pass_both_ways():
    def answer(found, _):
        return message(f1=OK, f5=found[3][0] * 2)

    server = Peer({"RunLambda": answer})
    with Router() as router:
        router.add(server.endpoint)
        for size in [1_000_000, 2_000_000, 65_535, 65_536, 16_384]:
            found = call(router.endpoint, message(f1="clambda0", f3=b"B" * size))
            assert len(found[5][0]) == 2 * size, size
    server.stop()


def errors_of_a_server_on_the_core_reach_the_caller_and_condemn_nobody():
    def answer(found, context):
        if text(found, 2) == "abort":
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no way: äöü\n%")
        if text(found, 2) == "refuse":
            return message(f1="not today")
        return message(f1=OK)

    server = Peer({"RunLambda": answer})
    with Router() as router:
        router.add(server.endpoint)
        for _ in range(3):
            found = call(router.endpoint, message(f1="clambda0", f2="abort"))
            assert text(found, 1) == "RPC failed: no way: äöü\n%", text(found, 1)
            found = call(router.endpoint, message(f1="clambda0", f2="refuse"))
            assert text(found, 1) == "not today"
            assert text(call(router.endpoint, request()), 1) == OK
    server.stop()


def a_server_on_the_core_that_was_restarted_is_used_again():
    answers = {"RunLambda": lambda *_: message(f1=OK)}
    server = Peer(answers)
    with Router() as router:
        router.add(server.endpoint)
        for _ in range(3):
            assert text(call(router.endpoint, request()), 1) == OK
            server.stop()
            server = Peer(answers, server.port)
        assert text(call(router.endpoint, request()), 1) == OK
    server.stop()


def connections_that_were_silent_for_a_while_still_work():
    server = Peer({"RunLambda": lambda *_: message(f1=OK)})
    with Router() as router:
        router.add(server.endpoint)
        with grpc.insecure_channel(router.endpoint) as channel:
            for pause in [0, 0.5, 3]:
                time.sleep(pause)
                found = fields(channel.unary_unary(RUN)(request(), timeout=20))
                assert text(found, 1) == OK
    server.stop()


def our_computer_and_router_announce_themselves_to_a_controller_on_the_core():
    nothing = lambda *_: b""
    names = ["AnnounceComputer", "AnnounceRouter", "RemoveComputer", "RemoveRouter"]
    controller = Peer({name: nothing for name in names})
    with Computer("--controller", controller.endpoint) as computer:
        with Router("--controller", controller.endpoint) as router:
            both = {("AnnounceComputer", computer.endpoint)}
            both.add(("AnnounceRouter", router.endpoint))
            seen = lambda: {(name, text(it, 1)) for name, it in controller.seen}
            eventually(lambda: both <= seen(), "both are announced")
    assert ("RemoveComputer", computer.endpoint) in seen()
    controller.stop()


def our_controller_fills_the_tables_of_a_router_on_the_core():
    router = Peer({"Configure": lambda *_: message(f2=OK)})
    controller = free()
    with Program("edgecontroller", "--server", controller):
        service = "/uiiit.rpc.EdgeController/"
        info = message(f1="127.0.0.1:6473", f2=router.endpoint)
        announce = lambda: call(controller, info, service + "AnnounceRouter") == {}
        eventually(announce, "the controller takes a router")
        container = message(f1="c", f2="p", f3="clambda0", f4=2)
        computer = message(f1="127.0.0.1:10000", f2=container)
        call(controller, computer, service + "AnnounceComputer")
        changes = lambda: [it for _, it in router.seen if it.get(1) == [1]]
        eventually(changes, "the table is changed")
        change = changes()[0]
        assert (text(change, 2), text(change, 3)) == ("clambda0", "127.0.0.1:10000")
    router.stop()


def our_client_calls_a_server_on_the_core():
    server = Peer({"RunLambda": lambda *_: message(f1=OK, f3="me", f9=1)})
    status, out = run("edgeclient", "--server", server.endpoint, "--max-requests", "5")
    lines = [line.split(" ") for line in out.splitlines()]
    assert status == 0 and len(lines) == 5, out
    assert all(line[3:] == ["me", "clambda0", "1"] for line in lines), out
    server.stop()


def chains_run_with_callbacks_and_states_on_the_core():
    states = {"s0": b"content"}

    def get(found, _):
        name = text(found, 1)
        if name not in states:
            return message(f1=f"could not find state: {name}")
        return message(f1=OK, f2=message(f3=states[name]))

    def delete(found, _):
        states.pop(text(found, 1))
        return message(f1=OK)

    results = []

    def receive(found, _):
        results.append(found)
        return b""

    client = Peer({"Get": get, "Del": delete, "ReceiveResponse": receive})
    with Router() as router:
        state = free()
        options = ["--companion", router.endpoint, "--state-endpoint", state]
        with Computer(*options) as computer:
            router.add(computer.endpoint)
            located = message(f1="s0", f2=message(f2=client.endpoint))
            needs = message(f1="s0", f2=message(f1="clambda0"))
            data = request(f7=located, f8=client.endpoint, f9=["clambda0"] * 3, f11=needs)
            data += message(f13="24f79f9d-3e30-4a37-8b43-bd5f5c1a6d12")
            answer = call(router.endpoint, data)
            assert (text(answer, 1), answer[11]) == (OK, [1])
            eventually(lambda: results, "the result comes")
            result = results[0]
            # Three functions, each through the router.
            assert (text(result, 1), result[9]) == (OK, [6]), result
            moved = fields(fields(result[10][0])[2][0])
            assert text(moved, 2) == state
            assert not states, "it is still at its old place"
            service = "/uiiit.rpc.StateServer/"
            found = call(state, message(f1="s0"), service + "Get")
            assert fields(found[2][0])[3] == [b"content"]
    client.stop()


def graphs_run_through_a_router_on_the_core():
    """A broker of the original: it knows no fields but its own."""
    endpoints, results = [], []

    def forward(found, _):
        known = {k: v for k, v in found.items() if k <= 13 and k not in (5, 6)}
        data = b"".join(message(**{f"f{k}": v[0] if isinstance(v[0], int) else v}) for k, v in known.items())
        data += message(f5=1, f6=found.get(6, [0])[0] + 1)
        with grpc.insecure_channel(endpoints[0]) as channel:
            return channel.unary_unary(RUN)(data, timeout=20)

    def receive(found, _):
        results.append(found)
        return b""

    router = Peer({"RunLambda": forward, "ReceiveResponse": receive})
    with Computer("--companion", router.endpoint) as computer:
        endpoints.append(computer.endpoint)
        lists = [message(f1=varint(1) + varint(2))] + [message(f1=varint(3))] * 2
        dag = message(f1=lists, f2=["clambda0"] * 4)
        data = request(size=10, f8=router.endpoint, f10=dag, f13="a graph")
        assert text(call(router.endpoint, data), 1) == OK
        eventually(lambda: results, "the result comes")
        assert text(results[0], 1) == OK, results
        assert text(results[0], 2) == "10:AAAAAAAAAA," * 2
    router.stop()


def many_connections_at_once():
    server = Peer({"RunLambda": lambda *_: message(f1=OK)})
    with Router() as router:
        router.add(server.endpoint)
        failed = []

        def work():
            try:
                for _ in range(20):
                    assert text(call(router.endpoint, request()), 1) == OK
            except Exception as error:  # noqa: BLE001
                failed.append(error)

        threads = [threading.Thread(target=work) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed, failed
    server.stop()


CHECKS = [
    a_client_on_the_core_calls_our_computer,
    many_calls_through_our_router_to_a_server_on_the_core,
    large_messages_pass_both_ways,
    errors_of_a_server_on_the_core_reach_the_caller_and_condemn_nobody,
    a_server_on_the_core_that_was_restarted_is_used_again,
    connections_that_were_silent_for_a_while_still_work,
    our_computer_and_router_announce_themselves_to_a_controller_on_the_core,
    our_controller_fills_the_tables_of_a_router_on_the_core,
    our_client_calls_a_server_on_the_core,
    chains_run_with_callbacks_and_states_on_the_core,
    graphs_run_through_a_router_on_the_core,
    many_connections_at_once,
]


def main():
    if len(sys.argv) != 2 or not (Path(sys.argv[1]) / "edgerouter").is_file():
        sys.exit(__doc__)
    programs.FOLDER = Path(sys.argv[1]).resolve()
    print(f"grpcio {grpc.__version__}, {programs.FOLDER}")
    failed = 0
    for check in CHECKS:
        name = check.__name__.replace("_", " ")
        try:
            check()
            print(f"ok      {name}")
        except Exception as error:  # noqa: BLE001
            failed += 1
            print(f"FAILED  {name}: {type(error).__name__}: {error}")
    print(f"{len(CHECKS) - failed} of {len(CHECKS)} hold")
    sys.exit(min(failed, 1))


if __name__ == "__main__":
    main()
