//! From answers to the ties of the graph, and what stays open.

use std::ops::Range;

use super::ends::{base_targets, definition_of, source_of};
use super::imports::Target;
use super::resolution::{End, How, Named, OpenReference, Relation, Resolution, SiteOf, Tie};
use super::scope::Side;
use super::value::{FileId, Text, Value, Values};
use super::world::{Dialect, File};
use super::{Resolver, builtins};
use crate::symbols::{At, Base, Call, CallKind, Definition, Imported, NONE};

/// Asks about everything that the files refer to.
pub(super) fn collect(mut resolver: Resolver) -> Resolution {
    let mut collector = Collector::default();
    for file in resolver.world.ids() {
        collector.imports(&mut resolver, file);
        collector.bases(&mut resolver, file);
        let calls = resolver.world.file(file).symbols().calls.len();
        for number in 0..calls {
            let number = u32::try_from(number).unwrap_or(NONE);
            let call = resolver.world.file(file).call(number).clone();
            collector.call(&mut resolver, file, &call);
        }
        collector.end_file(&resolver.world.file(file));
    }
    Resolution {
        texts: resolver.world.into_texts(),
        ..collector.found
    }
}

#[derive(Default)]
struct Collector {
    /// Of the files that are done.
    found: Resolution,
    /// Places in the file at hand.
    places: Vec<(End, End, Relation, SiteOf)>,
    /// What in it ties to nothing.
    open: Vec<OpenReference>,
}

impl Collector {
    /// A tie starts in one file, so that each file's are whole by themselves.
    fn end_file(&mut self, file: &File) {
        self.places.sort();
        self.places.dedup();
        let ties = self
            .places
            .chunk_by(|one, other| (one.0, one.1, one.2) == (other.0, other.1, other.2));
        for places in ties {
            let (source, target, relation, _) = places[0];
            self.found.ties.push(Tie {
                source,
                target,
                relation,
                sites: appended(&mut self.found.sites, places.iter().map(|place| place.3)),
            });
        }
        self.places.clear();
        self.open.sort();
        let open = appended(&mut self.found.open, self.open.drain(..));
        self.found.files.push(named(file, open));
    }

    fn tie(&mut self, (source, target): (End, End), relation: Relation, site: SiteOf) {
        self.places.push((source, target, relation, site));
    }

    fn open(&mut self, reference: OpenReference) {
        self.open.push(reference);
    }

    fn call(&mut self, resolver: &mut Resolver, file: FileId, call: &Call) {
        let source = source_of(resolver, file, call.scope);
        let values = resolver.expr(file, call.callee);
        let mut targets = Vec::new();
        for value in values.iter() {
            // What is raised and no class was made elsewhere.
            if call.kind == CallKind::Raise && !matches!(value, Value::Class(..)) {
                continue;
            }
            for target in resolver.run_definitions(*value) {
                if !targets.contains(&target) {
                    targets.push(target);
                }
            }
        }
        let name = resolver.world.file(file).text(call.text);
        if targets.is_empty() {
            if matches!(call.kind, CallKind::Raise | CallKind::Implied) {
                return;
            }
            let package = package_of(resolver, &values);
            return self.open(OpenReference {
                at: call.at,
                source: source.definition,
                relation: Relation::Calls,
                name,
                package,
            });
        }
        let name = last_name(resolver.world.str(name)).to_owned();
        let name = resolver.world.text(&name);
        for (target, constructs) in targets {
            let how = resolver.how(file, call.callee, target);
            let site = SiteOf {
                constructs,
                ..site(call.at, how, name)
            };
            self.tie((source, target), Relation::Calls, site);
        }
    }

    fn bases(&mut self, resolver: &mut Resolver, file: FileId) {
        let classes = resolver.world.file(file).symbols().classes.clone();
        for class in &classes {
            let Some(definition) = class.definition else {
                continue;
            };
            let source = End::definition(file, definition);
            for base in &class.bases {
                let relation = if base.is_implemented {
                    Relation::Implements
                } else {
                    Relation::Extends
                };
                let values = resolver.heirs_base(file, *base);
                let name = resolver.world.file(file).text(base.text);
                let targets = base_targets(resolver, &values);
                let how = resolver.how_named(file, base.expr, base.of_type);
                for target in &targets {
                    let site = site(base.at, how, name);
                    self.tie((source, *target), relation, site);
                }
                if targets.is_empty() {
                    let package = package_of(resolver, &values);
                    let reference = OpenReference {
                        at: base.at,
                        source: Some(definition),
                        relation,
                        name,
                        package,
                    };
                    self.open(reference);
                }
            }
        }
    }

    fn imports(&mut self, resolver: &mut Resolver, file: FileId) {
        let count = resolver.world.file(file).symbols().imports.len();
        for number in 0..count {
            let number = u32::try_from(number).unwrap_or(NONE);
            self.import(resolver, file, number);
        }
    }

