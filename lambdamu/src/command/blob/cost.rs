//! What the applications of the trace cost as services, as functions, and changing
//! between both.

use std::fmt::Write as _;
use std::path::PathBuf;

use analysis::console;
use sim_core::libstdcxx::general;

use super::super::CommandError;
use super::convert::grouped;
use super::{Files, RowArgs, check_folder};
use crate::CostModel;
use crate::timestamps::AppAccesses;

/// Computes what the applications of the trace Azure Functions Blob 2020 cost
///
/// Each application costs as a microservice that is always warm (always-mu), as a
/// stateless function that reads or writes its state at each access (always-lambda), and
/// when it changes between both whenever that is cheaper (best-next). The results are in
/// INPUT-cost.dat in the output directory, one line per application.
#[derive(Clone, Debug, clap::Args)]
pub struct CostArgs {
    /// Explain the columns of the results, and quit
    #[arg(long)]
    pub explain: bool,
    /// Rows of the trace
    #[arg(long, value_name = "FILE", required_unless_present = "explain")]
    pub input_dataset: Option<PathBuf>,
    /// Folder for the results; it must exist
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub output_dir: PathBuf,
    /// Add to the results instead of replacing them
    #[arg(long)]
    pub append: bool,
    /// What to compute
    #[arg(long, value_name = "NAME", default_value = "invocation-only",
        value_parser = ["invocation-only"])]
    pub analysis: String,
    /// Cost of an access as a microservice
    #[arg(
        long,
        value_name = "COST",
        default_value_t = 1.0,
        allow_negative_numbers = true
    )]
    pub cost_exec_mu: f64,
    /// Cost of an access as a stateless function
    #[arg(
        long,
        value_name = "COST",
        default_value_t = 10.0,
        allow_negative_numbers = true
    )]
    pub cost_exec_lambda: f64,
    /// Cost of reading the state in a stateless function
    #[arg(
        long,
        value_name = "COST",
        default_value_t = 1.0,
        allow_negative_numbers = true
    )]
    pub cost_read_lambda: f64,
    /// Cost of writing the state in a stateless function
    #[arg(
        long,
        value_name = "COST",
        default_value_t = 5.0,
        allow_negative_numbers = true
    )]
    pub cost_write_lambda: f64,
    /// Cost of a millisecond as a microservice
    #[arg(
        long,
        value_name = "COST",
        default_value_t = 0.00015,
        allow_negative_numbers = true
    )]
    pub cost_warm_mu: f64,
    /// Cost of a millisecond as a stateless function
    #[arg(
        long,
        value_name = "COST",
        default_value_t = 0.0,
        allow_negative_numbers = true
    )]
    pub cost_warm_lambda: f64,
    /// Cost of becoming a microservice
    #[arg(
        long,
        value_name = "COST",
        default_value_t = 50.0,
        allow_negative_numbers = true
    )]
    pub cost_migrate_mu: f64,
    /// Cost of becoming a stateless function
    #[arg(
        long,
        value_name = "COST",
        default_value_t = 50.0,
        allow_negative_numbers = true
    )]
    pub cost_migrate_lambda: f64,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented by its type")]
    pub rows: RowArgs,
}

const COLUMNS: [&str; 19] = [
    "application",
    "function",
    "cost-exec-mu",
    "cost-exec-lambda",
    "cost-read-lambda",
    "cost-write-lambda",
    "cost-warm-mu",
    "cost-warm-lambda",
    "cost-migrate-mu",
    "cost-migrate-lambda",
    "duration",
    "num-invocations",
    "always-mu",
    "always-lambda",
    "best-next",
    "best-next-num-mu",
    "best-next-num-lambda",
    "best-next-dur-mu",
    "best-next-dur-lambda",
];

