//! Whose code a frame is, told from its file name.
//!
//! Encodes where CPython puts things: the standard library under `lib/pythonX.Y`, installed
//! packages under `site-packages` (`dist-packages` on Debian), frozen modules as `<frozen NAME>`
//! (Lib/site.py, Lib/sysconfig, Python/import.c).

/// Whose code a frame is; pictures colour frames by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// The program's own files, `<string>`, `<stdin>` and everything unknown.
    Own,
    /// Below `site-packages` or `dist-packages`.
    Package,
    /// The standard library, frozen modules included.
    Stdlib,
    /// The import system itself.
    Import,
    /// Machine code: a C function, the interpreter itself, the kernel.
    Native,
    /// A thread or process that roots the stacks below it.
    Thread,
    /// The thread was not on a CPU: sleeping, blocked, or waiting for its turn.
    Waiting,
    /// Time whose stack is not known.
    Uncaptured,
}

impl Category {
    /// Tells the category of a frame from its file name alone, so that it works as well for
    /// folded text from another machine.
    ///
    /// ```
    /// use pyflame_profile::Category;
    /// assert_eq!(Category::of_file("/usr/lib/python3.11/json/decoder.py"), Category::Stdlib);
    /// assert_eq!(Category::of_file("/v/lib/python3.11/site-packages/a.py"), Category::Package);
    /// assert_eq!(Category::of_file("<frozen importlib._bootstrap>"), Category::Import);
    /// assert_eq!(Category::of_file("libc.so.6"), Category::Native);
    /// assert_eq!(Category::of_file("/home/me/app.py"), Category::Own);
    /// ```
    pub fn of_file(file: &str) -> Self {
        if let Some(frozen) = file.strip_prefix("<frozen ") {
            return if frozen.starts_with("importlib") || frozen.starts_with("zipimport") {
                Self::Import
            } else {
                Self::Stdlib
            };
        }
        if is_native(file) {
            return Self::Native;
        }
        let mut parts = file.split(['/', '\\']).peekable();
        let mut after_lib = false;
        let mut in_stdlib = false;
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                break; // The file itself is not a folder that says anything.
            }
            match part {
                "site-packages" | "dist-packages" => return Self::Package,
                _ if after_lib && is_python_folder(part) => in_stdlib = true,
                _ => {}
            }
            after_lib = matches!(part, "lib" | "lib64" | "Lib");
        }
        match (in_stdlib, file.contains("/importlib/")) {
            (true, true) => Self::Import,
            (true, false) => Self::Stdlib,
            (false, _) => Self::Own,
        }
    }

    /// Every category, in the order in which a legend lists them.
    pub const ALL: [Self; 8] = [
        Self::Own,
        Self::Package,
        Self::Stdlib,
        Self::Import,
        Self::Native,
        Self::Thread,
        Self::Waiting,
        Self::Uncaptured,
    ];
}

/// Whether `file` is a shared library or the source of a compiled language, as the tools that see
/// machine code name them (`libc.so.6`, `_json.cpython-311-x86_64-linux-gnu.so`, `ceval.c`).
fn is_native(file: &str) -> bool {
    let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let source = matches!(extension, "c" | "cc" | "cpp" | "cxx" | "h" | "hpp" | "rs" | "S");
    source || matches!(extension, "so" | "dylib" | "dll" | "pyd") || name.contains(".so.")
}

/// Whether `folder` is `python3.11`, `python3.13t`, `pypy3.10` and the like.
fn is_python_folder(folder: &str) -> bool {
    let version = folder.strip_prefix("python").or_else(|| folder.strip_prefix("pypy"));
    version.is_some_and(|v| v.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::Category;

    #[test]
    fn own_code_that_lives_beside_a_library_folder_stays_own() {
        for file in ["/home/me/lib/app.py", "python3.11/app.py", "lib/python.py", "", "<string>"] {
            assert_eq!(Category::of_file(file), Category::Own, "{file}");
        }
    }

    #[test]
    fn a_package_inside_the_library_folder_is_a_package() {
        let file = "/usr/lib/python3/dist-packages/yaml/__init__.py";
        assert_eq!(Category::of_file(file), Category::Package);
    }
}
