//! The argument list as flamegraph.pl takes it, and what it takes wrongly and we refuse.

use crate::{MinWidth, Orientation, Palette, RenderError, SvgOptions, Variation};

fn parse(arguments: &[&str]) -> Result<SvgOptions, RenderError> {
    let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    SvgOptions::parse_flamegraph_args(&arguments)
}

fn message(arguments: &[&str]) -> String {
    parse(arguments).unwrap_err().to_string()
}

#[test]
fn no_arguments_give_the_defaults() {
    assert_eq!(parse(&[]).unwrap(), SvgOptions::default());
}

#[test]
fn every_spelling_that_perl_takes_is_taken() {
    for spelling in [
        &["--title", "x"][..],
        &["-title", "x"],
        &["+title", "x"],
        &["--title=x"],
        &["-TITLE=x"],
        &["--ti", "x"],
        &["--tit=x", "--"],
        &["--title", "y", "--title", "x"],
    ] {
        assert_eq!(parse(spelling).unwrap().title, "x", "{spelling:?}");
    }
}

#[test]
fn a_value_may_look_like_an_option_and_hold_equals_signs() {
    assert_eq!(parse(&["--title", "--hash"]).unwrap().title, "--hash");
    assert_eq!(parse(&["--title=a=b"]).unwrap().title, "a=b");
}

#[test]
fn every_option_reaches_what_it_is_for() {
    let options = parse(&[
        "--fonttype=Mono",
        "--width=1_000",
        "--height",
        "+20",
        "--encoding=latin1",
        "--fontsize=.5",
        "--fontwidth=1e-1",
        "--minwidth=0.5%",
        "--subtitle=sub",
        "--nametype=Name:",
        "--countname=bytes",
        "--total=12.5",
        "--factor=1_0.5",
        "--colors=mem",
        "--bgcolors=blue",
        "--hash",
        "--cp",
        "--reverse",
        "--inverted",
        "--flamechart",
        "--negate",
        "--notes=note",
    ])
    .unwrap();
    assert_eq!(
        (options.font.as_str(), options.width, options.frame_height),
        ("Mono", Some(1000), 20)
    );
    assert_eq!(options.encoding.as_deref(), Some("latin1"));
    assert!((options.font_size - 0.5).abs() < 1e-9 && (options.font_width - 0.1).abs() < 1e-9);
    assert_eq!(options.min_width, MinWidth::Percent(0.5));
    assert_eq!((options.subtitle.as_str(), options.name_type.as_str()), ("sub", "Name:"));
    assert_eq!((options.count_name.as_str(), options.total), ("bytes", Some(12.5)));
    assert!((options.factor - 10.5).abs() < 1e-9);
    assert_eq!((options.palette, options.variation), (Palette::Mem, Variation::Hash));
    assert!(options.background.is_some() && options.palette_file.is_some());
    assert!(options.reverse && options.flame_chart && options.negate);
    assert_eq!((options.orientation, options.notes.as_str()), (Orientation::Icicle, "note"));
}

#[test]
fn every_palette_of_the_script_is_known() {
    for name in [
        "hot", "mem", "io", "wakeup", "chain", "java", "js", "perl", "red", "green", "blue",
        "aqua", "yellow", "purple", "orange",
    ] {
        assert!(parse(&["--color", name]).is_ok(), "{name}");
    }
}

#[test]
fn the_default_title_fits_the_picture() {
    let title = |arguments: &[&str]| parse(arguments).unwrap().heading().to_owned();
    assert_eq!(title(&[]), "Flame Graph");
    assert_eq!(title(&["--inverted"]), "Icicle Graph");
    assert_eq!(title(&["--inverted", "--flamechart"]), "Flame Chart");
    assert_eq!(title(&["--title=mine"]), "mine");
}

#[test]
fn what_perl_refuses_is_refused_by_name() {
    assert!(
        message(&["-h"]).contains("hash, height, help")
            || message(&["-h"]).contains("height, hash, help")
    );
    assert!(message(&["--he=1"]).contains("`--he=1`"));
    assert!(message(&["--frobnicate"]).contains("`--frobnicate`"));
    assert!(message(&["---title", "x"]).contains("`---title`"));
    assert!(message(&["--=x"]).contains("`--=x`"));
    assert!(message(&["--title"]).contains("`--title` needs a value"));
    assert!(message(&["--title="]).contains("`--title` needs a value"));
    assert!(message(&["--hash=1"]).contains("`--hash` takes no value"));
    for value in ["12.5", "x", "", "-5"] {
        assert!(message(&["--width", value]).contains("--width"), "{value}");
    }
    for value in ["5.", "1e", "_5", "nan", "inf", "."] {
        assert!(message(&["--fontsize", value]).contains(&format!("`{value}`")), "{value}");
    }
}

#[test]
fn what_the_script_would_draw_wrongly_is_refused() {
    assert!(message(&["--colors=pink"]).contains("`pink`"));
    assert!(message(&["--bgcolors=pink"]).contains("`pink`"));
    assert!(message(&["--minwidth=wide"]).contains("`wide`"));
    assert!(message(&["--notes=<x>"]).contains("--notes"));
    assert!(message(&["--nameattr=/nonexistent"]).contains("/nonexistent"));
    assert!(message(&["--encoding=a b"]).contains("`a b`"));
    assert!(message(&["profile.txt"]).contains("`profile.txt`"));
    assert!(message(&["-"]).contains("`-`"));
    assert!(message(&["--", "--hash"]).contains("`--hash`"));
}

#[test]
fn help_lists_every_option() {
    let help = message(&["--help"]);
    for option in super::OPTIONS {
        assert!(help.contains(&format!("--{} ", option.name())), "{}", option.name());
    }
}
