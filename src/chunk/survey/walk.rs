//! The walk itself: a loop over a cursor. Sources nest thousands deep, and a
//! recursive walk would end with the stack.

use tree_sitter::{Node, Tree};

use super::super::bounds::{MAX_DEFINITIONS, MAX_NESTING, MAX_QUALNAME_BYTES};
use super::super::nest::{self, Found};
use super::{Around, Call, Constant, Facts, NO_BORDER, Survey, Tools};
use crate::language::{Ancestors, Declared, Heading, Role, Tag};
use crate::source::ByteSpan;

/// What the walk remembers of each node above it.
#[derive(Clone, Copy, Default)]
struct State {
    role: Role,
    around: Around,
    nesting: u32,
    /// The definition that this node opened.
    opens: Option<usize>,
    /// Logical operator of this node, and of its left operand.
    operator: Option<u8>,
    left_operator: Option<u8>,
    lead: Option<Lead>,
}

/// Comments and decorators that stand before the next node of a level.
#[derive(Clone, Copy)]
struct Lead {
    doc: Option<usize>,
    decorators: Option<usize>,
    end: usize,
}

pub(super) struct Walk<'s, 'c, 't> {
    tools: Tools<'s, 'c>,
    frames: Vec<Node<'t>>,
    states: Vec<State>,
    /// Indices of the open definitions and how many frames reach each.
    open: Vec<(usize, usize)>,
    last_line: usize,
    has_error: bool,
    survey: Survey<'s>,
}

impl<'s, 'c, 't> Walk<'s, 'c, 't> {
    pub(super) fn new(tree: &Tree, tools: &'c mut Tools<'s, '_>) -> Self {
        let root = tree.root_node();
        Self {
            frames: Vec::new(),
            states: Vec::new(),
            open: Vec::new(),
            last_line: usize::MAX,
            has_error: root.has_error(),
            survey: Survey {
                module_doc: (tools.language.rules().inner_doc)(root),
                depths: vec![NO_BORDER; tools.line_count],
                ..Survey::nothing()
            },
            tools: Tools {
                text: tools.text,
                line_count: tools.line_count,
                language: tools.language,
                tags: tools.tags,
                cursor: tools.cursor,
            },
        }
    }

