#!/usr/bin/env bash
# A study as a Slurm job array: each task runs one part, and the last joins them.
#
#   sbatch --array=1-16 slurm.sh my-study.toml
#   sbatch --dependency=afterok:JOBID slurm.sh my-study.toml join
#
# The folder of submission must be on a file system that all nodes share. After tasks that
# were killed or ran out of time, submit the same array again: parts that are complete end at
# once, the others continue where they were.
#SBATCH --job-name=soe-sweep
#SBATCH --cpus-per-task=4
#SBATCH --mem=1G
#SBATCH --time=02:00:00
#SBATCH --output=soe-sweep-%A-%a.log
set -euo pipefail

study=${1:?the study file is needed}
output=${SOE_OUTPUT:-results/$(basename "$study" .toml)}
soe=${SOE:-soe}

if [ "${2:-}" = join ]; then
    # Finds all parts in OUTPUT.work; runs what is missing and writes the results.
    exec "$soe" sweep "$study" --output "$output" --threads "${SLURM_CPUS_PER_TASK:-1}"
fi

# The indices of the array go from SLURM_ARRAY_TASK_MIN in steps of one.
part=$((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN + 1))
exec "$soe" sweep "$study" --output "$output" --threads "${SLURM_CPUS_PER_TASK:-1}" \
    --shard "$part/$SLURM_ARRAY_TASK_COUNT"
