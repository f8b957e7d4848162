use std::time::Duration;

use pyflame_profile::Measure;

use super::{Magic, MagicDefaults, MagicOptions, MagicRequest};
use crate::{EngineChoice, Format, ThreadChoice};

fn request(line: &str, magic: Magic, defaults: MagicDefaults) -> Result<MagicRequest, String> {
    let folder = tempfile::tempdir().unwrap();
    MagicRequest::new(line, magic, defaults, folder.path()).map_err(|error| error.to_string())
}

fn options(line: &str, magic: Magic) -> MagicOptions {
    let defaults = MagicDefaults { interval: Duration::from_millis(1), ..Default::default() };
    match request(line, magic, defaults) {
        Ok(MagicRequest::Record(options)) => *options,
        other => panic!("{other:?}"),
    }
}

fn mistake(line: &str, magic: Magic) -> String {
    request(line, magic, MagicDefaults::default()).unwrap_err()
}

#[test]
fn a_cells_line_has_the_options_of_the_command() {
    let line = "-s 0.01 --threads main --mode=cpu --engine fallback -o x.folded -q";
    let options = options(line, Magic::Cell);
    assert_eq!(options.interval, Duration::from_millis(10));
    assert_eq!(options.threads, ThreadChoice::Main);
    assert_eq!(options.engine, EngineChoice::Fallback);
    assert_eq!(options.picture.view.measure, Measure::Cpu);
    assert_eq!(options.destination.unwrap().format, Format::Folded);
    assert!(options.quiet);
}

#[test]
fn no_line_at_all_means_the_defaults() {
    let options = options("", Magic::Cell);
    assert_eq!(options.interval, Duration::from_millis(1));
    assert_eq!(options.threads, ThreadChoice::All);
    assert!(options.destination.is_none());
}

#[test]
fn a_statement_is_left_as_it_was_typed() {
    for statement in ["f('a  b', x)", "-1 + 2", "print(\"it's\")", "x  =  'ü' # \\ -o z", "\"a"] {
        let line = format!("  -r 500 -- {statement}  ");
        let options = options(&line, Magic::Line);
        assert_eq!(options.statement, statement, "{line}");
        assert_eq!(options.interval, Duration::from_millis(2));
    }
    assert_eq!(options("render -m x", Magic::Line).statement, "render -m x");
}

#[test]
fn mistakes_name_what_is_wrong() {
    let cases = [
        ("--frobnicate", "unknown option `--frobnicate`: `%pyflame --help`"),
        ("-m timeit", "unknown option `-m`"),
        ("-r", "option `-r` needs a value"),
        ("-r x", "the rate must be a number"),
        ("--mode both", "`both` is no choice for --mode"),
        ("--threads some", "`some` is no choice for --threads"),
        ("-o missing/x.svg", "output folder `missing` does not exist"),
        ("-o x.png", "the format of `x.png` is not clear"),
        ("-a '--title", "`-a '--title` can't be split into arguments"),
        ("-a --frob", "frob"),
        ("-p no-such-script", "flamegraph script `no-such-script` was not found"),
        ("f(x)", "`f(x)` is no option: code goes below"),
    ];
    for (line, message) in cases {
        let said = mistake(line, Magic::Cell);
        assert!(said.contains(message), "{line}: {said}");
    }
    assert!(mistake("-r 500", Magic::Line).starts_with("nothing to run: give a statement"));
}

#[test]
fn the_configuration_counts_where_the_line_says_nothing() {
    let defaults = || MagicDefaults {
        script: None,
        script_args: vec!["--title".into(), "from it's config".into()],
        interval: Duration::from_millis(7),
    };
    let record = |line| match request(line, Magic::Cell, defaults()).unwrap() {
        MagicRequest::Record(options) => options,
        other => panic!("{other:?}"),
    };
    assert_eq!(record("").interval, Duration::from_millis(7));
    assert_eq!(record("").picture.style.title, "from it's config");
    assert_eq!(record("-r 500").interval, Duration::from_millis(2));
    assert_eq!(record("-a '--title typed'").picture.style.title, "typed");
}

#[test]
fn help_and_version_need_no_code() {
    assert!(matches!(
        request("--help", Magic::Line, MagicDefaults::default()),
        Ok(MagicRequest::Help)
    ));
    assert!(matches!(
        request("-V", Magic::Cell, MagicDefaults::default()),
        Ok(MagicRequest::Version)
    ));
}
