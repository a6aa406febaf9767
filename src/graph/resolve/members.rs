//! Members of things, through all that they inherit from.

use super::scope::Side;
use super::value::{EnvId, FileId, Gathered, Text, Value, Values};
use super::world::Dialect;
use super::{Lineage, Resolver};
use crate::symbols::{Base, Bound, ClassId, Expr, ExprId, Member, NONE, ScopeId};

/// Classes that one may inherit from.
const MAX_BASES: usize = 64;

impl Resolver {
    /// What the member of this name is, of any of the values.
    pub(super) fn members(&mut self, values: &[Value], name: Text) -> Values {
        let mut found = Gathered::default();
        for value in values {
            found.extend(&self.member(*value, name));
        }
        found.finish()
    }

    /// What the member of this name is.
    pub(super) fn member(&mut self, value: Value, name: Text) -> Values {
        self.deeper(|resolver| resolver.any_member(value, name))
    }

    fn any_member(&mut self, value: Value, name: Text) -> Values {
        match value {
            Value::Instance(file, class, env) => {
                self.of_lineage((file, class, env), 0, (name, false))
            }
            Value::Class(file, class) => self.of_lineage((file, class, 0), 0, (name, true)),
            Value::Super(file, class, is_static) => {
                self.of_lineage((file, class, 0), 1, (name, is_static))
            }
            Value::Module(file) => self.of_module(file, name),
            Value::Folder(_) => {
                let found = self.submodule(value, name);
                found.into_iter().collect()
            }
            Value::Namespace(file, scope) => self.of_scope(file, scope, name),
            Value::Literal(file, expr) => self.of_literal(file, expr, name),
            Value::Many(env) | Value::Builtin(_, env) => [Value::BuiltinMethod(name, env)].into(),
            Value::External(_) => [value].into(),
            Value::Global(_) => self.of_global(),
            Value::Function(..) => self.of_function(name),
            Value::Alias(..) | Value::BuiltinMethod(..) | Value::Parameter(_) => self.nothing(),
        }
    }

    /// What the member of this name is as a type.
    pub(super) fn type_member(&mut self, value: Value, name: Text) -> Values {
        let Value::Module(file) = value else {
            return self.member(value, name);
        };
        let mut found = Gathered::default();
        for (origin, bound) in self.origins(file, name, Side::Type) {
            found.extend(&self.type_bound(origin, bound));
        }
        if found.is_empty() {
            return self.member(value, name);
        }
        found.finish()
    }

    /// A member of what the language or the platform brings.
    fn of_global(&mut self) -> Values {
        let package = self.world.text(super::builtins::PACKAGE);
        [Value::External(package)].into()
    }

    /// Functions have what the language gives them.
    fn of_function(&mut self, name: Text) -> Values {
        if matches!(
            self.world.str(name),
            "call" | "apply" | "bind" | "toString" | "getter" | "setter" | "deleter"
        ) {
            let package = self.world.text(super::builtins::PACKAGE);
            return [Value::External(package)].into();
        }
        self.nothing()
    }

    fn of_module(&mut self, file: FileId, name: Text) -> Values {
        let mut found = Gathered::default();
        for (origin, bound) in self.origins(file, name, Side::Value) {
            found.extend(&self.bound(origin, bound));
        }
        if found.is_empty()
            && self.world.file(file).dialect == Dialect::Python
            && let Some(module) = self.submodule(Value::Module(file), name)
        {
            found.add(module);
        }
        found.finish()
    }

    fn of_scope(&mut self, file: FileId, scope: ScopeId, name: Text) -> Values {
        let found = self.world.file(file);
        let Some(name) = found.name(name) else {
            return self.nothing();
        };
        let bounds: Vec<Bound> = found.bindings(scope, name).iter().map(|b| b.to).collect();
        let mut values = Gathered::default();
        for bound in bounds {
            values.extend(&self.bound(file, bound));
        }
        values.finish()
    }

    fn of_literal(&mut self, file: FileId, expr: ExprId, name: Text) -> Values {
        let Expr::Object(pairs) = self.world.file(file).expr(expr).clone() else {
            return [Value::BuiltinMethod(name, 0)].into();
        };
        let is_python = self.world.file(file).dialect == Dialect::Python;
        let mut values = Gathered::default();
        for (key, value) in pairs {
            if !is_python && self.world.file(file).text(key) == name {
                values.extend(&self.expr(file, value));
            }
        }
        if is_python {
            values.add(Value::BuiltinMethod(name, 0));
        }
        values.finish()
    }

    /// The first class that has the member, `skipped` of them left out.
    fn of_lineage(
        &mut self,
        (file, class, env): (FileId, ClassId, EnvId),
        skipped: usize,
        (name, is_static): (Text, bool),
    ) -> Values {
        let lineage = self.lineage(file, class);
        for (base_file, base, base_env) in lineage.iter().skip(skipped).copied() {
            let base_env = if base == class && base_file == file {
                env
            } else {
                self.narrowed(base_env, env)
            };
            if let Some(found) = self.own_member((base_file, base, base_env), (name, is_static)) {
                return found;
            }
        }
        self.foreign_member(&lineage, name)
    }

    /// What an outside base has cannot be known, only that it is outside.
    fn foreign_member(&mut self, lineage: &Lineage, name: Text) -> Values {
        // All that Python's `object` has is of this form.
        let is_special = self.world.str(name).starts_with("__");
        let builtins = Value::External(self.world.text(super::builtins::PACKAGE));
        let mut values = Gathered::default();
        for (file, class, _) in lineage.iter().copied() {
            let bases = self.world.file(file).class(class).bases.clone();
            for base in bases {
                let given = self.base_values(file, base);
                for value in given.iter() {
                    match value {
                        Value::External(_) => values.add(*value),
                        Value::Global(base) if is_special || self.world.str(*base) != "object" => {
                            values.add(builtins);
                        }
                        _ => {}
                    }
                }
            }
        }
        values.finish()
    }

