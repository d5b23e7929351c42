#!/usr/bin/env python3
"""Do our programs find the face in a known picture?

The picture is `skimage/data/astronaut.png` of PyPI's scikit-image (public domain). It
goes through client, dispatcher and two computers. Needs executables with face
recognition, and for the cascades OpenCV:

    cargo build --release --features facerec        # or opencv
    python3 soe-live/interop/facerec.py target/release astronaut.png [--opencv] [--seconds 60]

Ends with status 0 if all checks hold.
"""

import argparse
import re
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

import programs
from programs import Program, free

ARGUMENTS = None
# The face as OpenCV 4.6 finds it, and its eyes: left, top, width, height.
FACE = (177, 67, 93, 93)
EYES = [(186, 85), (229, 85)]


class Deployment:
    """A controller, a dispatcher and two computers with one worker each."""

    def __init__(self, *models):
        controller, self.endpoint = free(), free()
        self.computers = [free(), free()]
        self.programs = [Program("edgecontroller", "--server", controller)]
        announced = ["--controller", controller]
        for endpoint in self.computers:
            where = ["--server", endpoint, "--utilization", free()]
            where += ["--num-threads", "1"]
            self.programs += [
                Program("edgecomputerfacerec", *where, *announced, *models)
            ]
        where = ["--server", self.endpoint, "--configuration", free()]
        where += ["--ptimeest-conf", ARGUMENTS.estimator]
        self.programs += [Program("edgedispatcher", *where, *announced)]

    def __enter__(self):
        for endpoint in self.computers:
            call = ["--server", endpoint, "--lambda-faces", "clambda0"]
            eventually(lambda: client(*call)[0] == 0, f"{endpoint} answers")
        call = ["--server", self.endpoint, "--lambda-faces", "clambda0"]
        eventually(lambda: client(*call)[0] == 0, "the dispatcher knows computers")
        return self

    def __exit__(self, *_):
        for program in reversed(self.programs):
            program.__exit__()

    def client(self, *options):
        return client("--server", self.endpoint, *options)


def client(*options, image=None):
    image = ["--image", str(image or ARGUMENTS.picture)]
    command = [ARGUMENTS.programs / "facerecclient", *image, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stderr


def eventually(condition, what):
    for _ in range(300):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"never: {what}")


def found(what, log):
    pattern = what + r" of (\d+) x (\d+) at \((\d+), (\d+)\)"
    all = [tuple(map(int, it)) for it in re.findall(pattern, log)]
    return [(x, y, width, height) for width, height, x, y in all]


def centre(box):
    return box[0] + box[2] / 2, box[1] + box[3] / 2


def near(box, other, distance):
    (a, b), (c, d) = centre(box), centre(other)
    return abs(a - c) <= distance and abs(b - d) <= distance


# What is checked.


def the_face_is_found(folder, deployment):
    saved = folder / "found.png"
    status, log = deployment.client("--save", str(saved))
    assert status == 0, log
    faces = found("face", log)
    print("       ", "faces:", faces)
    assert len(faces) == 1, faces
    distance = FACE[2] * (0.1 if ARGUMENTS.opencv else 0.35)
    assert near(faces[0], FACE, distance), faces
    assert saved.read_bytes()[:4] == b"\x89PNG"


def the_eyes_are_found(folder, deployment):
    status, log = deployment.client("--eyes")
    assert status == 0, log
    eyes = found("eye", log)
    print("       ", "eyes:", eyes)
    assert len(eyes) == 2, eyes
    for eye, (x, y) in zip(sorted(eyes), EYES):
        assert abs(eye[0] - x) <= FACE[2] / 10, eyes
        assert abs(eye[1] - y) <= FACE[2] / 10, eyes


def wrong_pictures_get_a_clear_answer(folder, deployment):
    whole = ARGUMENTS.picture.read_bytes()

    def png(width, height, rows):
        def chunk(kind, data):
            crc = struct.pack(">I", zlib.crc32(kind + data))
            return struct.pack(">I", len(data)) + kind + data + crc

        header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
        data = zlib.compress((b"\0" + bytes(width)) * rows)
        chunks = [chunk(b"IHDR", header), chunk(b"IDAT", data), chunk(b"IEND", b"")]
        return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)

    for name, data, says in [
        ("broken.png", whole[:100_000], "cannot read the picture"),
        ("text.png", b"no picture", "must be PNG or JPEG"),
        ("huge.png", png(10_000, 5_000, 5_000), "10000 x 5000 pixels, at most"),
        ("dot.png", png(1, 1, 1), None),
    ]:
        path = folder / name
        path.write_bytes(data)
        where = ["--server", deployment.endpoint]
        status, log = client(*where, image=path)
        if says is None:
            assert status == 0 and not found("face", log), log
        else:
            assert status == 1 and says in log, (name, log)
    status, log = deployment.client()
    assert status == 0, log


