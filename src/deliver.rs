//! The common part of all ways to run a scenario: its selection and the destination of
//! its results.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use analysis::{Manifest, ResultFolder};
use scenarios::format::{Checked, Scenario};
use sim_core::SimTime;
use soe_sim::{Results, report};

use crate::cli::{Format, TaskArgs, WhichArgs};
use crate::failure::{Failure, print, tell};

/// A finished run.
pub struct Run<'a> {
    /// What was run.
    pub checked: &'a Checked,
    /// When it began.
    pub date: SystemTime,
    /// How long it took.
    pub elapsed: Duration,
    /// On how many threads.
    pub threads: usize,
    /// Of the replications, if they are the same each time.
    pub fingerprints: Vec<String>,
    /// What it took, for people.
    pub effort: String,
}

impl Run<'_> {
    /// Prints the results and writes them into the folder.
    pub fn deliver(
        self,
        args: &TaskArgs,
        folder: Option<ResultFolder>,
        results: Results,
    ) -> Result<(), Failure> {
        let done = results.replications.len();
        let wanted = self.checked.deployment.run.replications;
        if done == 0 {
            return Err(Failure::Interrupted(
                "interrupted before the first replication was complete; nothing was kept"
                    .to_owned(),
            ));
        }
        let file = &args.which.file;
        let text = (!args.quiet).then(|| match args.format {
            Format::Text => report(
                &file.display().to_string(),
                &self.checked.deployment,
                &results,
            ),
            Format::Json => results.summary_json(),
            Format::Csv => results.summary_csv(),
        });
        let empty = self.empty_window(&results);
        // Kept first: what is printed may have no reader.
        let effort = self.effort.clone();
        let kept = match folder {
            None => Ok("nothing was written".to_owned()),
            Some(folder) => {
                let scenario = &self.checked.text;
                let manifest = self.manifest(file, done as u32);
                let written = manifest.and_then(|manifest| {
                    let path = results.write(folder, scenario, manifest);
                    path.map_err(Failure::run)
                });
                written.map(|path| format!("results are in {}", path.display()))
            }
        };
        let printed = text.map_or(Ok(()), |text| print(&text));
        let kept = kept?;
        if !args.quiet {
            tell(format_args!("{effort}; {kept}"));
        }
        if let Some(empty) = empty {
            tell(format_args!("soe: note: {empty}"));
        }
        printed?;
        if done < wanted as usize {
            return Err(Failure::Interrupted(format!(
                "interrupted: {done} of {wanted} replications were complete; {kept}"
            )));
        }
        Ok(())
    }

    /// What is to be said if replications ended within the warm-up.
    fn empty_window(&self, results: &Results) -> Option<String> {
        let warm_up = self.checked.deployment.run.warm_up;
        let over = SimTime::ZERO + warm_up;
        let all = &results.replications;
        let empty = all.iter().filter(|it| it.end <= over).count();
        (empty > 0 && !warm_up.is_zero()).then(|| {
            format!(
                "{empty} of {} replications ended before the warm-up of {warm_up} was over: they \
                 have no statistics",
                all.len()
            )
        })
    }

    fn manifest(self, file: &Path, done: u32) -> Result<Manifest, Failure> {
        Ok(Manifest {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command_line: std::env::args().collect(),
            scenario: self.checked.text.clone(),
            seed: self.checked.deployment.run.seed,
            replications: done,
            threads: self.threads,
            date: humantime::format_rfc3339_seconds(self.date).to_string(),
            duration_s: self.elapsed.as_secs_f64(),
            fingerprints: self.fingerprints,
            inputs: digests(file, &self.checked.inputs)?,
            ..Manifest::default()
        })
    }
}

/// The scenario with everything that the command line changes.
pub fn load(args: &WhichArgs) -> Result<Scenario, Failure> {
    let mut scenario = Scenario::load(&args.file).map_err(Failure::input)?;
    for assignment in &args.set {
        scenario.set(assignment).map_err(Failure::input)?;
    }
    if let Some(seed) = args.seed {
        scenario
            .set(&format!("run.seed={seed}"))
            .map_err(Failure::input)?;
    }
    Ok(scenario)
}

/// The same, and how often it is to be run.
pub fn load_task(args: &TaskArgs) -> Result<Scenario, Failure> {
    let mut scenario = load(&args.which)?;
    if let Some(replications) = args.replications {
        let assignment = format!("run.replications={replications}");
        scenario.set(&assignment).map_err(Failure::input)?;
    }
    Ok(scenario)
}

/// The folder for the results, if there is to be one.
pub fn result_folder(args: &TaskArgs) -> Result<Option<ResultFolder>, Failure> {
    if args.no_output {
        return Ok(None);
    }
    let folder = match &args.output {
        Some(path) => ResultFolder::create(path, args.force),
        None => {
            let name = args.which.file.file_stem();
            let name = name.map(|stem| stem.to_string_lossy());
            ResultFolder::numbered("results", name.as_deref().unwrap_or("scenario"))
        }
    };
    folder.map(Some).map_err(Failure::input)
}

/// The digests of the scenario file and of the files that it names, by path.
fn digests(file: &Path, named: &[PathBuf]) -> Result<BTreeMap<String, String>, Failure> {
    let files = std::iter::once(file).chain(named.iter().map(PathBuf::as_path));
    let digest = |path: &Path| {
        let digest = analysis::sha256_file(path).map_err(Failure::run)?;
        Ok((path.display().to_string(), digest))
    };
    files.map(digest).collect()
}