    fn own_member(
        &mut self,
        (file, class, env): (FileId, ClassId, EnvId),
        (name, is_static): (Text, bool),
    ) -> Option<Values> {
        let found = self.world.file(file);
        let name = found.name(name)?;
        let is_python = found.dialect == Dialect::Python;
        let members: Vec<Member> = found
            .class(class)
            .members
            .iter()
            .filter(|m| m.name == name && (is_python || m.is_static == is_static))
            .copied()
            .collect();
        if members.is_empty() {
            return None;
        }
        let mut values = Gathered::default();
        for member in that_count(&members) {
            values.extend(&self.member_value((file, env), member, is_static));
        }
        Some(values.finish())
    }

    fn member_value(
        &mut self,
        (file, env): (FileId, EnvId),
        bound: Bound,
        is_static: bool,
    ) -> Values {
        match bound {
            Bound::Function(function) => {
                let traits = self.world.file(file).function(function).traits;
                let is_read = traits.is_getter && !is_static;
                if is_read {
                    return self.result_of(Value::Function(file, function, env));
                }
                let decorated = self.bound(file, bound);
                self.substituted(&decorated, env)
            }
            Bound::Value(stated, value) => {
                let found = self.stated(file, stated, env);
                if !found.is_empty() {
                    return found;
                }
                let found = self.expr(file, value);
                self.substituted(&found, env)
            }
            bound => self.bound(file, bound),
        }
    }

    /// The class and all that it builds on, in the order in which members are
    /// looked for.
    pub(super) fn lineage(&mut self, file: FileId, class: ClassId) -> Lineage {
        if let Some(known) = self.lineages.get(&(file, class)) {
            return Lineage::clone(known);
        }
        self.lineages
            .insert((file, class), [(file, class, 0)].into());
        let bases = self.bases(file, class, false);
        let mut lines: Vec<Vec<(FileId, ClassId, EnvId)>> = Vec::new();
        for (base_file, base, env) in &bases {
            let line = self.lineage(*base_file, *base);
            let line = line.iter().map(|(f, c, e)| {
                let is_base = (f, c) == (base_file, base);
                (
                    *f,
                    *c,
                    if is_base {
                        *env
                    } else {
                        self.narrowed(*e, *env)
                    },
                )
            });
            lines.push(line.collect());
        }
        lines.push(bases);
        let mut lineage = vec![(file, class, 0)];
        lineage.extend(merged(lines));
        lineage.truncate(MAX_BASES);
        let lineage: Lineage = lineage.into();
        self.lineages
            .insert((file, class), Lineage::clone(&lineage));
        lineage
    }

    /// The classes that a class names as what it builds on.
    fn bases(
        &mut self,
        file: FileId,
        class: ClassId,
        is_implemented: bool,
    ) -> Vec<(FileId, ClassId, EnvId)> {
        let bases = self.world.file(file).class(class).bases.clone();
        let mut found = Vec::new();
        for base in bases {
            if base.is_implemented != is_implemented {
                continue;
            }
            for value in self.base_values(file, base).iter() {
                if let Value::Instance(base_file, base, env) = *value
                    && (base_file, base) != (file, class)
                {
                    found.push((base_file, base, env));
                }
            }
        }
        found
    }

    /// What a base is: an instance of it, or something outside.
    pub(super) fn base_values(&mut self, file: FileId, base: Base) -> Values {
        let stated = self.stated(file, base.of_type, 0);
        if stated
            .iter()
            .any(|value| matches!(value, Value::Instance(..)))
        {
            return stated;
        }
        let mut values = Gathered::default();
        for value in self.expr(file, base.expr).iter() {
            match *value {
                Value::Class(of, class) => values.add(Value::Instance(of, class, 0)),
                Value::Instance(..) => {}
                value => values.add(value),
            }
        }
        if values.is_empty() {
            stated
        } else {
            values.finish()
        }
    }
}

/// Of several declarations of a member those that may hold: the last function,
/// what states its type, else every value.
fn that_count(members: &[Member]) -> Vec<Bound> {
    let states = |m: &&Member| matches!(m.is, Bound::Value(stated, _) if stated != NONE);
    if let Some(stated) = members.iter().find(states) {
        return vec![stated.is];
    }
    let last = members
        .iter()
        .rev()
        .find(|m| matches!(m.is, Bound::Function(_)));
    let values = members
        .iter()
        .filter(|m| !matches!(m.is, Bound::Function(_)));
    last.into_iter().chain(values).map(|m| m.is).collect()
}

/// C3, as Python merges the lines of bases; what cannot be merged is taken in
/// the order in which it is met.
fn merged(mut lines: Vec<Vec<(FileId, ClassId, EnvId)>>) -> Vec<(FileId, ClassId, EnvId)> {
    let same =
        |a: &(FileId, ClassId, EnvId), b: &(FileId, ClassId, EnvId)| (a.0, a.1) == (b.0, b.1);
    let mut merged = Vec::new();
    loop {
        lines.retain(|line| !line.is_empty());
        let Some(first) = lines.first().map(|line| line[0]) else {
            return merged;
        };
        let is_free = |head: &(FileId, ClassId, EnvId)| {
            !lines
                .iter()
                .any(|line| line[1..].iter().any(|other| same(other, head)))
        };
        let next = lines
            .iter()
            .map(|line| line[0])
            .find(is_free)
            .unwrap_or(first);
        for line in &mut lines {
            line.retain(|other| !same(other, &next));
        }
        merged.push(next);
    }
}