/// Runs the command.
///
/// # Errors
/// If an option or the input is wrong or the results cannot be written. Earlier results
/// stay as they were then.
pub fn cost(args: &CostArgs) -> Result<(), CommandError> {
    if args.explain {
        let lines = (1..)
            .zip(COLUMNS)
            .map(|(number, name)| format!("#{number}\t{name}\n"));
        return console::print(&lines.collect::<String>()).map_err(CommandError::Print);
    }
    let Some(input) = &args.input_dataset else {
        return Err(CommandError::Usage("expected --input-dataset FILE".into()));
    };
    let model = CostModel {
        exec_mu: args.cost_exec_mu,
        exec_lambda: args.cost_exec_lambda,
        read_lambda: args.cost_read_lambda,
        write_lambda: args.cost_write_lambda,
        warm_mu: args.cost_warm_mu,
        warm_lambda: args.cost_warm_lambda,
        migrate_mu: args.cost_migrate_mu,
        migrate_lambda: args.cost_migrate_lambda,
    };
    let costs = columns(&model);
    if let Some((at, cost)) = (2..)
        .zip(costs)
        .find(|(_, cost)| !cost.is_finite() || *cost < 0.0)
    {
        let name = COLUMNS[at];
        return Err(CommandError::Usage(format!(
            "--{name} is {cost}, expected 0 or more"
        )));
    }
    check_folder(&args.output_dir)?;
    let name = input.file_name().unwrap_or_default().to_string_lossy();
    let path = args.output_dir.join(format!("{name}-cost.dat"));
    let mut text = match (args.append, std::fs::read_to_string(&path)) {
        (false, _) => String::new(),
        (true, Ok(before)) => before,
        (true, Err(cause)) if cause.kind() == std::io::ErrorKind::NotFound => String::new(),
        (true, Err(cause)) => return Err(CommandError::Place { path, cause }),
    };
    for app in grouped(input, args.rows)? {
        text += &app.key;
        let bill = Bill::of(&app, &model);
        for number in costs.into_iter().chain(bill.columns()) {
            // Writing to a string does not fail.
            let _ = write!(text, ",{}", general(number));
        }
        text.push('\n');
    }
    let mut files = Files::default();
    files.add(path, text.as_bytes())?;
    files.finish()
}

fn columns(model: &CostModel) -> [f64; 8] {
    [
        model.exec_mu,
        model.exec_lambda,
        model.read_lambda,
        model.write_lambda,
        model.warm_mu,
        model.warm_lambda,
        model.migrate_mu,
        model.migrate_lambda,
    ]
}

/// What an application costs; the last access is not counted, since nothing follows it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Bill {
    duration: f64,
    invocations: u64,
    always_mu: f64,
    always_lambda: f64,
    best_next: f64,
    num_mu: u64,
    num_lambda: u64,
    time_mu: f64,
    time_lambda: f64,
}

impl Bill {
    fn of(app: &AppAccesses, model: &CostModel) -> Self {
        let mut bill = Self::default();
        let mut is_mu = false;
        for (at, pair) in app.accesses.windows(2).enumerate() {
            let [(now, is_write), (next, _)] = [pair[0], pair[1]];
            let time = next - now;
            let storage = match is_write {
                true => model.write_lambda,
                false => model.read_lambda,
            };
            let (mu, lambda) = (model.warm_mu * time, model.warm_lambda * time);
            bill.duration += time;
            bill.invocations += 1;
            bill.always_mu += model.exec_mu + mu;
            bill.always_lambda += model.exec_lambda + lambda + storage;
            let stays_mu = if is_mu {
                bill.best_next += model.exec_mu;
                bill.num_mu += 1;
                let stays = !model.leaves_mu(time);
                bill.best_next += if stays {
                    mu
                } else {
                    model.migrate_lambda + lambda
                };
                stays
            } else {
                let leaves = model.leaves_lambda(&app.accesses, at);
                if leaves {
                    bill.num_mu += 1;
                    bill.best_next += model.migrate_mu + model.exec_mu + mu;
                } else {
                    bill.num_lambda += 1;
                    bill.best_next += model.exec_lambda + storage + lambda;
                }
                leaves
            };
            if stays_mu {
                bill.time_mu += time;
            } else {
                bill.time_lambda += time;
            }
            is_mu = stays_mu;
        }
        bill
    }

    fn columns(&self) -> [f64; 9] {
        [
            self.duration,
            self.invocations as f64,
            self.always_mu,
            self.always_lambda,
            self.best_next,
            self.num_mu as f64,
            self.num_lambda as f64,
            self.time_mu,
            self.time_lambda,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_both_is_at_most_a_change_dearer_than_either() {
        let model = CostModel::LAMBDAMUSIM;
        // 20 writes a second apart, then a pause of a day.
        let mut accesses: Vec<(f64, bool)> = (0..20)
            .map(|second| (f64::from(second) * 1e3, true))
            .collect();
        accesses.push((8.64e7, true));
        let app = AppAccesses {
            key: "u,a".into(),
            accesses,
        };
        let bill = Bill::of(&app, &model);
        assert_eq!((bill.invocations, bill.duration), (20, 8.64e7));
        assert!((bill.always_lambda - 22.0).abs() < 1e-9);
        assert!((bill.always_mu - 8.64e7 * 6.3e-6).abs() < 1e-9);
        // To mu and back: 12 + 12, and 19 warm seconds.
        assert!((bill.best_next - (24.0 + 19e3 * 6.3e-6)).abs() < 1e-9);
        assert_eq!((bill.num_mu, bill.num_lambda), (20, 0));
        assert_eq!(bill.time_mu + bill.time_lambda, bill.duration);
    }
}
