//! The numbers that stand for the words of a profile. They never change their meaning; new words
//! get new numbers.

use pyflame_profile::{Category, Engine, State, Unit};

pub(crate) fn of_category(category: Category) -> u64 {
    match category {
        Category::Own => 0,
        Category::Package => 1,
        Category::Stdlib => 2,
        Category::Import => 3,
        Category::Native => 4,
        Category::Thread => 5,
        Category::Waiting => 6,
        Category::Uncaptured => 7,
    }
}

/// A category that we don't know is a colour that we don't have: the file's own has to do.
pub(crate) fn category(code: u64, file: &str) -> Category {
    let known = Category::ALL.into_iter().find(|category| of_category(*category) == code);
    known.unwrap_or_else(|| Category::of_file(file))
}

pub(crate) fn of_state(state: State) -> u64 {
    match state {
        State::Running => 0,
        State::Ready => 1,
        State::Waiting => 2,
    }
}

/// `None` for one that we don't know, since a guess would be untrue.
pub(crate) fn state(code: u64) -> Option<State> {
    let all = [State::Running, State::Ready, State::Waiting];
    all.into_iter().find(|state| of_state(*state) == code)
}

pub(crate) fn of_engine(engine: Engine) -> u64 {
    match engine {
        Engine::Signal => 0,
        Engine::Fallback => 1,
        Engine::Imported => 2,
    }
}

/// An engine that we don't know is what `Imported` means.
pub(crate) fn engine(code: u64) -> Engine {
    let known = [Engine::Signal, Engine::Fallback].into_iter();
    known.into_iter().find(|engine| of_engine(*engine) == code).unwrap_or(Engine::Imported)
}

pub(crate) fn of_unit(unit: Unit) -> u64 {
    match unit {
        Unit::Nanoseconds => 0,
        Unit::Count => 1,
    }
}

/// `None` for one that we don't know.
pub(crate) fn unit(code: u64) -> Option<Unit> {
    [Unit::Nanoseconds, Unit::Count].into_iter().find(|unit| of_unit(*unit) == code)
}
