#!/usr/bin/env python3
"""Do our programs and aioquic understand each other?

aioquic is an implementation of QUIC and HTTP/3 that shares nothing with ours. Here it
is the client of our computer, and the computer behind our router. Needs Python with
aioquic, and executables with QUIC:

    cargo build --release --features quic
    python3 soe-live/interop/quic_aioquic.py target/release

Ends with status 0 if all checks hold.
"""

import asyncio
import datetime
import ipaddress
import os
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path
from socket import SOCK_DGRAM, SOCK_STREAM, AF_INET, socket

from aioquic.asyncio import connect, serve
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, ErrorCode, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, HandshakeCompleted
from aioquic.quic.events import ProtocolNegotiated, StreamReset
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from messages import fields, message, request

OK = "OK"
INSECURE = "type=quic,insecure=true"
EARLY = INSECURE + ",attempt-early-data=true"
LONG = 30


def single(data):
    """The fields of a message, none of which is repeated."""
    return {field: values[-1] for field, values in fields(data).items()}


def text(found, field):
    return found.get(field, b"").decode()


# Peers on aioquic.


class Gone(Exception):
    pass


class Client(QuicConnectionProtocol):
    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.http = H3Connection(self._quic)
        self.answers, self.waiting = {}, {}
        self.completed = None

    def quic_event_received(self, event):
        if isinstance(event, HandshakeCompleted):
            self.completed = event
        if isinstance(event, StreamReset) and event.stream_id in self.waiting:
            self.waiting.pop(event.stream_id).set_exception(Gone(event.error_code))
        if isinstance(event, ConnectionTerminated):
            for waiting in self.waiting.values():
                waiting.set_exception(Gone(event.reason_phrase or event.error_code))
            self.waiting = {}
        for event in self.http.handle_event(event):
            if not isinstance(event, (HeadersReceived, DataReceived)):
                continue
            headers, body = self.answers.setdefault(event.stream_id, ({}, bytearray()))
            if isinstance(event, HeadersReceived):
                headers.update(event.headers)
            else:
                body.extend(event.data)
            if event.stream_ended and event.stream_id in self.waiting:
                status = int(headers[b":status"])
                self.waiting.pop(event.stream_id).set_result((status, bytes(body)))

    async def call(self, body, path="/lambda", method="POST", length=True):
        number = self._quic.get_next_available_stream_id()
        headers = [(":method", method), (":scheme", "https"), (":path", path)]
        headers += [(":authority", "127.0.0.1")]
        if length:
            headers += [("content-length", str(len(body)))]
        headers = [(name.encode(), value.encode()) for name, value in headers]
        self.waiting[number] = asyncio.get_running_loop().create_future()
        done = self.waiting[number]
        self.http.send_headers(number, headers, end_stream=not body)
        if body:
            self.http.send_data(number, body, end_stream=True)
        self.transmit()
        status, answer = await asyncio.wait_for(done, LONG)
        return status, single(answer)

    async def move(self):
        """Goes on from another port."""
        before, loop = self._transport, asyncio.get_running_loop()
        other = socket(before.get_extra_info("socket").family, SOCK_DGRAM)
        other.bind(("::", 0))
        await loop.create_datagram_endpoint(lambda: self, sock=other)
        before.close()
        self.change_connection_id()
        return self._transport.get_extra_info("sockname")[1]


def trusting(**more):
    return QuicConfiguration(
        is_client=True, alpn_protocols=H3_ALPN, verify_mode=ssl.CERT_NONE, **more
    )


def client(endpoint, configuration=None, **more):
    host, port = endpoint.rsplit(":", 1)
    configuration = configuration or trusting()
    return connect(
        host, int(port), configuration=configuration, create_protocol=Client, **more
    )


