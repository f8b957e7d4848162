//! The argument list of flamegraph.pl (brendangregg/FlameGraph, 2024), option by option.

use std::path::{Path, PathBuf};

use crate::getopt::{self, Kind, OptionSpec, Value};
use crate::name_attributes::NameAttributes;
use crate::palette::{Background, Palette, Variation};
use crate::{MinWidth, Orientation, RenderError, SvgOptions};

const HELP: &str = "\
options of flamegraph.pl that the built-in renderer takes:
  --title TEXT       heading (default: Flame Graph, Icicle Graph or Flame Chart)
  --subtitle TEXT    line below the heading
  --width N          width of the picture in pixels (default: as wide as what shows it)
  --height N         height of a frame in pixels (default 16)
  --minwidth N or N% leave out narrower frames, in pixels or percent of the total (default 0.1)
  --fonttype FONT    font (default: the system's)
  --fontsize N       size of the text on frames (default 12)
  --fontwidth N      average width of a character per size (default 0.59)
  --countname TEXT   what is counted (default samples)
  --nametype TEXT    what stands before a name in the details
  --nameattr FILE    attributes for single functions: name<tab>attribute=value<tab>...
  --total N          what the full width stands for, if more than the sum
  --factor N         multiply shown values
  --encoding NAME    encoding that the file declares
  --colors PALETTE   python (default), hot, mem, io, wakeup, chain, java, js, perl, red, green,
                     blue, aqua, yellow, purple, orange
  --bgcolors COLOR   yellow, blue, green, grey or #rrggbb (default: light or dark, as preferred)
  --hash             colours by a hash that gives similar names similar colours
  --random           colours at random
  --cp               keep colours in the file palette.map
  --reverse          turn stacks round
  --inverted         icicle: callers at the top
  --flamechart       in order of time, nothing merged
  --negate           swap red and blue in a differential picture (what did not
                     change is grey; flamegraph.pl has it white)
  --notes TEXT       comment in the file
  --help             this list";

/// Every option, in the script's order.
const OPTIONS: [OptionSpec; 25] = [
    OptionSpec::new("fonttype", Kind::Text),
    OptionSpec::new("width", Kind::Integer),
    OptionSpec::new("height", Kind::Integer),
    OptionSpec::new("encoding", Kind::Text),
    OptionSpec::new("fontsize", Kind::Number),
    OptionSpec::new("fontwidth", Kind::Number),
    OptionSpec::new("minwidth", Kind::Text),
    OptionSpec::new("title", Kind::Text),
    OptionSpec::new("subtitle", Kind::Text),
    OptionSpec::new("nametype", Kind::Text),
    OptionSpec::new("countname", Kind::Text),
    OptionSpec::new("nameattr", Kind::Text),
    OptionSpec::new("total", Kind::Text),
    OptionSpec::new("factor", Kind::Number),
    OptionSpec::new("colors", Kind::Text),
    OptionSpec::new("bgcolors", Kind::Text),
    OptionSpec::new("hash", Kind::Flag),
    OptionSpec::new("random", Kind::Flag),
    OptionSpec::new("cp", Kind::Flag),
    OptionSpec::new("reverse", Kind::Flag),
    OptionSpec::new("inverted", Kind::Flag),
    OptionSpec::new("flamechart", Kind::Flag),
    OptionSpec::new("negate", Kind::Flag),
    OptionSpec::new("notes", Kind::Text),
    OptionSpec::new("help", Kind::Flag),
];

/// The script's own name of the file that `--cp` keeps colours in.
const PALETTE_FILE: &str = "palette.map";

pub(crate) fn parse(arguments: &[String]) -> Result<SvgOptions, RenderError> {
    let given = getopt::parse(&OPTIONS, arguments)?;
    let mut options = SvgOptions::default();
    for (option, value) in &given {
        match value {
            Value::Flag => set_flag(&mut options, option)?,
            Value::Integer(number) => set_integer(&mut options, option, *number)?,
            Value::Number(number) => set_number(&mut options, option, *number)?,
            Value::Text(text) => set_text(&mut options, option, text)?,
        }
    }
    Ok(options)
}

fn set_flag(options: &mut SvgOptions, option: &str) -> Result<(), RenderError> {
    match option {
        // The script looks at --hash first, whichever comes first on the line.
        "hash" => options.variation = Variation::Hash,
        "random" if options.variation != Variation::Hash => options.variation = Variation::Random,
        "cp" => options.palette_file = Some(PathBuf::from(PALETTE_FILE)),
        "reverse" => options.reverse = true,
        "inverted" => options.orientation = Orientation::Icicle,
        "flamechart" => options.flame_chart = true,
        "negate" => options.negate = true,
        "help" => return Err(RenderError::Help(HELP)),
        _ => {}
    }
    Ok(())
}

fn set_integer(options: &mut SvgOptions, option: &str, number: i64) -> Result<(), RenderError> {
    let (least, expected) = match option {
        // The margins take 20 of the width, and a frame of 1 would be nothing but its gap.
        "width" => (40, "a whole number of pixels from 40 to 100000"),
        _ => (2, "a whole number of pixels from 2 to 1000"),
    };
    let most = if option == "width" { 100_000 } else { 1000 };
    let pixels = u32::try_from(number).ok().filter(|pixels| (least..=most).contains(pixels));
    let pixels = pixels.ok_or_else(|| invalid(option, expected, &number.to_string()))?;
    match option {
        "width" => options.width = Some(pixels),
        _ => options.frame_height = pixels,
    }
    Ok(())
}

fn set_number(options: &mut SvgOptions, option: &str, number: f64) -> Result<(), RenderError> {
    if !(number.is_finite() && number > 0.0) {
        return Err(invalid(option, "a number above 0", &number.to_string()));
    }
    match option {
        "fontsize" => options.font_size = number,
        "fontwidth" => options.font_width = number,
        _ => options.factor = number,
    }
    Ok(())
}

fn set_text(options: &mut SvgOptions, option: &str, text: &str) -> Result<(), RenderError> {
    let target = match option {
        "minwidth" => {
            options.min_width = min_width(text).ok_or_else(|| {
                invalid(option, "a number of pixels or a percentage such as 0.5%", text)
            })?;
            return Ok(());
        }
        "colors" => {
            options.palette = Palette::named(text)
                .ok_or_else(|| invalid(option, "the name of a palette, see --help", text))?;
            return Ok(());
        }
        "bgcolors" => {
            let expected = "yellow, blue, green, grey or #rrggbb";
            let background = Background::named(text);
            options.background = Some(background.ok_or_else(|| invalid(option, expected, text))?);
            return Ok(());
        }
        "nameattr" => {
            options.name_attributes = NameAttributes::read(Path::new(text))?;
            return Ok(());
        }
        "total" => {
            let total = getopt::number(text).filter(|total| *total > 0.0);
            options.total = Some(total.ok_or_else(|| invalid(option, "a number above 0", text))?);
            return Ok(());
        }
        "encoding" => {
            let encoding = text.to_owned();
            let known = is_encoding_name(text).then_some(encoding);
            options.encoding =
                Some(known.ok_or_else(|| invalid(option, "the name of an encoding", text))?);
            return Ok(());
        }
        "notes" if text.contains(['<', '>']) => {
            return Err(invalid(option, "a text without < and >", text));
        }
        "notes" => &mut options.notes,
        "fonttype" => &mut options.font,
        "title" => &mut options.title,
        "subtitle" => &mut options.subtitle,
        "nametype" => &mut options.name_type,
        _ => &mut options.count_name,
    };
    text.clone_into(target);
    Ok(())
}

fn min_width(text: &str) -> Option<MinWidth> {
    let (number, width): (_, fn(f64) -> MinWidth) = match text.strip_suffix('%') {
        Some(number) => (number, MinWidth::Percent),
        None => (text, MinWidth::Pixels),
    };
    let number = getopt::number(number).filter(|number| *number >= 0.0)?;
    Some(width(number))
}

/// The grammar of an encoding's name in XML 1.0, section 4.3.3.
fn is_encoding_name(name: &str) -> bool {
    let tail = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(tail)
}

fn invalid(option: &str, expected: &'static str, value: &str) -> RenderError {
    RenderError::InvalidValue { option: format!("--{option}"), expected, value: value.into() }
}

#[cfg(test)]
mod tests;
