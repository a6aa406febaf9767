//! From what each file says to who calls whom: set-wise over a whole
//! repository, in memory, without a database.
//!
//! [`resolve`] looks up every import ([`imports`]), then asks for every call
//! what its callee may be: along the scopes ([`scope`]), through the values
//! that expressions give ([`expressions`]), the types that are stated
//! ([`types`]) and the members that classes inherit ([`members`]). What cannot
//! be told stays open; nothing is guessed. The result depends on the files
//! alone, never on what was known before.

mod answers;
mod builtins;
mod calls;
mod edges;
mod ends;
mod expressions;
mod flows;
mod how;
mod imports;
mod infer;
mod members;
mod resolution;
mod scope;
mod shelf;
mod texts;
mod types;
mod value;
mod world;

use std::collections::{HashMap, HashSet};
use std::path::Path;

use self::answers::Answers;
use self::imports::python::Python;
use self::value::{Bindings, FileId, Gathered, Values};
use self::world::World;
use super::packages::Packages;
use crate::symbols::{ClassId, FunctionId};

pub use self::resolution::{End, How, Named, OpenReference, Relation, Resolution, SiteOf, Tie};
pub use self::texts::Texts;
pub use self::world::SymbolFile;

/// How deep one question may lead to others.
const MAX_DEPTH: u32 = 60;

/// Rounds in which what is given to a function becomes known inside it.
const ROUNDS: usize = 2;

/// Resolves what the files, in path order, say of each other.
///
/// # Errors
/// The first that `files` gives.
pub fn resolve<E>(
    files: impl IntoIterator<Item = Result<SymbolFile, E>>,
    root: &Path,
    packages: &Packages,
) -> Result<Resolution, E> {
    let mut world = World::new(files)?;
    let python = imports::resolve(&mut world, root, packages);
    let mut resolver = Resolver::new(world, python);
    for _ in 1..ROUNDS {
        resolver.note_flows();
        resolver.forget();
    }
    Ok(edges::collect(resolver))
}

/// A class and what its bases are made of: file, class, environment.
type Lineage = std::rc::Rc<[(FileId, ClassId, value::EnvId)]>;

/// Answers what things are, each question once.
struct Resolver {
    world: World,
    python: Python,
    bindings: Bindings,
    /// What the parameters of functions were given where they are called.
    flows: HashMap<(FileId, FunctionId, u32), Values>,
    exprs: Answers,
    parameters: HashMap<(FileId, FunctionId, u32), Values>,
    lineages: HashMap<(FileId, ClassId), Lineage>,
    /// Functions whose result is being asked for.
    asked: HashSet<(FileId, FunctionId, value::EnvId)>,
    depth: u32,
    none: Values,
}

impl Resolver {
    fn new(world: World, python: Python) -> Self {
        Self {
            exprs: Answers::new(world.expressions()),
            world,
            python,
            bindings: Bindings::new(),
            flows: HashMap::new(),
            parameters: HashMap::new(),
            lineages: HashMap::new(),
            asked: HashSet::new(),
            depth: 0,
            none: Gathered::default().finish(),
        }
    }

    /// Forgets the answers, not what flows.
    fn forget(&mut self) {
        self.exprs.forget();
        self.parameters = HashMap::new();
        self.lineages = HashMap::new();
    }

    fn nothing(&self) -> Values {
        Values::clone(&self.none)
    }

    /// Asks a further question, unless too many are open.
    fn deeper(&mut self, ask: impl FnOnce(&mut Self) -> Values) -> Values {
        if self.depth >= MAX_DEPTH {
            return self.nothing();
        }
        self.depth += 1;
        let found = ask(self);
        self.depth -= 1;
        found
    }
}