    pub(super) fn run(mut self, tree: &'t Tree) -> Survey<'s> {
        let mut cursor = tree.walk();
        loop {
            let node = cursor.node();
            let (state, descend) = self.enter(node);
            if descend && cursor.goto_first_child() {
                self.frames.push(node);
                self.states.push(state);
                continue;
            }
            self.close(state);
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return self.survey;
                }
                self.leave();
            }
        }
    }

    fn leave(&mut self) {
        self.frames.pop();
        if let Some(state) = self.states.pop() {
            self.close(state);
        }
    }

    fn close(&mut self, state: State) {
        if state.opens.is_some() {
            self.open.pop();
        }
        if let Some(parent) = self.states.last_mut() {
            parent.left_operator = state.operator;
        }
    }

    /// Looks at one node; the answer is its state and whether to go into it.
    fn enter(&mut self, node: Node<'t>) -> (State, bool) {
        self.note_line(node);
        let kind = self.tools.tags.kind(node.kind_id());
        let above = self.states.last().copied().unwrap_or_default();
        let mut state = State {
            role: kind.role,
            around: above.around,
            nesting: above.nesting,
            ..State::default()
        };
        if kind.heads && !self.head(node, &mut state) {
            return (state, true);
        }
        let descend = self.act(node, above, &mut state);
        if self.has_error && node.is_missing() {
            self.note_error(node);
        }
        (state, descend)
    }

    fn note_line(&mut self, node: Node) {
        let line = node.start_position().row;
        if line != self.last_line {
            self.last_line = line;
            // The first node to begin on a line is the outermost of them.
            if let Some(depth) = self.survey.depths.get_mut(line) {
                let deep = u16::try_from(self.frames.len()).unwrap_or(NO_BORDER - 1);
                *depth = (*depth).min(deep);
            }
        }
    }

    fn note_error(&mut self, node: Node) {
        let line = node.start_position().row;
        self.survey.omissions.errors += 1;
        self.survey.omissions.first_error.get_or_insert(line);
    }

    fn facts(&mut self) -> &mut Facts<'s> {
        match self.open.last() {
            Some((index, _)) => &mut self.survey.definitions[*index].facts,
            None => &mut self.survey.module,
        }
    }

    /// Asks the query about `node`; false if it opened a definition.
    fn head(&mut self, node: Node<'t>, state: &mut State) -> bool {
        let text = self.tools.text;
        let Some(heading) = self.tools.tags.ask(self.tools.cursor, node, text) else {
            return true;
        };
        match heading.tag {
            Tag::Call { constructs } => self.call(&heading, constructs, state.around),
            Tag::Definition(_) => {
                if let Some(index) = self.define(&heading) {
                    state.opens = Some(index);
                    state.around = Around::default();
                    state.nesting = 0;
                    self.open.push((index, self.frames.len() + 1));
                    return false;
                }
            }
        }
        true
    }

    fn call(&mut self, heading: &Heading, constructs: bool, around: Around) {
        let text = self.tools.text;
        let Some(name) = heading.name else {
            return;
        };
        let callee = (self.tools.language.rules().callee)(name, text, constructs);
        if callee.is_empty() {
            return;
        }
        let arguments = heading.node.child_by_field_name("arguments");
        let arguments = arguments.map_or(0, |list| match list.kind() {
            "arguments" | "argument_list" => list.named_child_count(),
            _ => 1,
        });
        let at = heading.node.start_byte();
        self.facts().calls.push(Call {
            callee,
            at,
            arguments,
            constructs,
            around,
        });
    }

    fn define(&mut self, heading: &Heading<'t>) -> Option<usize> {
        let above = Ancestors {
            frames: &self.frames,
            enclosing: self.open.last().map_or(0, |(_, frames)| *frames),
            text: self.tools.text,
        };
        let rules = self.tools.language.rules();
        // A name that the grammar had to imagine is empty.
        let site = (rules.place)(heading, &above).filter(|site| !site.name.is_empty())?;
        let parent = self.open.last().map(|(index, _)| *index);
        let qualname = nest::qualname(parent.map(|index| &self.survey.definitions[index]), &site);
        let is_bounded = self.survey.definitions.len() < MAX_DEFINITIONS
            && self.open.len() < MAX_NESTING
            && qualname.len() <= MAX_QUALNAME_BYTES;
        if !is_bounded {
            self.survey.omissions.definitions += 1;
            return None;
        }
        let outer = match site.outward {
            0 => heading.node,
            outward => above.node(outward)?,
        };
        let level = self.frames.len().checked_sub(site.outward + 1);
        let lead = self.lead_of(level, outer);
        let declared = Declared {
            outer,
            inner: site.declares,
            decorators: lead.and_then(|lead| lead.decorators),
        };
        let text = self.tools.text;
        let start = declared.decorators.unwrap_or(outer.start_byte());
        let doc = lead.and_then(|lead| lead.doc).filter(|doc| *doc < start);
        let found = Found {
            kind: site.kind,
            name: nest::bounded(&site.name).to_owned(),
            qualname,
            ordinal: 0,
            parent,
            doc: doc.map(|doc| ByteSpan {
                start: doc,
                end: start,
            }),
            inner_docs: (rules.inner_doc)(site.declares).into_iter().collect(),
            span: ByteSpan {
                start,
                end: outer.end_byte(),
            },
            declaration: (rules.declaration)(&declared, text),
            overloads: Vec::new(),
            bodiless: site.bodiless,
            is_static: site.is_static,
            exported: site.exported,
            last_child: None,
            facts: Facts::default(),
        };
        let index = nest::add(&mut self.survey.definitions, found, text);
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        self.survey.declared.insert(site.declares.id(), number);
        Some(index)
    }

    /// The comments and decorators right before `outer`, which is at this level.
    fn lead_of(&self, level: Option<usize>, outer: Node) -> Option<Lead> {
        let lead = self.states[level?].lead?;
        follows(self.tools.text, lead.end, outer.start_byte()).then_some(lead)
    }

    /// What the role of `node` means; false if its inside holds nothing more.
    fn act(&mut self, node: Node<'t>, above: State, state: &mut State) -> bool {
        let nesting = above.nesting;
        match state.role {
            Role::Plain => {}
            Role::Comment => {
                self.lead(node, false);
                return false;
            }
            Role::Decorator => self.lead(node, true),
            Role::Identifier => {
                let span = node.byte_range();
                let name = self.tools.text.get(span.clone()).unwrap_or_default();
                self.facts().identifiers.push((span.start, name));
                return false;
            }
            Role::Import => {
                (self.tools.language.rules().links)(node, self.tools.text, &mut self.survey.links);
                return false;
            }
            Role::Export => {
                (self.tools.language.rules().links)(node, self.tools.text, &mut self.survey.links);
            }
            Role::Binding => self.binding(node),
            Role::Error => self.note_error(node),
            Role::If if above.role == Role::Else => {
                self.facts().decisions += 1;
                state.around.conditional = true;
            }
            Role::If | Role::Ternary => {
                self.decide(1, 1 + nesting);
                state.around.conditional = true;
                state.nesting = nesting + 1;
            }
            Role::ElseIf => self.decide(1, 1),
            Role::Else => self.decide(0, 1),
            Role::Loop => {
                self.decide(1, 1 + nesting);
                state.around.looped = true;
                state.nesting = nesting + 1;
            }
            Role::Switch => {
                self.decide(0, 1 + nesting);
                state.around.conditional = true;
                state.nesting = nesting + 1;
            }
            Role::Case | Role::Comprehension => self.decide(1, 0),
            Role::Try => state.around.tried = true,
            Role::Catch => {
                self.decide(1, 1 + nesting);
                state.nesting = nesting + 1;
            }
            Role::Logical(operator) => self.logical(operator),
            Role::LabelledJump => {
                if node.named_child_count() > 0 {
                    self.decide(0, 1);
                }
            }
            Role::Closure => state.nesting = nesting + 1,
        }
        true
    }

    fn decide(&mut self, decisions: u32, cognitive: u32) {
        let facts = self.facts();
        facts.decisions += decisions;
        facts.cognitive = facts.cognitive.saturating_add(cognitive);
    }

    /// A run of one operator is one thing to understand, however long.
    fn logical(&mut self, operator: u8) {
        let mut cognitive = 1;
        if let Some(parent) = self.states.last_mut() {
            if parent.left_operator == Some(operator) {
                cognitive = 0;
            }
            parent.operator = Some(operator);
        }
        self.decide(1, cognitive);
    }

    fn binding(&mut self, node: Node) {
        let at_top = match self.frames.len() {
            1 => true,
            2 => self.states[1].role == Role::Export,
            _ => false,
        };
        if !at_top || !self.open.is_empty() {
            return;
        }
        let is_long = node.end_position().row - node.start_position().row >= 3;
        let bound = (self.tools.language.rules().bindings)(node, self.tools.text);
        let kept = bound
            .into_iter()
            .filter(|name| is_long || is_constant_name(name));
        let at = node.start_byte();
        self.survey
            .constants
            .extend(kept.map(|name| Constant { name, at }));
    }

    /// Notes a comment or decorator that what follows may begin with.
    fn lead(&mut self, node: Node, decorates: bool) {
        let text = self.tools.text;
        let (start, end) = (node.start_byte(), node.end_byte());
        let Some(parent) = self.states.last_mut() else {
            return;
        };
        let earlier = parent.lead.filter(|lead| follows(text, lead.end, start));
        let lead = match (earlier, decorates) {
            (Some(lead), true) => Lead {
                decorators: lead.decorators.or(Some(start)),
                end,
                ..lead
            },
            (Some(lead), false) => Lead { end, ..lead },
            (None, true) => Lead {
                doc: None,
                decorators: Some(start),
                end,
            },
            (None, false) if !begins_its_line(text, start) => return,
            (None, false) => Lead {
                doc: Some(start),
                decorators: None,
                end,
            },
        };
        parent.lead = Some(lead);
    }
}

/// Whether only blanks and at most one line break lie between two bytes.
fn follows(text: &str, end: usize, start: usize) -> bool {
    let between = text.get(end..start).unwrap_or("?");
    between.bytes().all(|byte| byte.is_ascii_whitespace())
        && between.bytes().filter(|byte| *byte == b'\n').count() <= 1
}

fn begins_its_line(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let before = before.trim_end_matches([' ', '\t', '\u{c}']);
    before.is_empty() || before.ends_with('\n')
}

/// `MAX_SIZE`, not `maxSize`.
fn is_constant_name(name: &str) -> bool {
    name.chars().any(|c| c.is_ascii_uppercase()) && !name.chars().any(char::is_lowercase)
}
