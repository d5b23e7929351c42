//! Names as small numbers.
//!
//! Models compare and store names constantly, so names are represented by numbers. A
//! [`Names`] table assigns them in order of first appearance. The same table converts
//! them back to text for results and messages.

use std::collections::HashMap;
use std::marker::PhantomData;

/// Stands for all calls where results name an entity; so no entity may have this name.
pub const ALL: &str = "all";

/// A number for a name of one kind.
pub trait Id: Copy {
    /// The identifier with this number.
    fn from_index(index: u32) -> Self;
    /// The number of this identifier.
    fn index(self) -> usize;
}

macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl Id for $name {
            fn from_index(index: u32) -> Self {
                Self(index)
            }

            fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id! {
    /// A function (what the original calls a lambda).
    FunctionId
}
id! {
    /// Something that calls can be sent to: a computer or a broker. In the live
    /// system its name is an endpoint `host:port`, in a simulation the name of
    /// the entity.
    EndpointId
}

id! {
    /// A node of the network, on which entities stand.
    NodeId
}

/// A table of names of one sort.
///
/// ```
/// use soe_model::names::{FunctionId, Names};
///
/// let mut functions = Names::<FunctionId>::default();
/// let resize = functions.intern("resize");
/// assert_eq!(functions.intern("resize"), resize);
/// assert_eq!(functions.name(resize), "resize");
/// assert_eq!(functions.find("detect"), None);
/// ```
#[derive(Clone, Debug)]
pub struct Names<I> {
    names: Vec<String>,
    // Only ever looked up, never iterated: its order cannot leak into results.
    numbers: HashMap<String, u32>,
    sort: PhantomData<I>,
}

impl<I> Default for Names<I> {
    fn default() -> Self {
        Self {
            names: Vec::new(),
            numbers: HashMap::new(),
            sort: PhantomData,
        }
    }
}

impl<I: Id> Names<I> {
    /// The identifier of `name`, a new one if it has none yet.
    pub fn intern(&mut self, name: &str) -> I {
        if let Some(&number) = self.numbers.get(name) {
            return I::from_index(number);
        }
        let number = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        I::from_index(number)
    }

    /// The identifier of `name`, if it has one.
    pub fn find(&self, name: &str) -> Option<I> {
        self.numbers.get(name).map(|&number| I::from_index(number))
    }

    /// The name behind `id`, which must come from this table.
    pub fn name(&self, id: I) -> &str {
        &self.names[id.index()]
    }

    /// How many names there are; identifiers are numbered from 0.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no name yet.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// All names, by identifier.
    pub fn iter(&self) -> impl Iterator<Item = (I, &str)> {
        (0..)
            .zip(&self.names)
            .map(|(number, name)| (I::from_index(number), name.as_str()))
    }
}
