//! Runs StateSim.

use analysis::console::tell;

use crate::evaluation::{Evaluation, Outcome};
use crate::jobs::TraceCounts;
use crate::network::Network;
use crate::output::{Chunk, OutputError, Results};
use crate::pool::Pool;

use super::inputs::Parameters;
use super::summary::{Summary, measure};
use super::{Args, CommandError, print, progress};

/// How many replications are evaluated before their results are written, per thread.
const BATCH: u64 = 16;

/// Evaluates what the options say, writes the results and prints a summary.
///
/// # Errors
/// If an option, the network or the trace makes no sense, or results cannot be
/// written. No result is left behind then.
pub fn run(args: &Args) -> Result<(), CommandError> {
    let parameters = Parameters::of(args)?;
    let corrections = args.model.corrections();
    let (topology, jobs) = parameters.read(args)?;
    if parameters.is_example {
        tell(format_args!(
            "note: no input files given and no files nodes, links, edges, tasks in this folder: using the built-in example"
        ));
    }
    if topology.has_latency() && !corrections.latency {
        tell(format_args!(
            "note: the original model ignores the latency of links"
        ));
    }
    // Told when the evaluation has succeeded: an error is one line.
    let mut notes = Vec::new();
    if topology.links().is_empty() {
        let note = "the network has no links, so that it costs no time and carries no traffic";
        notes.push(note.to_owned());
    }
    notes.extend(skipped(jobs.counts()));
    let pool = Pool::new(&jobs, parameters.factors, parameters.functions, corrections);
    drop(jobs);
    if (1..parameters.jobs).contains(&pool.len()) {
        tell(format_args!(
            "note: the trace has only {} jobs with states, every replication uses all of them",
            pool.len()
        ));
    }
    let network = Network::new(topology, corrections)?;
    let evaluation = Evaluation::new(&network, &pool, parameters.cloud)?;
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(parameters.threads.min(parameters.replications()))
        .build()?;
    let summary = threads.install(|| evaluate(&parameters, &evaluation, args))?;
    for note in notes {
        tell(format_args!("note: {note}"));
    }
    print(&summary.render())?;
    if let Some(folder) = &parameters.outdir {
        print(&format!("results: {}\n", folder.display()))?;
    }
    Ok(())
}

/// Which rows of the trace were skipped, if any were.
fn skipped(counts: TraceCounts) -> Option<String> {
    let reasons = [
        (counts.foreign_rows, "not of the layout or without a job"),
        (
            counts.independent_rows,
            "of tasks whose name does not list dependencies",
        ),
        (counts.unfinished_rows, "of tasks that never ended"),
    ];
    let skipped: usize = reasons.iter().map(|(count, _)| count).sum();
    let reasons = reasons.iter().filter(|(count, _)| *count > 0);
    let reasons: Vec<_> = reasons
        .map(|(count, why)| format!("{count} {why}"))
        .collect();
    (skipped > 0).then(|| {
        format!(
            "{skipped} of {} rows of the trace were skipped: {}",
            counts.rows,
            reasons.join(", ")
        )
    })
}

fn evaluate(
    parameters: &Parameters,
    evaluation: &Evaluation<'_>,
    args: &Args,
) -> Result<Summary, CommandError> {
    let mut results = match &parameters.outdir {
        Some(folder) => Some(Results::create(folder, args.format)?),
        None => None,
    };
    let replications = (parameters.last_seed - parameters.first_seed).saturating_add(1);
    let progress = progress::bar(replications.saturating_mul(parameters.allocations.len() as u64));
    let batch = BATCH * parameters.threads as u64;
    let mut summary = Summary::new();
    for allocation in &parameters.allocations {
        let mut measured = vec![Vec::new(); parameters.executions.len()];
        let mut next_seed = Some(parameters.first_seed);
        while let Some(first) = next_seed {
            let last = first.saturating_add(batch - 1).min(parameters.last_seed);
            next_seed = last
                .checked_add(1)
                .filter(|&seed| seed <= parameters.last_seed);
            let encoder = results.as_ref().map(Results::encoder);
            let finish = |outcomes: Vec<Outcome>| -> Result<_, OutputError> {
                progress.inc(1);
                let measured: Vec<_> = outcomes.iter().map(measure).collect();
                let chunk = match &encoder {
                    Some(encoder) => encoder.encode(&outcomes, evaluation.network)?,
                    None => Chunk::default(),
                };
                Ok((measured, chunk))
            };
            let finished = evaluation.replicate_all(
                *allocation,
                &parameters.executions,
                parameters.jobs,
                first..=last,
                finish,
            )?;
            for replication in finished {
                let (of_executions, chunk) = replication?;
                for (all, one) in measured.iter_mut().zip(of_executions) {
                    all.extend(one);
                }
                if let Some(results) = &mut results {
                    results.append(&chunk)?;
                }
            }
        }
        for (execution, measured) in parameters.executions.iter().zip(&measured) {
            summary.row(allocation.name(), execution.name(), measured);
        }
    }
    progress.finish_and_clear();
    if let Some(results) = results {
        results.finish()?;
    }
    Ok(summary)
}
