//! Functions and the lines inside them.

use crate::Category;

/// A function (or module body, class body, comprehension) as its code object names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Function {
    /// Qualified name, for example `Parser.parse` or `<module>`.
    pub name: Box<str>,
    /// File name as the code object has it; empty where the text that was read named none.
    pub file: Box<str>,
    /// Line of the `def`; 0 where it is not known.
    pub first_line: u32,
    /// Whose code it is.
    pub category: Category,
}

impl Function {
    /// A function of `file`, whose category follows from the file name.
    pub fn new(name: &str, file: &str, first_line: u32) -> Self {
        let category = Category::of_file(file);
        Self { name: name.into(), file: file.into(), first_line, category }
    }

    /// A frame that stands for something that is no Python function, for example `[waiting]`.
    pub fn marker(name: &str, category: Category) -> Self {
        Self { name: name.into(), file: "".into(), first_line: 0, category }
    }
}

/// A function together with the line that was executing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Frame {
    /// The function that runs.
    pub function: FunctionId,
    /// The line that was executing; 0 where the instruction has none.
    pub line: u32,
}

/// Names a [`Function`] within one profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionId(pub(crate) u32);

/// Names a [`Frame`] within one profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FrameId(pub(crate) u32);

impl FunctionId {
    /// The function's position in [`crate::Profile::functions`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl FrameId {
    /// The frame's position in order of first appearance.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}
