// Functions of TypeScript files with the comments above them, which are blanked
// where they stand. Arguments: the typescript package, a tree, and the tree to
// write; paths of the files on standard input. Prints one JSON array per
// function: path, name, line, comment.

const fs = require("fs");
const path = require("path");

const [package_, tree, target] = process.argv.slice(2);
const ts = require(package_);

function functionOf(node) {
  if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) return node.name && [node, node.name, node.body];
  if (!ts.isVariableStatement(node) || node.declarationList.declarations.length !== 1) return undefined;
  const [{ name, initializer }] = node.declarationList.declarations;
  const isFunction = initializer && (ts.isArrowFunction(initializer) || ts.isFunctionExpression(initializer));
  return isFunction && ts.isIdentifier(name) ? [node, name, initializer.body] : undefined;
}

function comments(text, node) {
  const all = ts.getLeadingCommentRanges(text, node.pos) || [];
  return all.filter(({ pos }) => text.startsWith("/**", pos));
}

/** What a comment says, without its frame. */
function said(comment) {
  const lines = comment.slice(3, -2).split("\n");
  return lines.map((line) => line.replace(/^\s*\*? ?/, "")).join("\n");
}

for (const file of fs.readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const text = fs.readFileSync(path.join(tree, file), "utf8");
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const ranges = [];
  const visit = (node) => {
    const found = functionOf(node);
    if (found) {
      const [owner, name, body] = found;
      const above = comments(text, owner);
      ranges.push(...above);
      const line = source.getLineAndCharacterOfPosition(name.getStart(source)).line + 1;
      // An overload, or a declaration without a body, has no code to be found by.
      if (above.length > 0 && body) {
        const { pos, end } = above[above.length - 1];
        console.log(JSON.stringify([file, name.getText(source), line, said(text.slice(pos, end))]));
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  let blank = text;
  for (const { pos, end } of ranges) {
    blank = blank.slice(0, pos) + blank.slice(pos, end).replace(/[^\n]/g, " ") + blank.slice(end);
  }
  const place = path.join(target, file);
  fs.mkdirSync(path.dirname(place), { recursive: true });
  fs.writeFileSync(place, blank);
}