class Computer:
    """Answers what `answer` returns: a status and a body, or nothing at all."""

    def __init__(self, folder, answer):
        self.answer, self.seen, self.completed = answer, [], []
        self.connections, self.running, self.most = [], 0, 0
        self.endpoint, self.tickets = free(SOCK_DGRAM), {}
        self.configuration = QuicConfiguration(is_client=False, alpn_protocols=H3_ALPN)
        self.configuration.load_cert_chain(folder / "server.crt", folder / "server.key")

    async def __aenter__(self):
        host, port = self.endpoint.rsplit(":", 1)

        def protocol(*arguments, **named):
            made = Connection(*arguments, computer=self, **named)
            self.connections.append(made)
            return made

        self.server = await serve(
            host,
            int(port),
            configuration=self.configuration,
            create_protocol=protocol,
            session_ticket_fetcher=lambda label: self.tickets.pop(label, None),
            session_ticket_handler=lambda it: self.tickets.update({it.ticket: it}),
        )
        return self

    async def __aexit__(self, *_):
        self.server.close()


class Connection(QuicConnectionProtocol):
    def __init__(self, *arguments, computer, **named):
        super().__init__(*arguments, **named)
        self.computer, self.http, self.calls = computer, None, {}

    def quic_event_received(self, event):
        if isinstance(event, HandshakeCompleted):
            self.computer.completed.append(event)
        if isinstance(event, ProtocolNegotiated):
            self.http = H3Connection(self._quic)
        if self.http is None:
            return
        for event in self.http.handle_event(event):
            if not isinstance(event, (HeadersReceived, DataReceived)):
                continue
            headers, body = self.calls.setdefault(event.stream_id, ({}, bytearray()))
            if isinstance(event, HeadersReceived):
                headers.update(event.headers)
            else:
                body.extend(event.data)
            if event.stream_ended:
                self.calls.pop(event.stream_id)
                asyncio.ensure_future(self.reply(event.stream_id, headers, bytes(body)))

    async def reply(self, number, headers, body):
        computer = self.computer
        computer.seen.append((headers, single(body)))
        computer.running += 1
        computer.most = max(computer.most, computer.running)
        answer = await computer.answer(single(body))
        computer.running -= 1
        if answer is None:
            return
        if answer == "reset":
            self._quic.reset_stream(number, ErrorCode.H3_INTERNAL_ERROR)
            return self.transmit()
        if answer == "reject":
            self._quic.reset_stream(number, ErrorCode.H3_REQUEST_REJECTED)
            return self.transmit()
        status, body = answer
        self.http.send_headers(number, [(b":status", str(status).encode())])
        self.http.send_data(number, body, end_stream=True)
        self.transmit()


# Our programs.

PROGRAMS = None


def free(kind):
    with socket(AF_INET, kind) as listener:
        listener.bind(("127.0.0.1", 0))
        return "127.0.0.1:%d" % listener.getsockname()[1]


class Program:
    def __init__(self, name, *options, folder=None):
        environment = {**os.environ, **({"CERT_DIR": str(folder)} if folder else {})}
        self.process = subprocess.Popen(
            [PROGRAMS / name, *options], stderr=subprocess.DEVNULL, env=environment
        )

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self.process.terminate()
        status = await asyncio.to_thread(self.process.wait, 20)
        assert status == 0, "it did not end well"


class OurComputer(Program):
    def __init__(self, conf=INSECURE, *options, folder=None):
        self.endpoint, self.conf = free(SOCK_DGRAM), conf
        where = ["--server", self.endpoint, "--utilization", free(SOCK_STREAM)]
        where += ["--server-conf", conf]
        super().__init__("edgecomputer", *where, *options, folder=folder)