    fn import(&mut self, resolver: &mut Resolver, file: FileId, number: u32) {
        let here = End::file(file);
        let found = resolver.world.file(file);
        let import = found.import(number).clone();
        let spec = found.text(import.source);
        let mut site = SiteOf {
            source: spec,
            is_type: import.is_type,
            ..site(import.at, How::Import, 0)
        };
        let (module, is_module) = resolver.imported_file(file, number);
        let re_exports = import.is_re_export || resolver.passes_on(file, number);
        match module {
            Target::File(target) => {
                let target = End::file(target);
                if re_exports {
                    self.tie((here, target), Relation::ReExports, site);
                }
                if target != here {
                    self.tie((here, target), Relation::Imports, site);
                }
            }
            Target::External(package) => {
                self.open(open_import(import.at, spec, Some(package)));
            }
            Target::Folder(_) => {}
            Target::Missing => self.open(open_import(import.at, spec, None)),
        }
        if let (Imported::Name(symbol), false) = (import.what, is_module) {
            site.name = resolver.world.file(file).text(symbol);
            site.at = import.name_at;
            let meaning = if import.is_type {
                Side::Type
            } else {
                Side::Value
            };
            for (origin, bound) in resolver.import_origins(file, number, meaning) {
                let Some(target) = definition_of(resolver, origin, bound) else {
                    continue;
                };
                let is_direct = module == Target::File(origin);
                site.how = if is_direct {
                    How::Import
                } else {
                    How::ReExport
                };
                self.tie((here, target), Relation::Imports, site);
                if re_exports {
                    self.tie((here, target), Relation::ReExports, site);
                }
            }
        }
    }
}

impl Resolver {
    /// What a class or interface names as its base.
    fn heirs_base(&mut self, file: FileId, base: Base) -> Values {
        if base.expr != NONE {
            return self.base_values(file, base);
        }
        self.entities(file, base.of_type)
    }

    /// The file that an import ties to, and whether the name that is imported
    /// is that file itself.
    fn imported_file(&mut self, file: FileId, number: u32) -> (Target, bool) {
        let found = self.world.file(file);
        let target = found.target(number);
        let Imported::Name(name) = found.import(number).what else {
            return (target, false);
        };
        if found.dialect != Dialect::Python {
            return (target, false);
        }
        let name = found.text(name);
        let part = match target {
            Target::File(package) => self.submodule(Value::Module(package), name),
            Target::Folder(folder) => self.submodule(Value::Folder(folder), name),
            _ => None,
        };
        match part {
            Some(Value::Module(module)) if module != file => (Target::File(module), true),
            Some(_) => (target, true),
            None => (target, false),
        }
    }

    /// A package of Python passes on what it imports from inside itself.
    fn passes_on(&self, file: FileId, number: u32) -> bool {
        let found = self.world.file(file);
        let Some(folder) = found.path.strip_suffix("__init__.py") else {
            return false;
        };
        let import = found.import(number);
        matches!(import.what, Imported::Name(_) | Imported::All)
            && matches!(found.target(number), Target::File(target)
                if self.world.path(target).starts_with(folder) && target != file)
    }
}

/// Where in the list the new ones lie.
fn appended<T>(list: &mut Vec<T>, new: impl Iterator<Item = T>) -> Range<u32> {
    let place = |list: &Vec<T>| u32::try_from(list.len()).unwrap_or(u32::MAX);
    let start = place(list);
    list.extend(new);
    start..place(list)
}

fn named(file: &File, open: Range<u32>) -> Named {
    let definitions = file.symbols().definitions.iter();
    let names = |d: &Definition| (file.text(d.kind), file.text(d.qualname), d.ordinal);
    Named {
        definitions: definitions.map(names).collect(),
        path: file.path.to_string(),
        open,
    }
}

/// The package of what is outside; none if something is not known at all.
fn package_of(resolver: &mut Resolver, values: &[Value]) -> Option<Text> {
    let builtins = resolver.world.text(builtins::PACKAGE);
    values.iter().find_map(|value| match value {
        Value::External(package) => Some(*package),
        Value::Global(_) | Value::Builtin(..) | Value::BuiltinMethod(..) | Value::Many(_) => {
            Some(builtins)
        }
        _ => None,
    })
}

fn site(at: At, how: How, name: Text) -> SiteOf {
    SiteOf {
        at,
        how,
        name,
        source: 0,
        is_type: false,
        constructs: None,
    }
}

fn open_import(at: At, name: Text, package: Option<Text>) -> OpenReference {
    OpenReference {
        at,
        source: None,
        relation: Relation::Imports,
        name,
        package,
    }
}

/// `c` of `a.b.c`.
fn last_name(text: &str) -> &str {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$' || c == '#';
    let end = text.trim_end();
    let start = end.rfind(|c| !is_part(c)).map_or(0, |at| at + 1);
    if start < end.len() {
        &end[start..]
    } else {
        text
    }
}
