// The graph of TypeScript and JavaScript files as the TypeScript compiler
// resolves it: imports, inheritance and calls, one JSON object a line.
//
//     node truth_typescript.js TYPESCRIPT_PACKAGE ROOT [TSCONFIG] < files
//
// Definitions are those of ../truth_typescript.js, so that an edge names its
// two ends by file and qualname as the index does. Every module specifier is
// resolved with the options of the nearest tsconfig.json (or of TSCONFIG).
// What counts as the target of a call is stated in docs/evaluation.md.
'use strict';
const fs = require('fs');
const path = require('path');
const { Truth, ts } = require('../truth_typescript.js');
const root = fs.realpathSync(process.argv[3]);
const fixedConfig = process.argv[4] && path.resolve(process.argv[4]);

const OPTIONS = {
  noEmit: true, allowJs: true, checkJs: false, skipLibCheck: true, composite: false, incremental: false,
  jsx: ts.JsxEmit.Preserve, target: ts.ScriptTarget.ESNext, resolveJsonModule: true, strict: true,
};
const DEFAULTS = { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };

const names = fs.readFileSync(0, 'utf8').split('\n').filter(Boolean);
const inCorpus = new Map(names.map((name) => [path.join(root, name), name]));
const say = (fact) => console.log(JSON.stringify(fact));

// ── Options and resolution ──────────────────────────────────────────────────

const optionsOf = new Map();

function parsed(config) {
  if (!config) return { ...DEFAULTS, ...OPTIONS };
  const { config: json } = ts.readConfigFile(config, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...json, files: [], include: [] }, ts.sys, path.dirname(config), {}, config);
  return { ...DEFAULTS, ...options, ...OPTIONS };
}

function nearestOptions(file) {
  const config = fixedConfig || ts.findConfigFile(path.dirname(file), ts.sys.fileExists);
  const inside = config && (config === fixedConfig || config.startsWith(root + path.sep)) ? config : '';
  if (!optionsOf.has(inside)) optionsOf.set(inside, parsed(inside));
  return optionsOf.get(inside);
}

function resolved(specifier, file, mode) {
  const { resolvedModule } = ts.resolveModuleName(specifier, file, nearestOptions(file), host, undefined, undefined, mode);
  return resolvedModule;
}

const programOptions = { ...parsed(fixedConfig), types: [] };
const host = ts.createCompilerHost(programOptions, true);
host.resolveModuleNameLiterals = (literals, file, _redirect, options, source) => literals.map((literal) => ({
  resolvedModule: resolved(literal.text, file, ts.getModeForUsageLocation(source, literal, nearestOptions(file))),
}));

const program = ts.createProgram([...inCorpus.keys()], programOptions, host);
const checker = program.getTypeChecker();

// ── Definitions ─────────────────────────────────────────────────────────────

const truths = new Map();

function truthOf(source) {
  if (!truths.has(source)) {
    const truth = new Truth(source);
    truth.visit(source, null);
    truths.set(source, truth);
  }
  return truths.get(source);
}

const isBare = (node) => ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isNonNullExpression(node)
  || ts.isTypeAssertionExpression(node) || ts.isSatisfiesExpression(node);

function bare(node) {
  while (node && isBare(node)) node = node.expression;
  return node;
}

// The definition that a declaration is, as {path, qualname, kind}, or null.
function definitionAt(declaration) {
  if (!declaration) return null;
  const source = declaration.getSourceFile();
  const file = inCorpus.get(source.fileName);
  if (!file) return null;
  const held = declaration.initializer ? bare(declaration.initializer)
    : ts.isExportAssignment(declaration) ? bare(declaration.expression) : declaration;
  let found = truthOf(source).ofNode.get(held) || truthOf(source).ofNode.get(declaration);
  if (!found) return null;
  let { qualname, kind } = found;
  // A constructor stands for its class.
  if (ts.isConstructorDeclaration(held)) {
    qualname = qualname.split('.').slice(0, -1).join('.');
    kind = 'class';
  }
  return { path: file, qualname, kind };
}

// The innermost definition around a node; the file itself at the top.
function enclosing(node, source) {
  const { ofNode } = truthOf(source);
  for (let at = node.parent; at; at = at.parent) {
    if (ofNode.has(at)) return ofNode.get(at).qualname;
  }
  return '';
}