class OurRouter(Program):
    def __init__(self, client_conf=INSECURE, *options):
        self.endpoint, self.tables = free(SOCK_STREAM), free(SOCK_STREAM)
        where = ["--server", self.endpoint, "--configuration", self.tables]
        super().__init__("edgerouter", *where, "--client-conf", client_conf, *options)

    async def add(self, destination):
        change = ["--action", "change", "--lambda", "clambda0", "--final"]
        change += ["--server", self.tables, "--destination", destination]
        for _ in range(500):
            status, *_ = await run("forwardingtableclient", *change)
            if status == 0:
                return
            await asyncio.sleep(0.02)
        raise AssertionError("the router has no tables")

    async def call(self, *options):
        """One call by our client, over gRPC: its status, output and errors."""
        where = ["--server", self.endpoint, "--max-requests", "1"]
        if "--timeout" not in options:
            where += ["--timeout", "20"]
        return await run("edgeclient", *where, *options)


async def run(name, *options):
    process = await asyncio.create_subprocess_exec(
        PROGRAMS / name,
        *options,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, errors = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, out.decode(), errors.decode()


async def eventually(condition, what):
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"never: {what}")


def certificates(folder):
    """An authority, and a server and a client that it has signed."""
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)

    def named(name):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    def write(name, data):
        (folder / name).write_bytes(data)

    def make(name, key, signer, authority):
        names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        names += [x509.DNSName("localhost")]
        constraints = x509.BasicConstraints(ca=authority, path_length=None)
        builder = x509.CertificateBuilder(named("authority"), named(name))
        builder = builder.public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - day).not_valid_after(now + day)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        builder = builder.add_extension(constraints, True)
        return builder.sign(signer, hashes.SHA256())

    pem = serialization.Encoding.PEM
    signer = ec.generate_private_key(ec.SECP256R1())
    write("ca.crt", make("authority", signer, signer, True).public_bytes(pem))
    for name in ["server", "client"]:
        key = ec.generate_private_key(ec.SECP256R1())
        write(f"{name}.crt", make(name, key, signer, False).public_bytes(pem))
        private = serialization.PrivateFormat.PKCS8
        plain = serialization.NoEncryption()
        write(f"{name}.key", key.private_bytes(pem, private, plain))


# What is checked.


async def a_client_calls_our_computer(folder):
    async with OurComputer() as computer:
        async with client(computer.endpoint) as peer:
            status, answer = await peer.call(request())
            assert status == 200 and text(answer, 1) == OK, (status, answer)
            assert text(answer, 2) == "A" * 100 and (answer[4], answer[9]) == (1, 1)
            assert text(answer, 3) == computer.endpoint, answer
            # No length is needed.
            status, answer = await peer.call(request(), length=False)
            assert (status, text(answer, 1)) == (200, OK)


async def errors_have_a_status_and_a_text(folder):
    async with OurComputer() as computer:
        async with client(computer.endpoint) as peer:
            for body, more, status, says in [
                (request("nope"), {}, 400, "No container for lambda nope found"),
                (b"\xff\xff\xff", {}, 400, "malformed"),
                (request(), {"path": "/other"}, 404, "/lambda"),
                (b"", {"method": "GET"}, 405, "POST"),
                (request(size=5_000_000), {}, 413, "at most 4194304"),
            ]:
                found, answer = await peer.call(body, **more)
                assert found == status and says in text(answer, 1), (found, answer)
            status, answer = await peer.call(request())
            assert (status, text(answer, 1)) == (200, OK)


async def large_bodies_and_many_streams(folder):
    async with OurComputer() as computer:
        async with client(computer.endpoint) as peer:
            dry = message(f1="clambda0", f3=b"B" * 3_000_000, f4=1)
            status, answer = await peer.call(dry)
            assert (status, text(answer, 1)) == (200, OK)
            status, answer = await peer.call(request(size=100_000))
            assert len(answer[2]) == 100_000
            calls = [peer.call(request(size=size)) for size in range(1, 2001, 100)]
            answers = await asyncio.gather(*calls)
            sizes = [len(answer[2]) for _, answer in answers]
            assert sizes == list(range(1, 2001, 100)), sizes


