//! What an expression may give, as far as it matters to who calls whom.

use std::collections::HashMap;
use std::rc::Rc;

use crate::symbols::{AliasId, ClassId, ExprId, FunctionId, ScopeId};

/// A file, by its number in path order.
pub(super) type FileId = u32;

/// A text of the whole repository.
pub type Text = u32;

/// What type parameters stand for, as index into [`Bindings`]; 0 is none.
pub(super) type EnvId = u32;

/// One thing that an expression may give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Value {
    /// A function or method, with what the type parameters around it are.
    Function(FileId, FunctionId, EnvId),
    /// A class itself.
    Class(FileId, ClassId),
    /// An instance of a class, or something of an interface or object type.
    Instance(FileId, ClassId, EnvId),
    /// What `super` is in a class: of instances, or of the class itself.
    Super(FileId, ClassId, bool),
    /// A name for a type.
    Alias(FileId, AliasId),
    /// A file as an object.
    Module(FileId),
    /// A folder of Python modules, by its path.
    Folder(Text),
    /// A named scope.
    Namespace(FileId, ScopeId),
    /// A literal object, dictionary or list.
    Literal(FileId, ExprId),
    /// Several of what the environment's only entry says.
    Many(EnvId),
    /// Something of a type that the language brings.
    Builtin(Text, EnvId),
    /// A method of something that the language brings, with its type arguments.
    BuiltinMethod(Text, EnvId),
    /// A name that nothing in the file binds.
    Global(Text),
    /// Something of a package outside the repository.
    External(Text),
    /// A type parameter.
    Parameter(TypeParameter),
}

/// A type parameter: its file, the scope that has it, its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TypeParameter {
    pub file: FileId,
    pub scope: ScopeId,
    pub name: Text,
}

/// Several values, each once.
pub(super) type Values = Rc<[Value]>;

/// What type parameters stand for.
pub(super) type Env = Vec<(TypeParameter, Values)>;

/// How deep environments may hold environments: types of types of types.
const MAX_NESTING: u8 = 3;

/// Every environment, each once.
#[derive(Debug)]
pub(super) struct Bindings {
    envs: Vec<(Rc<Env>, u8)>,
    known: HashMap<Rc<Env>, EnvId>,
}

impl Bindings {
    pub fn new() -> Self {
        let none = Rc::new(Env::new());
        Self {
            envs: vec![(Rc::clone(&none), 0)],
            known: HashMap::from([(none, 0)]),
        }
    }

    /// The number of `env`; 0 for one that nests too deep.
    pub fn intern(&mut self, mut env: Env) -> EnvId {
        env.sort();
        env.dedup_by_key(|(parameter, _)| *parameter);
        if let Some(id) = self.known.get(&env) {
            return *id;
        }
        let nesting = env.iter().flat_map(|(_, values)| values.iter());
        let deepest = nesting.map(|value| self.nesting(*value)).max().unwrap_or(0);
        if deepest >= MAX_NESTING {
            return 0;
        }
        let id = u32::try_from(self.envs.len()).unwrap_or(0);
        let env = Rc::new(env);
        self.envs.push((Rc::clone(&env), deepest + 1));
        self.known.insert(env, id);
        id
    }

    pub fn get(&self, id: EnvId) -> &Rc<Env> {
        &self.envs[id as usize].0
    }

    /// What the entry of this number stands for.
    pub fn nth(&self, id: EnvId, number: usize) -> Option<Values> {
        let entry = self.get(id).get(number);
        entry.map(|(_, values)| Rc::clone(values))
    }

    fn nesting(&self, value: Value) -> u8 {
        let env = match value {
            Value::Function(_, _, env)
            | Value::Instance(_, _, env)
            | Value::Many(env)
            | Value::Builtin(_, env)
            | Value::BuiltinMethod(_, env) => env,
            _ => 0,
        };
        self.envs[env as usize].1
    }
}

/// A type parameter of something that has no declaration: the item of a list.
pub(super) fn nameless(number: u32) -> TypeParameter {
    TypeParameter {
        file: u32::MAX,
        scope: number,
        name: 0,
    }
}

/// Gathers values, each once, and no more than are of use.
#[derive(Debug, Default)]
pub(super) struct Gathered(Vec<Value>);

/// What has more possibilities than this is not known at all.
const MAX_VALUES: usize = 24;

impl Gathered {
    pub fn add(&mut self, value: Value) {
        if !self.0.contains(&value) && self.0.len() < MAX_VALUES {
            self.0.push(value);
        }
    }

    pub fn extend(&mut self, values: &[Value]) {
        for value in values {
            self.add(*value);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn finish(self) -> Values {
        self.0.into()
    }
}