def dry_runs_estimate_what_is_measured(folder, deployment):
    lines = {}
    for name, options in [("dry", ["--dry"]), ("real", [])]:
        path = folder / name
        repeat = ["--loop", "--max-requests", "5", "--output-file", str(path)]
        status, log = deployment.client(*repeat, *options)
        assert status == 0, log
        times = sorted(float(line.split()[1]) for line in path.read_text().splitlines())
        lines[name] = times[2]
    print("        estimated %.3f s, measured %.3f s" % (lines["dry"], lines["real"]))
    assert lines["real"] / 5 < lines["dry"] < lines["real"] * 5, lines


def pictures_are_balanced(folder, deployment):
    """At 70 % of what two computers can do, measured before."""
    path = folder / "capacity"
    repeat = ["--loop", "--max-requests", "10", "--output-file", str(path)]
    status, log = client("--server", deployment.computers[0], *repeat)
    assert status == 0, log
    times = [float(line.split()[1]) for line in path.read_text().splitlines()]
    each = sorted(times)[len(times) // 2]
    clients = 8
    delay = clients / (0.7 * 2 / each)
    running = []
    for number in range(clients):
        path = folder / f"calls-{number}"
        options = ["--server", deployment.endpoint, "--image", str(ARGUMENTS.picture)]
        options += ["--loop", "--loop-type", "poisson", "--loop-delay", f"{delay:.4f}"]
        options += ["--duration", str(ARGUMENTS.seconds), "--seed", str(number)]
        options += ["--output-file", str(path)]
        command = [ARGUMENTS.programs / "facerecclient", *options]
        running.append((subprocess.Popen(command, stderr=subprocess.DEVNULL), path))
    calls = {endpoint: 0 for endpoint in deployment.computers}
    for process, path in running:
        assert process.wait(ARGUMENTS.seconds + 60) == 0
        for line in path.read_text().splitlines():
            calls[line.split()[3]] += 1
    total = sum(calls.values())
    shares = [100 * count / total for count in calls.values()]
    print("        %.3f s each, %d calls, shares %.1f and %.1f %%" % (each, total, *shares))
    assert abs(shares[0] - 50) <= 10, shares


def main():
    global ARGUMENTS
    parser = argparse.ArgumentParser()
    parser.add_argument("programs", type=lambda it: Path(it).resolve())
    parser.add_argument("picture", type=Path)
    parser.add_argument("--opencv", action="store_true")
    parser.add_argument(
        "--seconds",
        type=int,
        default=0,
        help="balance pictures for so long (60 is enough; an idle machine is needed)",
    )
    parser.add_argument("--estimator", default="type=util")
    parser.add_argument("--only", help="the check whose name has this word")
    ARGUMENTS = parser.parse_args()
    programs.FOLDER = ARGUMENTS.programs
    checks = [
        the_face_is_found,
        wrong_pictures_get_a_clear_answer,
        dry_runs_estimate_what_is_measured,
    ]
    # Shares depend on the speed of the machine: a measurement, not a check.
    if ARGUMENTS.seconds > 0:
        checks.append(pictures_are_balanced)
    models = ["--models", "facerec0=rustface"]
    if ARGUMENTS.opencv:
        checks.insert(1, the_eyes_are_found)
        models = []
    if ARGUMENTS.only:
        checks = [check for check in checks if ARGUMENTS.only in check.__name__]
    failed = 0
    with tempfile.TemporaryDirectory() as folder, Deployment(*models) as deployment:
        for check in checks:
            name = check.__name__.replace("_", " ")
            try:
                check(Path(folder), deployment)
                print("ok     ", name, flush=True)
            except Exception as error:
                failed += 1
                print("FAILED ", name, repr(error), flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
