//! Searching what was indexed: by meaning, by words, by likeness; what a filter
//! leaves, and what is said where there is nothing to search.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::sync::OnceLock;

use mnemo_index::search::{self, Filter, Question, Weights};
use mnemo_index::store::Archive;
use serde_json::Value;

use crate::cluster::Database;
use crate::model_server::{ModelServer, Nature};
use crate::program::{self, Program};
use crate::stand_ins;

/// rxjs, indexed once for all tests of this file, in eight bits: a search
/// finds the form by itself.
fn rxjs() -> &'static Database {
    static INDEX: OnceLock<Database> = OnceLock::new();
    INDEX.get_or_init(|| {
        let database = Database::new();
        Program::index(&program::rxjs(), &database)
            .args(["--precision", "int8"])
            .events(0);
        database
    })
}

fn shop() -> Database {
    let (folder, database) = (program::shop(), Database::new());
    Program::index(folder.path(), &database).events(0);
    database
}

/// The hits of a search that ends well, and its last line.
fn hits(database: &Database, arguments: &[&str]) -> Vec<Value> {
    let words = ["search"].iter().chain(arguments).copied();
    let mut events = Program::on(database, words).events(0).0;
    let answer = events.pop().unwrap();
    assert_eq!(answer["event"], "answer");
    assert_eq!(answer["hits"], events.len());
    events
}

fn texts<'a>(hits: &'a [Value], field: &str) -> Vec<&'a str> {
    hits.iter()
        .map(|hit| hit[field].as_str().unwrap())
        .collect()
}

#[test]
fn a_question_finds_the_code_that_answers_it() {
    for (question, file) in [
        ("try a failed source again a number of times", "retry.ts"),
        (
            "emit a value only after some time has passed without another one",
            "debounceTime.ts",
        ),
        (
            "replay the last values to late subscribers",
            "ReplaySubject.ts",
        ),
        ("make an observable from a DOM event", "fromEvent.ts"),
    ] {
        let hits = hits(rxjs(), &[question]);
        let paths = texts(&hits, "file_path");
        assert_eq!(hits.len(), 10);
        assert!(
            paths[..5].iter().any(|path| path.ends_with(file)),
            "{question}: {paths:?}"
        );
    }
}

#[test]
fn a_name_finds_what_bears_it_first() {
    for name in ["retryWhen", "VirtualTimeScheduler", "createErrorClass"] {
        let hits = hits(rxjs(), &[name]);
        assert_eq!(hits[0]["qualname"], name, "{hits:?}");
        assert!(
            hits[0]["reasons"]
                .as_array()
                .unwrap()
                .contains(&"exact_name".into())
        );
    }
}

#[test]
fn parts_of_a_name_find_it_without_a_model() {
    let lexical = Program::on(
        rxjs(),
        ["search", "virtual time scheduler", "--mode", "lexical"],
    )
    .env("ORT_DYLIB_PATH", "/nonexistent")
    .events(0);
    assert_eq!(lexical.0[0]["qualname"], "VirtualTimeScheduler");
    assert!(
        lexical
            .0
            .iter()
            .all(|event| event["places"]["text"].is_null())
    );

    let semantic = Program::on(rxjs(), ["search", "virtual time"])
        .env("ORT_DYLIB_PATH", "/nonexistent")
        .run();
    assert_eq!(semantic.code(), 1);
    let (message, hint) = semantic.complaint();
    assert!(
        message.contains("ONNX Runtime cannot be loaded"),
        "{message}"
    );
    assert!(hint.contains("--mode lexical"), "{hint}");
}

#[test]
fn a_hit_says_where_it_is_and_what() {
    let hits = hits(&shop(), &["add an item to the cart", "--limit", "3"]);
    assert_eq!(hits.len(), 3);
    let hit = &hits[0];
    for (field, value) in [
        ("rank", Value::from(1)),
        ("repository", "sample".into()),
        ("file_path", "src/cart.ts".into()),
        ("start_line", 24.into()),
        ("end_line", 33.into()),
        ("language", "typescript".into()),
        ("chunk_type", "method".into()),
        ("qualname", "Cart.add".into()),
        ("name_path", "cart.Cart.add".into()),
    ] {
        assert_eq!(hit[field], value, "{field} of {hit}");
    }
    assert!(hit["score"].as_f64().unwrap() > hits[1]["score"].as_f64().unwrap());
    assert!(
        hit["snippet"].as_str().unwrap().contains("add(item: Item)"),
        "{hit}"
    );
}

