#!/usr/bin/env bash
# Tries slurm.sh for real: starts Slurm on this machine alone, for this user, in a folder of
# its own, runs a small study as a job array and joins its parts, and compares the results with
# those of a run without Slurm. Not part of the tests: it needs the packages of Slurm.
#
#   apt-get install slurmctld slurmd slurm-client munge
#   cargo build --release
#   docs/cluster/try-slurm.sh target/release/soe
set -euo pipefail

soe=$(realpath "${1:?the soe command is needed}")
here=$(dirname "$(realpath "$0")")
folder=$(mktemp -d)
# munged insists on folders that nobody else can write to.
chmod 755 "$folder"
user=$(id -un)
host=$(hostname -s)
cores=$(nproc)
controller_port=${SOE_SLURM_PORT:-16817}
node_port=$((controller_port + 1))
started=()

finish() {
    for process in "${started[@]}"; do
        kill "$process" 2>/dev/null || true
    done
    for process in "${started[@]}"; do
        wait "$process" 2>/dev/null || true
    done
    rm -rf "$folder"
}
trap finish EXIT

fail() {
    printf 'try-slurm: %s\n' "$1" >&2
    tail -n 20 "$folder"/*.log "$folder"/work/*.log >&2 2>/dev/null || true
    exit 1
}

# Waits until a command succeeds.
until_ready() {
    local what=$1
    shift
    for _ in $(seq 100); do
        if "$@" >/dev/null 2>&1; then
            return
        fi
        sleep 0.2
    done
    fail "$what is not ready"
}

mkdir -m 755 "$folder/munge"
mkdir -m 700 "$folder/state" "$folder/spool" "$folder/work"
dd if=/dev/urandom of="$folder/munge/key" bs=1024 count=1 status=none
chmod 600 "$folder/munge/key"
munged --foreground --key-file="$folder/munge/key" --socket="$folder/munge/socket" \
    --pid-file="$folder/munge/pid" --seed-file="$folder/munge/seed" \
    --log-file="$folder/munge/log" 2>"$folder/munged.log" &
started+=($!)
until_ready munged munge --socket="$folder/munge/socket" --no-input

cat >"$folder/slurm.conf" <<CONF
ClusterName=try
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$controller_port
SlurmdPort=$node_port
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
MpiDefault=none
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cores RealMemory=1024 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$folder/slurm.conf
slurmctld -D -c 2>"$folder/slurmctld.log" &
started+=($!)
slurmd -D -N "$host" 2>"$folder/slurmd.log" &
started+=($!)
node_is_idle() {
    sinfo --noheader --format=%T | grep --quiet idle
}
until_ready "the node" node_is_idle

cat >"$folder/work/study.toml" <<STUDY
version = 1
kind = "statesim"
replications = 20
metrics = ["network_mean", "traffic_mean"]
[[axis]]
key = "jobs"
values = [10, 20, 30, 40]
STUDY
cd "$folder/work"
export SOE=$soe
submit=(sbatch --parsable --cpus-per-task=1 --mem=64M --time=5)
array=$("${submit[@]}" --array=1-4 "$here/slurm.sh" study.toml)
join=$("${submit[@]}" --dependency="afterok:$array" "$here/slurm.sh" study.toml join)
is_over() {
    ! squeue --noheader --jobs="$array,$join" 2>/dev/null | grep --quiet .
}
for _ in $(seq 300); do
    if is_over; then break; fi
    sleep 0.5
done
is_over || fail "the jobs do not end"
[ -f results/study/manifest.json ] || fail "there are no results"
parts=(results/study.work/journal-*-of-4)
[ "${#parts[@]}" = 4 ] || fail "found ${#parts[@]} parts, expected 4"

"$soe" sweep study.toml --output alone --quiet
diff --recursive --exclude=manifest.json results/study alone || fail "the results differ"
"$soe" sweep merge study.toml "${parts[@]}" --output merged --quiet
diff --recursive --exclude=manifest.json merged alone || fail "the merged results differ"
printf 'try-slurm: an array of 4 tasks and a join gave the same bytes as one run\n'
