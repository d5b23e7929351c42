//! Command lines in the form of the original's executables.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command, Parser};

use super::Failure;
use super::logging::Form;

/// What help says where `--secure` is an option.
const SECURE: &str = "\
With --secure the files ca.crt, server.crt and server.key (of those who serve),
client.crt and client.key (of those who call) of the working directory are used.
The environment variable CERT_DIR names another directory, and CA_CRT,
SERVER_CRT, SERVER_KEY, CLIENT_CRT and CLIENT_KEY name other files in it.";

/// What came of a command line.
#[derive(Debug)]
pub enum Parsed<O> {
    /// The options, and the form of the log.
    Options(O, Form),
    /// Something to print instead: help, or the version.
    Text(String),
}

/// Reads a command line, whose first word is the name of the program.
pub fn parse<O: Parser>(
    words: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> Result<Parsed<O>, Failure> {
    let mut command = accustomed(O::command());
    let matches = command.try_get_matches_from_mut(words);
    let options = matches.and_then(|matches| {
        let form = matches.get_one("log-format").copied();
        Ok((O::from_arg_matches(&matches)?, form.unwrap_or_default()))
    });
    match options {
        Ok((options, form)) => Ok(Parsed::Options(options, form)),
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                Ok(Parsed::Text(error.render().to_string()))
            }
            _ => {
                let text = ambiguous(&command, &error);
                let text = text.unwrap_or_else(|| one_line(&error.render().to_string()));
                Err(Failure::Input(text))
            }
        },
    }
}

/// Adds what all executables have in common.
fn accustomed(command: Command) -> Command {
    let about = command.get_long_about().or(command.get_about()).cloned();
    let mut command = command
        .infer_long_args(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .version(env!("CARGO_PKG_VERSION"))
        .arg(
            Arg::new("help")
                .short('h')
                .long("help")
                .action(ArgAction::HelpShort)
                .help("Print this help"),
        )
        .arg(
            Arg::new("log-format")
                .long("log-format")
                .value_name("FORM")
                .value_parser(clap::value_parser!(Form))
                .default_value("text")
                .help("Form of the log on standard error"),
        )
        .arg(
            Arg::new("version")
                .short('v')
                .long("version")
                .action(ArgAction::Version)
                .help("Print the version"),
        );
    if let Some(about) = about {
        command = command.about(about);
    }
    if command
        .get_arguments()
        .any(|argument| argument.get_id() == "secure")
    {
        let examples = command.get_after_help().map(ToString::to_string);
        let help = [examples.as_deref(), Some(SECURE)];
        command = command.after_help(help.into_iter().flatten().collect::<Vec<_>>().join("\n\n"));
    }
    let server = command.get_arguments().find(|argument| {
        let long = argument.get_long();
        matches!(long, Some("server-endpoint" | "server-endpoints"))
    });
    match server.map(|argument| argument.get_id().clone()) {
        Some(id) => command.mut_arg(id, |argument| argument.alias("server")),
        None => command,
    }
}

/// The options that an unknown option may mean, if it is a prefix of several.
fn ambiguous(command: &Command, error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(found)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let prefix = found
        .strip_prefix("--")
        .filter(|prefix| !prefix.is_empty())?;
    let known = command.get_arguments().filter_map(Arg::get_long);
    let known = known.filter(|long| long.starts_with(prefix));
    let mut known: Vec<_> = known.map(|long| format!("'--{long}'")).collect();
    known.sort();
    (known.len() > 1).then(|| format!("'{found}' may be {}", known.join(" or ")))
}

/// What the parser says in several lines, without its advice on usage.
fn one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim);
    let lines = lines.take_while(|line| {
        !line.starts_with("Usage:") && !line.starts_with("For more information")
    });
    let mut whole = String::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let line = line.strip_prefix("error: ").unwrap_or(line);
        if !whole.is_empty() {
            whole += if line.starts_with("tip:") { "; " } else { " " };
        }
        whole += line;
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Teaches.
    ///
    /// A second paragraph.
    #[derive(Debug, Parser, PartialEq)]
    #[command(name = "learner", after_help = "Examples: none")]
    struct Options {
        /// Where
        #[arg(long, default_value = "localhost:1")]
        server_endpoint: String,
        /// How
        #[arg(long, default_value = "type=grpc")]
        server_conf: String,
        /// How many
        #[arg(long, default_value_t = 5)]
        num_threads: u32,
    }

    fn options(words: &[&str]) -> Result<Options, String> {
        let words = std::iter::once("learner").chain(words.iter().copied());
        match parse(words) {
            Ok(Parsed::Options(options, _)) => Ok(options),
            Ok(Parsed::Text(text)) => Err(text),
            Err(failure) => {
                assert_eq!(failure.status(), 2);
                Err(failure.to_string())
            }
        }
    }

    #[test]
    fn server_always_means_the_endpoint_although_the_prefix_is_ambiguous() {
        for words in [
            &["--server", "h:2"][..],
            &["--server=h:2"],
            &["--server-endpoint", "h:2"],
            &["--server-e", "h:2"],
        ] {
            assert_eq!(options(words).unwrap().server_endpoint, "h:2");
        }
        assert_eq!(options(&["--server-c=x"]).unwrap().server_conf, "x");
        assert_eq!(options(&["--num", "7"]).unwrap().num_threads, 7);
        let ambiguous = options(&["--serv", "h:2"]).unwrap_err();
        let expected = "'--serv' may be '--server-conf' or '--server-endpoint'";
        assert_eq!(ambiguous, expected);
    }

    #[test]
    fn the_form_of_the_log_is_an_option_of_every_executable() {
        let form = |words: &[&str]| match parse::<Options>(words.iter().copied()) {
            Ok(Parsed::Options(_, form)) => Ok(form),
            Ok(Parsed::Text(text)) => Err(text),
            Err(failure) => Err(failure.to_string()),
        };
        assert_eq!(form(&["learner"]), Ok(Form::Text));
        assert_eq!(form(&["learner", "--log-format", "json"]), Ok(Form::Json));
        let wrong = form(&["learner", "--log-format=xml"]).unwrap_err();
        assert!(wrong.contains("possible values: text, json"), "{wrong}");
    }

    #[test]
    fn help_and_version_are_texts() {
        for words in [["-h"], ["--help"], ["--he"]] {
            let help = options(&words).unwrap_err();
            for part in ["Teaches", "second paragraph", "[default: 5]", "Examples"] {
                assert!(help.contains(part), "no `{part}` in {help}");
            }
        }
        for words in [["-v"], ["--version"]] {
            let version = options(&words).unwrap_err();
            assert_eq!(version, format!("learner {}\n", env!("CARGO_PKG_VERSION")));
        }
    }

    #[test]
    fn mistakes_are_told_in_one_line() {
        for (words, message) in [
            (
                &["--speed"][..],
                "unexpected argument '--speed' found; tip: a similar argument exists: '--server'",
            ),
            (
                &["--num-threads", "many"],
                "invalid value 'many' for '--num-threads <NUM_THREADS>': invalid digit found in string",
            ),
            (&["here"], "unexpected argument 'here' found"),
        ] {
            assert_eq!(options(words).unwrap_err(), message);
        }
    }
}