async def a_client_moves_during_calls(folder):
    async with OurComputer() as computer:
        async with client(computer.endpoint) as peer:
            ports = set()
            for _ in range(5):
                call = asyncio.ensure_future(peer.call(request(size=20_000)))
                await asyncio.sleep(0.05)
                ports.add(await peer.move())
                status, answer = await call
                assert status == 200 and len(answer[2]) == 20_000
            assert len(ports) == 5


async def early_data_only_if_asked_for(folder):
    for conf, early in [(EARLY, True), (INSECURE, False)]:
        async with OurComputer(conf) as computer:
            tickets = []
            keep = {"session_ticket_handler": tickets.append}
            async with client(computer.endpoint, **keep) as peer:
                await peer.call(request())
                await eventually(lambda: tickets, "a ticket comes")
            assert bool(tickets[0].max_early_data_size) == early, conf
            again = trusting(session_ticket=tickets[0])
            async with client(computer.endpoint, again, wait_connected=False) as peer:
                status, answer = await peer.call(request())
                assert (status, text(answer, 1)) == (200, OK)
                assert peer.completed.session_resumed
                assert peer.completed.early_data_accepted == early, conf
            # A ticket is good for one connection: what is replayed is not taken.
            # Seen with aioquic 1.7: its handshake does not end then.
            async with client(computer.endpoint, again, wait_connected=False) as peer:
                try:
                    await asyncio.wait_for(peer.wait_connected(), 3)
                except (TimeoutError, asyncio.TimeoutError, ConnectionError):
                    continue
                assert not peer.completed.early_data_accepted


async def certificates_are_verified(folder):
    async with OurComputer("type=quic", "--secure", folder=folder) as computer:
        known = QuicConfiguration(is_client=True, alpn_protocols=H3_ALPN)
        known.load_verify_locations(str(folder / "ca.crt"))
        known.load_cert_chain(folder / "client.crt", folder / "client.key")
        async with client(computer.endpoint, known) as peer:
            status, answer = await peer.call(request())
            assert (status, text(answer, 1)) == (200, OK)
        # A client without certificate gets nothing.
        try:
            async with client(computer.endpoint) as peer:
                await peer.call(request())
            raise AssertionError("a stranger was served")
        except (Gone, ConnectionError):
            pass
    async with OurComputer() as computer:
        try:
            async with client(computer.endpoint, known) as peer:
                await peer.call(request())
            raise AssertionError("a self-signed certificate was believed")
        except (Gone, ConnectionError):
            pass


async def our_router_calls_a_computer(folder):
    async def answer(found):
        return 200, message(f1=OK, f2=found[2][::-1], f4=7, f9=found[6] + 1)

    async with Computer(folder, answer) as computer, OurRouter() as router:
        await router.add(computer.endpoint)
        for size in ["100", "3000000"]:
            status, out, errors = await router.call("--sizes", size)
            assert status == 0, errors
            assert out.split()[3:] == [computer.endpoint, "clambda0", "2"], out
            headers, found = computer.seen[-1]
            assert headers[b":method"] == b"POST" and headers[b":path"] == b"/lambda"
            assert text(found, 1) == "clambda0" and len(found[2]) == int(size)
            assert (found[5], found[6]) == (1, 1), found
        assert len(computer.connections) == 1


async def twenty_calls_at_once_share_a_connection(folder):
    everybody = asyncio.Event()

    async def answer(found):
        if computer.running == 20:
            everybody.set()
        await asyncio.wait_for(everybody.wait(), LONG)
        return 200, message(f1=OK)

    async with Computer(folder, answer) as computer, OurRouter() as router:
        await router.add(computer.endpoint)
        status, out, errors = await router.call("--num-threads", "20")
        assert status == 0 and len(out.splitlines()) == 20, errors
        assert computer.most == 20 and len(computer.connections) == 1


