//! How often to sample: an interval in seconds or a rate in hertz, and their limits.
//!
//! The lower limit is what the engine can deliver without being the program's main occupation:
//! an interrupt of a running thread costs up to 11 µs where the processor is virtual.

use std::time::Duration;

use thiserror::Error;

const SHORTEST: Duration = Duration::from_micros(10);
const LONGEST: Duration = Duration::from_secs(3600);

/// Why an interval or rate can't be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum IntervalError {
    /// Text that is no number.
    #[error("the {what} must be a number, like {example}, not `{text}`")]
    NotANumber {
        /// "sample interval" or "rate".
        what: &'static str,
        /// A value that would do.
        example: &'static str,
        /// As it was typed.
        text: String,
    },
    /// Zero, a negative number, NaN or infinity.
    #[error("the {what} must be above zero and finite, not {text}")]
    NotPositive {
        /// "sample interval" or "rate".
        what: &'static str,
        /// As it was typed.
        text: String,
    },
    /// More often than we can.
    #[error("the {what} of {text} is too often: the limit is 0.00001 s, 100000 Hz")]
    TooShort {
        /// "sample interval" or "rate".
        what: &'static str,
        /// As it was typed.
        text: String,
    },
    /// So rare that it must be a mistake.
    #[error("the {what} of {text} is too rare: the limit is 3600 s, one sample an hour")]
    TooLong {
        /// "sample interval" or "rate".
        what: &'static str,
        /// As it was typed.
        text: String,
    },
}

/// The interval that a number of seconds means.
///
/// ```
/// let interval = pyflame_cli::interval_from_seconds("0.001")?;
/// assert_eq!(interval.as_micros(), 1000);
/// let error = pyflame_cli::interval_from_seconds("nan").unwrap_err();
/// assert_eq!(error.to_string(), "the sample interval must be above zero and finite, not nan");
/// # Ok::<(), pyflame_cli::IntervalError>(())
/// ```
///
/// # Errors
/// When the text is no number, or is outside the limits of 10 µs and one hour.
pub fn interval_from_seconds(text: &str) -> Result<Duration, IntervalError> {
    let what = "sample interval";
    let seconds = positive(what, "0.001", text)?;
    within_limits(what, text, seconds)
}

/// The interval that a rate in hertz means.
///
/// # Errors
/// As for [`interval_from_seconds`].
pub fn interval_from_rate(text: &str) -> Result<Duration, IntervalError> {
    let what = "rate";
    let rate = positive(what, "1000", text)?;
    within_limits(what, text, 1.0 / rate)
}

fn positive(what: &'static str, example: &'static str, text: &str) -> Result<f64, IntervalError> {
    let number: f64 = text.trim().parse().map_err(|_| IntervalError::NotANumber {
        what,
        example,
        text: text.to_owned(),
    })?;
    if number > 0.0 && number.is_finite() {
        Ok(number)
    } else {
        Err(IntervalError::NotPositive { what, text: text.to_owned() })
    }
}

fn within_limits(what: &'static str, text: &str, seconds: f64) -> Result<Duration, IntervalError> {
    let text = text.to_owned();
    // Rounded to a nanosecond, 1/100000 is the limit itself and not a hair above or below it.
    match Duration::try_from_secs_f64(seconds) {
        Ok(interval) if interval < SHORTEST => Err(IntervalError::TooShort { what, text }),
        Ok(interval) if interval <= LONGEST => Ok(interval),
        _ => Err(IntervalError::TooLong { what, text }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_themselves_are_allowed() {
        assert_eq!(interval_from_seconds("0.00001"), Ok(SHORTEST));
        assert_eq!(interval_from_seconds("1e-5"), Ok(SHORTEST));
        assert_eq!(interval_from_rate("100000"), Ok(SHORTEST));
        assert_eq!(interval_from_seconds("3600"), Ok(LONGEST));
    }

    #[test]
    fn what_is_no_interval_is_named() {
        for text in ["", "x", "1ms", "0.001s"] {
            let error = interval_from_seconds(text);
            assert!(matches!(error, Err(IntervalError::NotANumber { .. })), "{text}");
        }
        for text in ["0", "-1", "nan", "inf", "-0.0"] {
            let error = interval_from_seconds(text);
            assert!(matches!(error, Err(IntervalError::NotPositive { .. })), "{text}");
        }
    }

    #[test]
    fn absurd_intervals_are_beyond_the_limits() {
        for text in ["0.000009", "1e-300", "5e-324"] {
            let error = interval_from_seconds(text);
            assert!(matches!(error, Err(IntervalError::TooShort { .. })), "{text}");
        }
        for text in ["3601", "1e300"] {
            let error = interval_from_seconds(text);
            assert!(matches!(error, Err(IntervalError::TooLong { .. })), "{text}");
        }
        assert!(matches!(interval_from_rate("1e300"), Err(IntervalError::TooShort { .. })));
        assert!(matches!(interval_from_rate("5e-324"), Err(IntervalError::TooLong { .. })));
    }
}
