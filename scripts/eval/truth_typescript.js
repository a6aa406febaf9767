// The definitions of TypeScript and JavaScript files as the TypeScript
// compiler's own parser sees them: one JSON object a line, for each file
// named on standard input.
//
//     node truth_typescript.js TYPESCRIPT_PACKAGE ROOT < files
//
// What counts is stated in docs: declarations; functions and classes bound to
// a name, assigned, exported by default, or named themselves; members of
// classes, and of objects that have a place of their own. Every syntax that
// could define something and is left out is counted under "excluded".
'use strict';
const fs = require('fs');
const path = require('path');
const [packageFolder, root] = process.argv.slice(2);
const ts = require(path.resolve(packageFolder));
const K = ts.SyntaxKind;

const isFunctionOrClass = (node) =>
  node.kind === K.FunctionExpression || node.kind === K.ArrowFunction || node.kind === K.ClassExpression;

const has = (node, kind) => (node.modifiers || []).some((modifier) => modifier.kind === kind);

function functionKind(node) {
  if (node.kind === K.ClassExpression || node.kind === K.ClassDeclaration) return 'class';
  if (node.kind === K.ArrowFunction) return 'arrow_function';
  if (node.asteriskToken) return 'generator';
  return has(node, K.AsyncKeyword) ? 'async_function' : 'function';
}

const CALLABLE = new Set(['function', 'async_function', 'generator', 'method']);

class Truth {
  constructor(file) {
    this.file = file;
    this.definitions = [];
    this.excluded = {};
    this.ofNode = new Map();
  }

  exclude(reason) {
    this.excluded[reason] = (this.excluded[reason] || 0) + 1;
  }

  nameOf(name) {
    if (ts.isStringLiteral(name) || ts.isNoSubstitutionTemplateLiteral(name)) return name.text;
    return name.getText(this.file).split(/\s+/).join(' ');
  }

  // The names of `a.b.c`, without `this`, `prototype`, `exports`, `module.exports`.
  target(left) {
    const names = [];
    let node = left;
    while (ts.isPropertyAccessExpression(node)) {
      names.unshift(node.name.text);
      node = node.expression;
    }
    if (ts.isIdentifier(node)) names.unshift(node.text);
    let rest = names;
    if (names[0] === 'module' && names[1] === 'exports') rest = names.slice(2);
    else if (names[0] === 'exports' && names.length > 1) rest = names.slice(1);
    return { path: rest.filter((name) => name !== 'prototype'), ofPrototype: rest.includes('prototype') };
  }

  isAssignment(node) {
    return ts.isBinaryExpression(node) && node.operatorToken.kind === K.EqualsToken;
  }