#[test]
fn people_read_lines_with_the_words_marked() {
    let database = shop();
    let search = ["search", "add an item to the cart", "-n", "1"];
    let plain = Program::on(&database, search).run().stdout();
    assert!(
        plain.starts_with("src/cart.ts:24  method  cart.Cart.add  "),
        "{plain}"
    );
    assert!(
        plain.contains("\n    25    add(item: Item): this {\n"),
        "{plain}"
    );
    let colored = Program::on(&database, search)
        .args(["--color", "always"])
        .run()
        .stdout();
    assert!(colored.contains("\u{1b}[1;33madd\u{1b}[0m("), "{colored}");
}

#[test]
fn filters_leave_only_what_they_say() {
    let database = shop();
    let all = |arguments: &[&str], field: &str| {
        let hits = hits(&database, &[&["count", "-n", "100"], arguments].concat());
        assert!(!hits.is_empty(), "{arguments:?}");
        let mut values: Vec<String> = texts(&hits, field).into_iter().map(str::to_owned).collect();
        values.sort();
        values.dedup();
        values
    };
    assert_eq!(
        all(&["--language", "python"], "file_path"),
        ["tools/stock.py"]
    );
    assert_eq!(
        all(&["--kind", "method,class"], "chunk_type"),
        ["class", "method"]
    );
    assert_eq!(
        all(&["--path", "src/*.tsx"], "file_path"),
        ["src/Price.tsx"]
    );
    assert_eq!(
        all(&["--path", "/tools/"], "file_path"),
        ["tools/legacy.js", "tools/stock.py"]
    );
    assert_eq!(all(&["--repository", "sample"], "repository"), ["sample"]);
}

#[test]
fn a_filter_that_keeps_one_chunk_of_a_hundred_still_fills_the_answer() {
    let chunks = rxjs().count("SELECT count(*) FROM code_chunks");
    let path = "internal/Notification.ts";
    let kept = rxjs().count(&format!(
        "SELECT count(*) FROM code_chunks WHERE file_path = '{path}'"
    ));
    assert!((10..=chunks / 75).contains(&kept), "{kept} of {chunks}");
    for question in ["merge two sources", "unsubscribe", "a scheduler"] {
        let hits = hits(rxjs(), &[question, "--path", path]);
        assert_eq!(hits.len(), 10, "{question}");
    }
}

#[test]
fn what_an_index_scan_passes_over_is_found_all_the_same() {
    let database = Database::new();
    drop(database.store(4));
    // The half in Python lies on the other side: the first thousands that the
    // index gives are all of the other half.
    database.client().batch_execute(
        "INSERT INTO code_chunks (repository, id, file_path, language, chunk_type, source_code, embedding_text_half)
         SELECT 'sample', gen_random_uuid(), 'f', CASE WHEN n % 2 = 0 THEN 'python' ELSE 'typescript' END, 'function', 's',
            format('[%s,%s,1,0]', CASE WHEN n % 2 = 0 THEN -9 ELSE 9 END, n / 20000.0)::halfvec
         FROM generate_series(1, 12000) AS n;
         INSERT INTO indexed_files SELECT 'sample', 'f', 'python', decode(repeat('00', 32), 'hex'),
            decode(repeat('00', 32), 'hex'), 12000, 1;
         ANALYZE code_chunks",
    ).unwrap();
    database.store(4).finish().unwrap();
    let mut archive = Archive::open(&database.url).unwrap();
    archive.prepare_search().unwrap();
    let filter = Filter {
        language: Some("python".to_owned()),
        ..Filter::default()
    };
    let question = Question {
        words: "",
        text: Some(&[9.0, 0.0, 1.0, 0.0]),
        code: None,
        weights: Weights {
            text: 1.0,
            code: 0.0,
            lexical: 0.0,
        },
        filter: &filter,
        except: None,
        count: 50,
    };
    let found = archive.search(&question).unwrap();
    assert_eq!(found.len(), 50);
    assert!(found.iter().all(|found| found.language == "python"));
}

