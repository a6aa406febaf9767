//! What an index is asked about a definition: `show`, `callers`, `callees`. The
//! zoo is counted by hand; rxjs by reading its sources.

use std::fs;

use mnemo_index::names::RelPath;
use serde_json::{Value, json};
use tempfile::TempDir;
use walkdir::WalkDir;

use crate::cluster::Database;
use crate::graph_again::{commit, make};
use crate::program::{self, Ended, Program};

/// `main` and `again` call each other; what `thing` is, nobody says.
const ZOO: &[(&str, &str)] = &[
    ("package.json", r#"{"name": "zoo"}"#),
    (
        "src/animal.ts",
        "export class Animal {\n  constructor(readonly name: string) {}\n  /** Says it. */\n  speak() { return sound(); }\n}\n\
         export function sound() { return 'x'; }\n",
    ),
    ("src/index.ts", "export * from './animal';\n"),
    (
        "src/main.ts",
        "import { Animal, sound } from './index';\nexport function main(thing: any) {\n  new Animal('a').speak();\n  \
         sound();\n  sound();\n  thing.speak();\n  again(1);\n}\n\
         export function again(times: number) {\n  main(times);\n  console.log(times);\n}\n",
    ),
    ("tools/noise.py", "def sound():\n    return 1\n"),
];

fn zoo() -> (TempDir, Database) {
    let (folder, database) = (program::tree(ZOO), Database::new());
    Program::index(folder.path(), &database).events(0);
    (folder, database)
}

fn ask(database: &Database, arguments: &[&str]) -> Ended {
    Program::on(database, arguments.iter().copied()).run()
}

/// What is printed by a question that is answered.
fn told(database: &Database, arguments: &[&str]) -> String {
    let ended = ask(database, arguments);
    assert_eq!(ended.code(), 0, "{}", ended.stderr());
    assert_eq!(ended.stderr(), "");
    ended.stdout()
}

#[test]
fn a_definition_is_shown_with_its_source_and_what_is_around_it() {
    let (_zoo, database) = zoo();
    assert_eq!(
        told(&database, &["show", "Animal.speak"]),
        "animal.Animal.speak  method  src/animal.ts:4  sample
speak()

     3    /** Says it. */
     4    speak() { return sound(); }

called by 1
  main.main  function  src/main.ts:3  typed

maybe called by 1: thing.speak src/main.ts:6

calls 1
  animal.sound  function  src/animal.ts:4  local
"
    );
    let class = told(&database, &["show", "Animal"]);
    for part in [
        "animal.Animal  class  src/animal.ts:1  sample\nexport class Animal\n",
        "\nholds 2\n  animal.Animal.constructor  method  src/animal.ts:2\n  animal.Animal.speak  method  src/animal.ts:4\n",
        "\ncalled by 1\n  main.main  function  src/main.ts:3  re_export\n",
        "\nimported by 1\n  src/main.ts:1  re_export  Animal from \"./index\"\n",
    ] {
        assert!(class.contains(part), "{part}\n---\n{class}");
    }
    let module = told(&database, &["show", "src/index.ts"]);
    assert!(
        module.contains("\n     1  export * from './animal';\n"),
        "{module}"
    );
    assert!(
        module.contains("imported by 1\n  src/main.ts:1  "),
        "{module}"
    );
}

#[test]
fn machines_read_the_same() {
    let (_zoo, database) = zoo();
    let shown = told(&database, &["show", "Animal.speak", "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let speak = json!({
        "repository": "sample", "chunk_type": "method", "name_path": "animal.Animal.speak", "qualname": "Animal.speak",
        "file_path": "src/animal.ts", "line": 4, "start_line": 3, "end_line": 4,
    });
    for (key, value) in speak.as_object().unwrap() {
        assert_eq!(&shown[key], value, "{key}");
    }
    assert_eq!(shown["event"], "definition");
    assert_eq!(
        (&shown["signature"], &shown["doc"]),
        (&json!("speak()"), &json!("Says it."))
    );
    assert_eq!(
        shown["source"],
        json!([{"start_line": 3, "end_line": 4, "whole": true,
            "text": "  /** Says it. */\n  speak() { return sound(); }"}])
    );
    let maybe = json!({"count": 1, "first": [{"file_path": "src/main.ts", "line": 6, "name": "thing.speak"}]});
    assert_eq!(shown["callers"]["maybe"], maybe);

    let lines = told(&database, &["callers", "Animal.speak", "--json"]);
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let tree: Vec<_> = lines
        .iter()
        .filter(|line| line["event"] == "call")
        .map(|call| {
            (
                &call["number"],
                &call["parent"],
                &call["depth"],
                &call["qualname"],
                &call["next"],
            )
        })
        .collect();
    assert_eq!(
        format!("{tree:?}").replace(['"'], ""),
        "[(Number(1), Number(0), Number(1), String(main), String(calls)), \
         (Number(2), Number(1), Number(2), String(again), String(calls)), \
         (Number(3), Number(2), Number(3), String(main), String(cycle))]"
    );
    let site = json!({"file_path": "src/main.ts", "sites": [[3, 19]], "resolutions": ["typed"]});
    assert_eq!(lines[0]["call_sites"], site);
    let last = lines.last().unwrap();
    assert_eq!(
        (
            &last["event"],
            &last["definitions"],
            &last["cut"],
            &last["maybe"],
            &last["of"]
        ),
        (&json!("callers"), &json!(2), &json!(false), &maybe, &speak)
    );
}

#[test]
fn calls_are_followed_as_a_tree_in_which_cycles_end() {
    let (_zoo, database) = zoo();
    assert_eq!(
        told(&database, &["callers", "animal.sound"]),
        "callers of animal.sound  function  src/animal.ts:6
  animal.Animal.speak  method  src/animal.ts:4  local
    main.main  function  src/main.ts:3  typed  (followed elsewhere)
  main.main  function  src/main.ts:4, 5  re_export
    main.again  function  src/main.ts:10  local
      main.main  function  src/main.ts:7  local  (cycle)
3 callers
"
    );
    assert_eq!(
        told(&database, &["callees", "main"]),
        "callees of main.main  function  src/main.ts:2
  animal.Animal.constructor  method  src/main.ts:3  re_export
  animal.Animal.speak  method  src/main.ts:3  typed
    animal.sound  function  src/animal.ts:4  local  (followed elsewhere)
  animal.sound  function  src/main.ts:4, 5  re_export
  main.again  function  src/main.ts:7  local
    main.main  function  src/main.ts:10  local  (cycle)
5 callees
maybe calls 1: thing.speak src/main.ts:6
also called so: main src/main.ts:1
"
    );
    let again = told(&database, &["callees", "again", "--depth", "1"]);
    assert!(
        again.contains("\n  main.main  function  src/main.ts:10  local  (goes on)\n"),
        "{again}"
    );
    assert!(
        again.contains(
            "\n1 callees, 1 of which go on: more with --depth\ncalls outside 1: 1 builtins\n"
        ),
        "{again}"
    );
    let few = told(&database, &["callers", "animal.sound", "--limit", "2"]);
    assert!(
        few.ends_with("\ncut at 2 calls, the nearest: more with --limit\n"),
        "{few}"
    );
    assert_eq!(few.lines().count(), 4);
    assert_eq!(
        told(&database, &["callers", "tools.noise.sound"])
            .lines()
            .nth(1),
        Some("0 callers")
    );
}

#[test]
fn a_definition_is_found_by_the_end_of_its_name_or_by_its_place() {
    let (_zoo, database) = zoo();
    for (asked, found) in [
        ("animal.Animal.speak", "animal.Animal.speak"),
        ("Animal.speak", "animal.Animal.speak"),
        ("speak", "animal.Animal.speak"),
        ("noise.sound", "tools.noise.sound"),
        ("src/main.ts:11", "main.again"),
        ("./src/main.ts:3:9", "main.main"),
        ("main.ts:1", "main"),
        ("src/animal.ts:3", "animal.Animal.speak"),
        ("animal.ts:2", "animal.Animal.constructor"),
        ("tools/noise.py", "tools.noise"),
        ("animal", "animal"),
        // A function and its module: the name inside the file is meant.
        ("main.main", "main.main"),
    ] {
        let told = told(&database, &["show", asked]);
        assert!(told.starts_with(&format!("{found}  ")), "{asked}: {told}");
    }
}

#[test]
fn a_name_that_many_have_is_answered_with_a_list_to_choose_from() {
    let (zoo, database) = zoo();
    for command in ["show", "callers", "callees"] {
        let ended = ask(&database, &[command, "sound"]);
        assert_eq!(ended.code(), 1);
        assert_eq!(
            ended.stdout(),
            "animal.sound  function  src/animal.ts:6  sample\ntools.noise.sound  function  tools/noise.py:1  sample\n"
        );
        let (error, hint) = ended.complaint();
        assert_eq!(error, "sound may be any of 2");
        assert!(hint.ends_with("such as src/animal.ts:6"), "{hint}");
    }
    let events = Program::on(&database, ["show", "sound"]).events(1).0;
    let kinds: Vec<_> = events.iter().map(|event| &event["event"]).collect();
    assert_eq!(kinds, ["candidate", "candidate", "error"]);
    assert_eq!(events[1]["file_path"], "tools/noise.py");

    let folder = zoo.path().to_str().unwrap();
    let other = Program::on(&database, [folder, "--repository", "other"]).run();
    assert_eq!(other.code(), 0, "{}", other.stderr());
    let (error, hint) = ask(&database, &["show", "Animal.speak"]).complaint();
    assert_eq!(error, "Animal.speak may be any of 2");
    assert!(hint.contains("--repository NAME"), "{hint}");
    let chosen = told(
        &database,
        &["callers", "Animal.speak", "--repository", "other"],
    );
    assert!(
        chosen.ends_with("\n2 callers\nmaybe called by 1: thing.speak src/main.ts:6\n"),
        "{chosen}"
    );
}

#[test]
fn what_does_not_exist_is_told_with_what_does() {
    let (_zoo, database) = zoo();
    for (arguments, error, hint) in [
        (
            ["show", "Animal.speek"],
            "no definition is called Animal.speek",
            "there is Animal.speak",
        ),
        (
            ["callers", "SOUND"],
            "no definition is called SOUND",
            "there is sound",
        ),
        (
            ["callees", "nimal"],
            "no definition is called nimal",
            "there is Animal, animal",
        ),
        (
            ["show", "%"],
            "no definition is called %",
            "a name ends at a dot: Cart.add, not art.add; FILE:LINE names what stands there",
        ),
        (
            ["show", "src/gone.ts:3"],
            "the index holds no file src/gone.ts",
            "paths are relative to the root of the repository",
        ),
        (
            ["show", "src/main.ts:99"],
            "src/main.ts has no line 99 that was indexed",
            "index the file again if it has grown since",
        ),
    ] {
        let ended = ask(&database, &arguments);
        assert_eq!(
            (ended.code(), ended.stdout().as_str()),
            (6, ""),
            "{arguments:?}"
        );
        assert_eq!(
            ended.complaint(),
            (error.to_owned(), hint.to_owned()),
            "{arguments:?}"
        );
    }
    let ended = ask(&database, &["show", "sound", "--repository", "gone"]);
    assert_eq!(
        (ended.code(), ended.complaint().1.as_str()),
        (6, "it holds sample")
    );
    for arguments in [
        ["show", ""],
        ["show", "."],
        ["callers", "src/main.ts:0"],
        ["callees", "a\nb"],
    ] {
        let ended = ask(&database, &arguments);
        assert_eq!(ended.code(), 2, "{arguments:?}");
        assert!(ended.complaint().1.contains("src/cart.ts:12"));
    }
    for arguments in [
        ["callers", "sound", "--depth", "0"],
        ["callers", "sound", "--depth", "-1"],
        ["callers", "sound", "--depth", "99999999999"],
        ["callees", "sound", "--limit", "0"],
        ["callees", "sound", "--limit", "many"],
    ] {
        assert_eq!(ask(&database, &arguments).code(), 2, "{arguments:?}");
    }
}

#[test]
fn a_database_without_an_index_is_no_answer() {
    let empty = Database::new();
    let foreign = Database::of_mnemolite();
    for (database, name) in [(&empty, "empty"), (&foreign, "foreign")] {
        for command in ["show", "callers", "callees"] {
            let ended = ask(database, &[command, "sound"]);
            assert_eq!((ended.code(), ended.stdout().as_str()), (6, ""), "{name}");
            assert!(
                ended
                    .complaint()
                    .0
                    .starts_with("the database holds no index")
            );
        }
    }
    let (_zoo, forgotten) = zoo();
    assert_eq!(ask(&forgotten, &["forget", "sample"]).code(), 0);
    let ended = ask(&forgotten, &["show", "sound"]);
    assert_eq!(ended.code(), 6);
    assert!(
        ended
            .complaint()
            .0
            .starts_with("the database holds no index")
    );

    let gone = Database::new();
    let url = gone.url.expose().to_owned();
    gone.remove();
    let ended = Program::new(["show", "sound", "--database-url", url.as_str()]).run();
    assert_eq!(ended.code(), 1);
    assert!(
        ended
            .complaint()
            .0
            .starts_with("the database does not exist")
    );
    let nowhere = "postgresql://nobody@127.0.0.1:1/none";
    let ended = Program::new(["callers", "sound", "--database-url", nowhere]).run();
    assert_eq!(ended.code(), 1);
    assert!(
        ended
            .complaint()
            .0
            .starts_with("no PostgreSQL server answers")
    );
}

#[test]
fn an_index_without_its_graph_says_so() {
    let (_zoo, database) = zoo();
    database
        .client()
        .batch_execute("DELETE FROM graphs; DELETE FROM edges WHERE relation_type = 'calls'")
        .unwrap();
    let ended = ask(&database, &["callers", "animal.sound"]);
    assert_eq!(ended.code(), 0);
    assert!(
        ended
            .stderr()
            .contains("the graph of sample is not made yet"),
        "{}",
        ended.stderr()
    );
}

#[test]
fn rxjs_answers_what_its_sources_say() {
    let (root, database) = (program::rxjs(), Database::new());
    let mut store = database.store(4);
    let files = WalkDir::new(&root)
        .sort_by_file_name()
        .into_iter()
        .map(Result::unwrap);
    for file in files.filter(|entry| {
        entry
            .path()
            .extension()
            .is_some_and(|ending| ending == "ts")
    }) {
        let path = RelPath::new(&root, file.path()).unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        commit(&mut store, path.as_str(), &text, (&root, 4));
    }
    make(&mut store, &root);

    // `grep -rn 'errorContext(' internal`: once in subscribe, three times in Subject.
    let callers = told(&database, &["callers", "errorContext", "--depth", "1"]);
    let callers: Vec<_> = callers
        .lines()
        .filter(|line| line.starts_with("  "))
        .collect();
    assert_eq!(
        callers,
        [
            "  internal.Observable.Observable.subscribe  method  internal/Observable.ts:211  import  (goes on)",
            "  internal.Subject.Subject.next  method  internal/Subject.ts:60  import  (goes on)",
            "  internal.Subject.Subject.error  method  internal/Subject.ts:74  import  (goes on)",
            "  internal.Subject.Subject.complete  method  internal/Subject.ts:88  import  (goes on)",
        ]
    );
    // `grep -rn 'import .*AsyncSubject'` and the exports of index.ts.
    let shown = told(&database, &["show", "AsyncSubject", "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let importers: Vec<_> = shown["imported_by"]["first"]
        .as_array()
        .unwrap()
        .iter()
        .map(|import| {
            (
                import["file_path"].as_str().unwrap(),
                import["relation"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        importers,
        [
            ("index.ts", "re_exports"),
            ("internal/observable/bindCallbackInternals.ts", "imports"),
            ("internal/operators/publishLast.ts", "imports"),
        ]
    );
    // subscribe is called from everywhere, and the tree still ends.
    let all = told(
        &database,
        &[
            "callers",
            "Observable.subscribe",
            "--depth",
            "100",
            "--limit",
            "100000",
        ],
    );
    assert!(
        all.contains("(cycle)") && !all.contains("(goes on)") && !all.contains("cut at"),
        "{all}"
    );
    let names: Vec<_> = all.lines().filter(|line| line.starts_with("  ")).collect();
    assert!(names.len() < 3_000, "{}", names.len());
}