async def errors_of_a_computer_condemn_nobody(folder):
    wrong = [
        ((400, message(f1="not today")), "not today"),
        ((400, b""), "HTTP status 400"),
        ((404, b""), "HTTP status 404"),
        ((503, message(f1="no room")), "no room"),
        ((200, b"\xff\xff\xff"), "malformed"),
        ("reset", "H3_INTERNAL_ERROR"),
    ]
    script = []

    async def answer(found):
        return script.pop(0) if script else (200, message(f1=OK))

    async with Computer(folder, answer) as computer, OurRouter() as router:
        await router.add(computer.endpoint)
        for given, says in wrong:
            script.append(given)
            status, _, errors = await router.call()
            assert status == 1 and says in errors, (given, errors)
            status, _, errors = await router.call()
            assert status == 0, (given, errors)
        # What was provably not delivered is repeated.
        before = len(computer.seen)
        script += ["reject", "reject"]
        status, _, errors = await router.call()
        assert status == 0 and len(computer.seen) == before + 3, errors


async def a_computer_that_never_answers_ends_with_the_call(folder):
    async def answer(found):
        return None

    async with Computer(folder, answer) as computer, OurRouter() as router:
        await router.add(computer.endpoint)
        status, _, errors = await router.call("--timeout", "3")
        assert status == 1 and "no answer within 3 s" in errors, errors


async def a_computer_that_falls_silent_is_replaced(folder):
    class Nowhere:
        def sendto(self, *_):
            pass

    async def deaf(found):
        first.server.datagram_received = lambda *_: None
        for connection in first.connections:
            connection._transport = Nowhere()

    async def answer(found):
        return 200, message(f1=OK)

    async with Computer(folder, deaf) as first, Computer(folder, answer) as second:
        async with OurRouter() as router:
            await router.add(first.endpoint)
            call = asyncio.ensure_future(router.call())
            await eventually(lambda: first.seen, "the call is there")
            await router.add(second.endpoint)
            status, out, errors = await call
            assert status == 0 and second.endpoint in out, errors


async def connections_are_made_again_with_early_data(folder):
    async def answer(found):
        return 200, message(f1=OK)

    for conf, early in [(EARLY, True), (INSECURE, False)]:
        async with Computer(folder, answer) as computer, OurRouter(conf) as router:
            await router.add(computer.endpoint)
            for number in range(1, 4):
                status, _, errors = await router.call()
                assert status == 0, errors
                assert len(computer.connections) == number
                computer.connections[-1].close(error_code=ErrorCode.H3_NO_ERROR)
                await asyncio.sleep(0.1)
            accepted = [event.early_data_accepted for event in computer.completed]
            assert accepted == [False, early, early], accepted
            assert len(computer.seen) == 3


async def our_router_moves_nowhere_without_certificates(folder):
    async def answer(found):
        return 200, message(f1=OK)

    for conf, says in [("type=quic", "insecure=true"), ("type=quick", "known: grpc, quic")]:
        status, _, errors = await run("edgerouter", "--client-conf", conf)
        assert status == 2 and says in errors and errors.count("\n") == 1, errors


CHECKS = [
    a_client_calls_our_computer,
    errors_have_a_status_and_a_text,
    large_bodies_and_many_streams,
    a_client_moves_during_calls,
    early_data_only_if_asked_for,
    certificates_are_verified,
    our_router_calls_a_computer,
    twenty_calls_at_once_share_a_connection,
    errors_of_a_computer_condemn_nobody,
    a_computer_that_never_answers_ends_with_the_call,
    a_computer_that_falls_silent_is_replaced,
    connections_are_made_again_with_early_data,
    our_router_moves_nowhere_without_certificates,
]


def main():
    global PROGRAMS
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    PROGRAMS = Path(sys.argv[1]).resolve()
    wanted = sys.argv[2:]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        certificates(Path(folder))
        for check in CHECKS:
            name = check.__name__.replace("_", " ")
            if wanted and not any(word in check.__name__ for word in wanted):
                continue
            try:
                asyncio.run(asyncio.wait_for(check(Path(folder)), 120))
                print("ok     ", name, flush=True)
            except Exception as error:
                failed += 1
                print("FAILED ", name, repr(error), flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
