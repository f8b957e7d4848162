//! Labels as Python has them: the values of the context variable that the engine reads, and how
//! the engine is told where to find them.

use std::collections::HashMap;
use std::sync::Arc;

use pyflame_profile::Labels;
use pyflame_sampler::{ContextTypes, LabelError, LabelIds, LabelPlace, LabelReader};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCFunction, PyDict};

use crate::exceptions;
use crate::label_registry::registry;
use crate::text::Text;

/// A set of labels, as one value of a context variable.
///
/// Args:
///     parent: The labels around it, which hold within it as well.
///     pairs: Keys and values.
///     is_scope: Whether this is a piece of work that is told apart as a whole.
#[pyclass(frozen, module = "pyflame._native")]
#[derive(Debug)]
pub(crate) struct LabelSet {
    ids: LabelIds,
    pairs: Arc<Labels>,
}

#[pymethods]
impl LabelSet {
    #[new]
    #[pyo3(signature = (parent, pairs, *, is_scope = false))]
    #[expect(clippy::needless_pass_by_value, reason = "a dict from Python has no other form")]
    fn new(parent: Option<PyRef<'_, Self>>, pairs: HashMap<Text, Text>, is_scope: bool) -> Self {
        let pairs = pairs.iter().map(|(key, value)| (&*key.0, &*value.0));
        let outer = parent.as_ref().map(|parent| Labels::clone(&parent.pairs));
        let pairs = outer.unwrap_or_default().with(pairs);
        let outer_scope = parent.map_or(0, |parent| parent.ids.scope);
        let (ids, pairs) = registry().enter(pairs, (!is_scope).then_some(outer_scope));
        Self { ids, pairs }
    }

    /// Keys and values.
    #[getter]
    fn pairs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        self.pairs.iter().try_for_each(|(key, value)| dict.set_item(key, value))?;
        Ok(dict)
    }
}

impl LabelSet {
    pub(crate) fn scope(&self) -> u64 {
        self.ids.scope
    }
}

impl Drop for LabelSet {
    fn drop(&mut self) {
        registry().leave(self.ids.number);
    }
}

/// How many sets of labels are known: those in use, and those that a recording may ask for.
#[pyfunction]
pub(crate) fn _labels_known() -> usize {
    registry().len()
}

/// Have the engine read labels from a context variable, of which there can be one.
///
/// Raises:
///     pyflame.exceptions.SignalsUnavailable: When contexts of this interpreter are not
///         understood; the message says why.
#[pyfunction]
pub(crate) fn read_labels(variable: &Bound<'_, PyAny>) -> PyResult<()> {
    static VARIABLE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = variable.py();
    // The engine has its address: it must never be freed.
    let variable = VARIABLE.get_or_init(py, || variable.clone().unbind()).bind(py);
    let few = Trial::new(variable, 0)?;
    let many = Trial::new(variable, MANY)?;
    let place = LabelPlace {
        types: ContextTypes {
            context: address(few.context.get_type().as_any()),
            trie: address(few.trie()?.get_type().as_any()),
            bitmap_node: few.root_type()?,
            array_node: many.root_type()?,
        },
        variable: address(variable),
        hash: variable.hash()? as i64,
        value_type: address(py.get_type::<LabelSet>().as_any()),
        ids_offset: few.ids_offset(),
    };
    let reader = LabelReader::new(place).map_err(|error| of_label(&error))?;
    few.check(reader)?;
    many.check(reader)?;
    reader.use_from_now_on();
    Ok(())
}

/// So many variables that the root of a context's trie has an array: that begins with 16 of the
/// root's 32 places.
const MANY: usize = 400;

/// A context in which the variable has a value, and others have.
struct Trial<'py> {
    context: Bound<'py, PyAny>,
    labels: Bound<'py, LabelSet>,
}

impl<'py> Trial<'py> {
    fn new(variable: &Bound<'py, PyAny>, others: usize) -> PyResult<Self> {
        let py = variable.py();
        let module = py.import("contextvars")?;
        let context = module.call_method0("Context")?;
        let set = |variable: &Bound<'py, PyAny>, value: &Bound<'py, PyAny>| {
            context.call_method1("run", (variable.getattr("set")?, value))
        };
        for number in 0..others {
            let name = format!("pyflame trial {number}");
            set(&module.call_method1("ContextVar", (name,))?, py.None().bind(py))?;
        }
        let labels = Bound::new(py, LabelSet::new(None, HashMap::new(), true))?;
        set(variable, labels.as_any())?;
        Ok(Self { context, labels })
    }

    /// The trie of the context: what it refers to that is no other context.
    fn trie(&self) -> PyResult<Bound<'py, PyAny>> {
        first_referent(&self.context)
    }

    fn root_type(&self) -> PyResult<u64> {
        Ok(address(first_referent(&self.trie()?)?.get_type().as_any()))
    }

    fn ids_offset(&self) -> u64 {
        let ids = std::ptr::from_ref(&self.labels.get().ids).addr() as u64;
        ids - address(self.labels.as_any())
    }

    /// Compares what is read inside the context with what it has.
    fn check(&self, reader: LabelReader) -> PyResult<()> {
        let expected = self.labels.get().ids;
        let compare = move |_: &Bound<'_, _>, _: Option<&Bound<'_, PyDict>>| {
            reader.check(expected).map_err(|error| of_label(&error))
        };
        let compare = PyCFunction::new_closure(self.context.py(), None, None, compare)?;
        self.context.call_method1("run", (compare,)).map(drop)
    }
}

/// The one object that a context without parent, or a trie, refers to.
fn first_referent<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let gc = object.py().import("gc")?;
    let not_understood = |_| PyRuntimeError::new_err("contexts are not understood");
    gc.call_method1("get_referents", (object,))?.get_item(0).map_err(not_understood)
}

fn address(object: &Bound<'_, PyAny>) -> u64 {
    object.as_ptr().addr() as u64
}

fn of_label(error: &LabelError) -> PyErr {
    exceptions::SignalsUnavailable::new_err(error.to_string())
}