#[test]
fn what_is_like_a_piece_of_code_is_found_from_its_place() {
    let arguments = [
        "search",
        "--mode",
        "similar",
        "./internal/operators/retryWhen.ts:65",
    ];
    let similar = Program::on(rxjs(), arguments)
        .env("ORT_DYLIB_PATH", "/nonexistent")
        .events(0);
    let names: Vec<&str> = texts(&similar.0[..10], "qualname");
    assert!(names.contains(&"repeatWhen"), "{names:?}");
    assert!(!names.contains(&"retryWhen"), "{names:?}");
}

#[test]
fn queries_from_standard_input_are_answered_one_by_one() {
    let mut program = Program::on(&shop(), ["search", "-", "--json", "-n", "1"])
        .command()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut queries = program.stdin.take().unwrap();
    queries
        .write_all(b"half the price\nrefill a shelf\n\n")
        .unwrap();
    drop(queries);
    let ended = program.wait_with_output().unwrap();
    assert!(ended.status.success());
    let lines = String::from_utf8(ended.stdout).unwrap();
    let told: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let told: Vec<_> = told
        .iter()
        .map(|event| {
            (
                event["event"].as_str().unwrap(),
                event["query"].as_u64().unwrap(),
                event["qualname"].as_str().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("hit", 1, "halfPrice"),
            ("answer", 1, ""),
            ("hit", 2, "Shelf.refill"),
            ("answer", 2, ""),
            ("answer", 3, ""),
        ]
    );
}

#[test]
fn an_index_from_before_gets_its_words_without_being_embedded_again() {
    let (folder, database) = (program::shop(), Database::new());
    let run = || Program::index(folder.path(), &database).events(0);
    run();
    let words = "SELECT count(*) FROM code_chunks WHERE search_words IS NOT NULL";
    let all = database.count(words);
    database
        .client()
        .batch_execute(
            "UPDATE code_chunks SET search_words = NULL;
             UPDATE indexed_files SET recipe = decode(repeat('00', 32), 'hex')",
        )
        .unwrap();
    // What has no words yet is found by its meaning.
    assert_eq!(
        hits(&database, &["refill a shelf", "-n", "1"])[0]["qualname"],
        "Shelf.refill"
    );
    assert!(hits(&database, &["refill", "--mode", "lexical"]).is_empty());
    let again = run();
    assert_eq!(
        (again.summary()["tokens"].as_u64(), database.count(words)),
        (Some(0), all)
    );
    assert_eq!(
        hits(&database, &["refill", "--mode", "lexical"])[0]["qualname"],
        "Shelf.refill"
    );
}

#[test]
fn a_database_that_mnemolite_made_is_searched_too() {
    let (shop, database) = (program::shop(), Database::of_mnemolite());
    let models = stand_ins::folder();
    let models = models.to_str().unwrap();
    Program::index(shop.path(), &database)
        .args([
            "--text-model",
            stand_ins::PAIR[0],
            "--code-model",
            stand_ins::PAIR[1],
        ])
        .args(["--models-dir", models])
        .events(0);
    let found = hits(&database, &["low shelves", "--models-dir", models]);
    assert!(found.iter().all(|hit| !hit["places"]["code"].is_null()));
    // The weights are random: only words mean anything.
    let found = hits(&database, &["low shelves", "--mode", "lexical"]);
    assert_eq!(found[0]["qualname"], "low_shelves");
}

#[test]
fn another_model_than_the_indexs_is_refused_with_the_way_out() {
    let (shop, database) = (program::shop(), Database::new());
    let models = stand_ins::folder();
    Program::index(shop.path(), &database)
        .args(["--roles", "code", "--code-model", stand_ins::PAIR[1]])
        .args(["--models-dir", models.to_str().unwrap()])
        .events(0);
    // The model of that name with the weights of its makers is another one.
    let refused = Program::on(&database, ["search", "low shelves"]).run();
    assert_eq!(refused.code(), 1);
    let (message, hint) = refused.complaint();
    assert!(
        message
            .starts_with("the CODE vectors of the index were made by jina-embeddings-v2-base-code"),
        "{message}"
    );
    assert!(
        hint.contains("--models-dir") && hint.contains("--mode lexical"),
        "{hint}"
    );
    assert_eq!(
        hits(&database, &["low shelves", "--mode", "lexical"])[0]["qualname"],
        "low_shelves"
    );
}

#[test]
fn a_server_embeds_the_queries_of_an_index_that_it_made() {
    let (shop, database) = (program::shop(), Database::new());
    let server = ModelServer::start(Nature::default());
    let url = server.url();
    Program::index(shop.path(), &database)
        .args(["--embed-url", &url])
        .events(0);
    let before = server.requests();
    let found = hits(&database, &["refill a shelf", "--embed-url", &url]);
    assert_eq!(found[0]["qualname"], "Shelf.refill");
    // To learn the width, and for the query: one model has both roles.
    assert_eq!(server.requests(), before + 2);

    let other = ModelServer::start(Nature {
        model: "someone/all-MiniLM-L6-v2",
        ..Nature::default()
    });
    let refused = Program::on(&database, ["search", "x", "--embed-url", &other.url()]).run();
    assert_eq!(refused.code(), 1);
    assert!(
        refused
            .complaint()
            .0
            .contains("not by what the server runs"),
        "{}",
        refused.stderr()
    );
}

#[test]
fn where_there_is_nothing_to_search_it_is_said_and_the_exit_code_tells() {
    let (empty, foreign, shop) = (Database::new(), Database::of_mnemolite(), shop());
    let missing = shop.url.expose().replace(shop.url.database(), "nowhere");
    let code = |database: &Database, arguments: &[&str]| {
        let ended = Program::on(database, ["search"].iter().chain(arguments).copied()).run();
        let (message, _) = ended.complaint();
        (ended.code(), message)
    };
    for database in [&empty, &foreign] {
        let (exit, message) = code(database, &["x"]);
        assert!(
            exit == 6 && message.starts_with("the database holds no index"),
            "{exit} {message}"
        );
    }
    let (exit, message) = code(&empty, &["x", "--database-url", &missing]);
    assert!(
        exit == 1 && message.starts_with("the database does not exist"),
        "{exit} {message}"
    );
    for (arguments, expected) in [
        (&["x", "--repository", "none"][..], 6),
        (&["src/nowhere.ts:1", "--mode", "similar"], 6),
        (&["src/cart.ts", "--mode", "similar"], 2),
        (&["  "], 2),
        (&["x", "--language", "cobol"], 2),
        (&["x", "--kind", "paragraph"], 2),
        (&["x", "--weights", "words=1"], 2),
    ] {
        let (exit, message) = code(&shop, arguments);
        assert_eq!(exit, expected, "{arguments:?}: {message}");
    }
    assert!(hits(&shop, &["zebra", "--mode", "lexical"]).is_empty());
}

#[test]
fn a_place_that_several_repositories_have_is_asked_back() {
    let (folder, database) = (program::shop(), Database::new());
    for name in ["one", "two"] {
        Program::on(
            &database,
            [folder.path().to_str().unwrap(), "--repository", name],
        )
        .events(0);
    }
    let arguments = ["search", "--mode", "similar", "src/cart.ts:25"];
    let asked = Program::on(&database, arguments).run();
    assert_eq!(asked.code(), 2);
    assert!(
        asked.complaint().1.contains("one, two"),
        "{}",
        asked.stderr()
    );
    let found = hits(
        &database,
        &[&arguments[1..], &["--repository", "two"]].concat(),
    );
    assert!(found.iter().all(|hit| hit["repository"] == "two"));
}

#[test]
fn words_are_what_they_are_whoever_writes_them() {
    // What the store writes and what a query asks for go through one function.
    assert_eq!(
        search::words("parseHTTPResponse"),
        "parse http response parsehttpresponse"
    );
    let folder = program::tree(&[("a.py", "def parseHTTPResponse(raw):\n    return raw\n")]);
    let database = Database::new();
    Program::index(Path::new(folder.path()), &database).events(0);
    for query in ["parseHTTPResponse", "parse_http_response", "http responses"] {
        let found = hits(&database, &[query, "--mode", "lexical"]);
        assert_eq!(found[0]["qualname"], "parseHTTPResponse", "{query}");
    }
}
