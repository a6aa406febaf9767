//! How what a reference names was found, in one word.

use super::Resolver;
use super::imports::Target;
use super::resolution::{End, How};
use super::scope::Side;
use super::value::{FileId, Value};
use super::world::Dialect;
use crate::symbols::{Bound, Expr, ExprId, NONE, Type};

impl Resolver {
    /// How the target of a callee was found.
    pub(super) fn how(&mut self, file: FileId, callee: ExprId, target: End) -> How {
        match self.world.file(file).expr(callee).clone() {
            Expr::Name(name, scope, at) => {
                let bounds = self.look_up(file, (name, scope), at);
                bounds
                    .iter()
                    .map(|bound| self.how_bound(file, *bound, target))
                    .min()
                    .unwrap_or(How::Import)
            }
            Expr::This(_) | Expr::Super(_) => How::Itself,
            Expr::Member(object, _) => self.how_member(file, object),
            Expr::Function(_) | Expr::Class(_) => How::Local,
            _ => How::Flow,
        }
    }

    /// Whether the first parameter of a function is what it is called on.
    fn is_receiver(&self, id: FileId, function: u32) -> bool {
        let file = self.world.file(id);
        let function = file.function(function);
        let takes_one = function.class.is_some() && !function.traits.is_static;
        takes_one && file.dialect == Dialect::Python
    }

    fn how_bound(&self, file: FileId, bound: Bound, target: End) -> How {
        match bound {
            Bound::Function(_) | Bound::Class(_) | Bound::Alias(_) if target.file == file => {
                How::Local
            }
            Bound::Parameter(function, 0) if self.is_receiver(file, function) => How::Itself,
            Bound::Import(import) => {
                let origins = self.import_origins(file, import, Side::Value);
                let is_plain = |(origin, bound): &(FileId, Bound)| match *bound {
                    Bound::Function(_) | Bound::Class(_) | Bound::Alias(_) => true,
                    Bound::Value(NONE, value) => matches!(
                        self.world.file(*origin).expr(value),
                        Expr::Function(_) | Expr::Class(_)
                    ),
                    _ => false,
                };
                match origins.first() {
                    Some(origin) if !is_plain(origin) => How::Flow,
                    Some((origin, _)) => match self.world.file(file).target(import) {
                        Target::File(direct) if direct == *origin => How::Import,
                        _ => How::ReExport,
                    },
                    None => How::Import,
                }
            }
            _ => How::Flow,
        }
    }

    fn how_member(&mut self, id: FileId, object: ExprId) -> How {
        let file = self.world.file(id);
        match *file.expr(object) {
            Expr::This(_) | Expr::Super(_) => return How::Itself,
            Expr::Name(name, scope, at) => {
                let bounds = self.look_up(id, (name, scope), at);
                let is_receiver = |bound: &Bound| match *bound {
                    Bound::Parameter(function, 0) => self.is_receiver(id, function),
                    _ => false,
                };
                if bounds.iter().any(is_receiver) {
                    return How::Itself;
                }
            }
            _ => {}
        }
        let objects = self.expr(id, object);
        match objects.first() {
            Some(Value::Module(_) | Value::Folder(_) | Value::Namespace(..)) => How::Namespace,
            Some(Value::Class(..)) => How::Static,
            _ => How::Typed,
        }
    }

    pub(super) fn how_named(&mut self, file: FileId, expr: ExprId, stated: u32) -> How {
        let here = End::file(file);
        if expr != NONE {
            return self.how(file, expr, here);
        }
        let found = self.world.file(file);
        let Type::Named {
            name,
            ref members,
            scope,
            ..
        } = *found.stated(stated)
        else {
            return How::Typed;
        };
        let is_member = !members.is_empty();
        let bounds = self.look_up(file, (name, scope), u32::MAX);
        let how = bounds
            .first()
            .map(|bound| self.how_bound(file, *bound, here));
        if is_member {
            How::Namespace
        } else {
            how.unwrap_or(How::Local)
        }
    }
}