// Columns count characters, not UTF-16 units.
const place = (source, position) => {
  const { line, character } = source.getLineAndCharacterOfPosition(position);
  const before = source.text.slice(position - character, position);
  return { line: line + 1, column: [...before].length + 1 };
};

// ── Imports and inheritance ─────────────────────────────────────────────────

function importsOf(source) {
  const file = inCorpus.get(source.fileName);
  for (const literal of source.imports || []) {
    if (literal.pos < 0) continue; // added by the compiler
    const mode = ts.getModeForUsageLocation(source, literal, nearestOptions(source.fileName));
    const found = resolved(literal.text, source.fileName, mode);
    const target = found && inCorpus.get(found.resolvedFileName);
    if (target) say({ fact: 'import', path: file, target, specifier: literal.text, ...place(source, literal.getStart(source)) });
    else say({ fact: 'external', path: file, specifier: literal.text, found: Boolean(found) });
  }
}

function followed(symbol) {
  return symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

function heritageOf(node, source) {
  const from = truthOf(source).ofNode.get(node);
  if (!from) return;
  for (const clause of node.heritageClauses || []) {
    const relation = clause.token === ts.SyntaxKind.ExtendsKeyword ? 'extends' : 'implements';
    for (const type of clause.types) {
      const symbol = followed(checker.getSymbolAtLocation(type.expression));
      const declarations = ((symbol && symbol.declarations) || []).filter((one) => !isAugmentation(one));
      const targets = declarations.map(definitionAt).filter(Boolean);
      const fact = { fact: relation, path: inCorpus.get(source.fileName), source: from.qualname, text: type.expression.getText(source) };
      say({ ...fact, ...place(source, type.getStart(source)), targets: distinct(targets) });
    }
  }
}

// What `declare module 'x'` adds to x is no place of its own.
function isAugmentation(declaration) {
  const outer = ts.findAncestor(declaration, (node) => ts.isModuleDeclaration(node) && ts.isStringLiteral(node.name));
  return Boolean(outer);
}

const distinct = (targets) => [...new Map(targets.map((one) => [`${one.path} ${one.qualname} ${one.kind}`, one])).values()];

// ── Calls ───────────────────────────────────────────────────────────────────

// The expression that is called, or null if the node is no call.
function calleeOf(node) {
  if (ts.isCallExpression(node)) {
    if (node.expression.kind === ts.SyntaxKind.ImportKeyword) return null;
    const isRequire = ts.isIdentifier(node.expression) && node.expression.text === 'require' && ts.isInJSFile(node);
    return isRequire ? null : node.expression;
  }
  if (ts.isNewExpression(node)) return node.expression;
  if (ts.isTaggedTemplateExpression(node)) return node.tag;
  if (ts.isDecorator(node)) return ts.isCallExpression(node.expression) ? null : node.expression;
  if (ts.isJsxOpeningElement(node) || ts.isJsxSelfClosingElement(node)) {
    return ts.isIdentifier(node.tagName) && /^[a-z]/.test(node.tagName.text) ? null : node.tagName;
  }
  return null;
}

const nameNode = (callee) => (ts.isPropertyAccessExpression(callee) ? callee.name : callee);

// Where the name of the callee begins; where there is none, its arguments.
function positionOf(node, callee, source) {
  const name = nameNode(callee);
  if (ts.isIdentifier(name) || ts.isPrivateIdentifier(name) || name.kind === ts.SyntaxKind.SuperKeyword) return name.getStart(source);
  return node.arguments && node.arguments.pos > 0 ? node.arguments.pos - 1 : name.getStart(source);
}

function isNamespace(expression) {
  const symbol = followed(checker.getSymbolAtLocation(expression));
  return Boolean(symbol && symbol.flags & (ts.SymbolFlags.Namespace & ~ts.SymbolFlags.Enum));
}

// Whether the source states the target by names alone: a plain name, or a
// member of this, super, a namespace or a class.
function isPlain(callee) {
  if (callee.kind === ts.SyntaxKind.SuperKeyword || ts.isIdentifier(callee)) return true;
  if (!ts.isPropertyAccessExpression(callee)) return false;
  const object = bare(callee.expression);
  if (object.kind === ts.SyntaxKind.ThisKeyword || object.kind === ts.SyntaxKind.SuperKeyword) return true;
  return isNamespace(object) || isClassName(object);
}

function isClassName(expression) {
  const symbol = ts.isIdentifier(expression) && followed(checker.getSymbolAtLocation(expression));
  return Boolean(symbol && symbol.flags & ts.SymbolFlags.Class);
}

// Functions inside the call that makes a value: forwardRef(Inner), memo(Inner),
// also through a name in between.
function wrapped(declaration, depth = 0) {
  const value = declaration && bare(declaration.initializer || declaration.expression);
  if (!value || depth > 3) return [];
  if (ts.isIdentifier(value)) return wrapped(declared(value), depth + 1);
  return ts.isCallExpression(value) ? value.arguments.map(bare).flatMap((one) => inside(one, depth)) : [];
}

function inside(argument, depth) {
  const inner = definitionAt(ts.isIdentifier(argument) ? declared(argument) : argument);
  return inner ? [inner] : ts.isCallExpression(argument) ? wrapped({ initializer: argument }, depth + 1) : [];
}

function declared(identifier) {
  const symbol = followed(checker.getSymbolAtLocation(identifier));
  return symbol && symbol.valueDeclaration;
}

// Declarations without a definition: the interface or type around them.
function around(declaration) {
  for (let at = declaration; at && !ts.isSourceFile(at); at = at.parent) {
    if (ts.isInterfaceDeclaration(at) || ts.isTypeAliasDeclaration(at)) return definitionAt(at);
  }
  return null;
}

// What a call resolves to: `targets` (one or none), `also` (members of a union
// that it may be as well), `near` (types and wrapped functions that stand for a
// target without a definition), and why there is none.
function resolution(node, callee) {
  const symbol = followed(checker.getSymbolAtLocation(nameNode(callee)));
  const declarations = (symbol && symbol.declarations) || [];
  const signature = checker.getResolvedSignature(node);
  const signed = signature && signature.declaration;
  const bound = declarations.map(definitionAt).filter((one) => one && !isType(one));
  const inner = definitionAt(signed);
  const all = distinct([...bound, ...(inner && !isType(inner) ? [inner] : [])]);
  const known = [...declarations, signed].filter(Boolean);
  const near = distinct([...declarations.flatMap((one) => wrapped(one)), ...known.map((one) => definitionAt(one) || around(one)).filter(Boolean)]);
  const targets = all.slice(0, 1);
  if (all.length) return { targets, also: all.slice(1), near, bound: bound.length > 0 };
  const here = known.some((one) => inCorpus.has(one.getSourceFile().fileName));
  return { targets, also: [], near, bound: false, why: !known.length ? 'unknown' : here ? 'no definition' : 'external' };
}

const isType = (one) => one.kind === 'interface' || one.kind === 'type_alias';

function callOf(node, source) {
  const callee = bare(calleeOf(node));
  const scope = ts.isDecorator(node) ? node.parent : node;
  const { bound, ...found } = resolution(node, callee);
  const plain = isPlain(callee);
  say({
    fact: 'call',
    path: inCorpus.get(source.fileName),
    source: enclosing(scope, source),
    name: nameNode(callee).getText(source).slice(0, 80),
    text: callee.getText(source).replace(/\s+/g, ' ').slice(0, 80),
    plain,
    stated: plain && (bound || callee.kind === ts.SyntaxKind.SuperKeyword),
    ...place(source, positionOf(node, callee, source)),
    ...found,
  });
}

function visit(source) {
  const waiting = [source];
  while (waiting.length) {
    const node = waiting.pop();
    if (calleeOf(node)) callOf(node, source);
    if (ts.isClassLike(node) || ts.isInterfaceDeclaration(node)) heritageOf(node, source);
    ts.forEachChild(node, (child) => { waiting.push(child); });
  }
}

for (const file of inCorpus.keys()) {
  const source = program.getSourceFile(file);
  if (!source) {
    say({ fact: 'refused', path: inCorpus.get(file) });
    continue;
  }
  for (const { kind, name, qualname, line } of (truthOf(source), truthOf(source).definitions)) {
    say({ fact: 'definition', path: inCorpus.get(file), kind, name, qualname, line });
  }
  importsOf(source);
  visit(source);
}