  // The names under which an object or anonymous class has a place, or null.
  placeOf(container) {
    const names = [];
    let child = container;
    let node = container.parent;
    for (;;) {
      if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isNonNullExpression(node)
        || ts.isTypeAssertionExpression(node) || ts.isSatisfiesExpression(node)) {
        child = node;
        node = node.parent;
      } else if (ts.isPropertyAssignment(node) && node.initializer === child) {
        names.unshift(this.nameOf(node.name));
        child = node.parent;
        node = child.parent;
      } else if (ts.isReturnStatement(node) || (ts.isArrowFunction(node) && node.body === child)) {
        return names;
      } else if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name)) {
        return [node.name.text, ...names];
      } else if (this.isAssignment(node) && node.right === child
        && (ts.isIdentifier(node.left) || ts.isPropertyAccessExpression(node.left))) {
        return [...this.target(node.left).path, ...names];
      } else if (ts.isPropertyDeclaration(node)) {
        return [this.nameOf(node.name), ...names];
      } else if (ts.isExportAssignment(node) && !node.isExportEquals) {
        return ['default', ...names];
      } else {
        return null;
      }
    }
  }

  // Where the member of a class or object stands, or null if it has no place.
  memberPath(member) {
    const container = member.parent;
    if (ts.isClassLike(container)) {
      return this.ofNode.has(container) ? [] : this.placeOf(container);
    }
    return this.placeOf(container);
  }

  // What `node` defines: kind, name, names in between, the outermost node of
  // its text, and the inner node whose members belong to it.
  site(node) {
    if (ts.isFunctionDeclaration(node)) {
      const name = node.name ? node.name.text : 'default';
      return { kind: functionKind(node), name, path: [], outer: node, bodiless: !node.body };
    }
    if (ts.isClassDeclaration(node)) {
      return { kind: 'class', name: node.name ? node.name.text : 'default', path: [], outer: node };
    }
    if (ts.isInterfaceDeclaration(node)) return { kind: 'interface', name: node.name.text, path: [], outer: node };
    if (ts.isTypeAliasDeclaration(node)) return { kind: 'type_alias', name: node.name.text, path: [], outer: node };
    if (ts.isEnumDeclaration(node)) return { kind: 'enum', name: node.name.text, path: [], outer: node };
    if (ts.isModuleDeclaration(node)) return this.module(node);
    if (isFunctionOrClass(node)) return this.expression(node);
    if (ts.isMethodDeclaration(node) || ts.isConstructorDeclaration(node) || ts.isAccessor(node)) {
      return this.member(node);
    }
    if (ts.isMethodSignature(node) || ts.isCallSignatureDeclaration(node)) this.exclude('member of an interface or object type');
    return null;
  }

  module(node) {
    if (node.parent && ts.isModuleDeclaration(node.parent)) return null;
    let name = ts.isStringLiteral(node.name) ? node.name.text : node.name.getText(this.file);
    let body = node.body;
    while (body && ts.isModuleDeclaration(body)) {
      name += `.${body.name.text}`;
      body = body.body;
    }
    return { kind: 'namespace', name, path: [], outer: node };
  }

  member(node) {
    const path = this.memberPath(node);
    if (!path) {
      this.exclude('member of an object or class that is an argument');
      return null;
    }
    const name = ts.isConstructorDeclaration(node) ? 'constructor' : this.nameOf(node.name);
    return { kind: 'method', name, path, outer: node, bodiless: !node.body, isStatic: has(node, K.StaticKeyword) };
  }

  expression(node) {
    const holder = node.parent;
    const own = node.name ? node.name.text : null;
    const kind = functionKind(node);
    if (ts.isVariableDeclaration(holder) && holder.initializer === node && ts.isIdentifier(holder.name)) {
      const list = holder.parent;
      const single = ts.isVariableDeclarationList(list) && list.declarations.length === 1;
      const outer = single && ts.isVariableStatement(list.parent) ? list.parent : holder;
      return { kind, name: holder.name.text, path: [], outer };
    }
    if (this.isAssignment(holder) && holder.right === node
      && (ts.isIdentifier(holder.left) || ts.isPropertyAccessExpression(holder.left))) {
      const target = this.target(holder.left);
      const name = target.path.pop() || own || 'default';
      const outer = ts.isExpressionStatement(holder.parent) ? holder.parent : holder;
      const isMethod = target.ofPrototype && kind !== 'class';
      return { kind: isMethod ? 'method' : kind, name, path: target.path, outer };
    }
    if (ts.isPropertyAssignment(holder) || ts.isPropertyDeclaration(holder)) {
      const path = this.memberPath(holder);
      if (path) return { kind, name: this.nameOf(holder.name), path, outer: holder };
    }
    if (ts.isExportAssignment(holder) && !holder.isExportEquals) {
      return { kind, name: own || 'default', path: [], outer: holder };
    }
    if (own) return { kind, name: own, path: [], outer: node };
    this.exclude(kind === 'class' ? 'class without a name' : 'function without a name');
    return null;
  }

  line(position) {
    return this.file.getLineAndCharacterOfPosition(position).line + 1;
  }

  // Overloads join what directly follows them under the same name.
  joined(found, previous) {
    return previous && previous.bodiless && CALLABLE.has(previous.kind) && CALLABLE.has(found.kind)
      && previous.qualname === found.qualname
      && Boolean(previous.isStatic) === Boolean(found.isStatic) && previous.outer.parent === found.outer.parent
      && /^[\s;]*$/.test(this.withoutComments(previous.outer.end, found.outer.getStart(this.file)));
  }

  withoutComments(start, end) {
    return this.file.text.slice(start, end).replace(/\/\*[^]*?\*\/|\/\/[^\n]*/g, '');
  }

  visit(node, enclosing) {
    const site = this.site(node);
    let inner = enclosing;
    if (site) {
      const qualname = [enclosing && enclosing.qualname, ...site.path, site.name].filter(Boolean).join('.');
      const found = { ...site, qualname, line: this.line(site.outer.getStart(this.file)), end: this.line(site.outer.end) };
      const level = enclosing || this;
      if (this.joined(found, level.last)) {
        Object.assign(level.last, { end: found.end, kind: found.kind, bodiless: found.bodiless, outer: found.outer });
        inner = level.last;
      } else {
        this.definitions.push(found);
        level.last = found;
        inner = found;
      }
      this.ofNode.set(node, inner);
    }
    ts.forEachChild(node, (child) => this.visit(child, inner));
  }
}

function main() {
  for (const name of fs.readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
    const text = fs.readFileSync(path.join(root, name), 'utf8');
    const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
    const truth = new Truth(file);
    truth.visit(file, null);
    const definitions = truth.definitions.map(({ kind, name, qualname, line, end }) => ({ kind, name, qualname, line, end }));
    const errors = file.parseDiagnostics.length;
    console.log(JSON.stringify({ path: name, definitions, excluded: truth.excluded, errors }));
  }
}

if (require.main === module) main();
module.exports = { Truth, ts };
