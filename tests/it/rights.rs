//! Roles that have no more rights than they need, made by the SQL of the docs.

use postgres::error::SqlState;
use postgres::{Client, NoTls};

use crate::cluster::Database;
use crate::program::{self, Program};

/// The statements under "Who may do what".
fn documented() -> String {
    let docs = include_str!("../../docs/database.md");
    let section = docs.split("## Who may do what").nth(1).unwrap();
    let block = section.split("```sql").nth(1).unwrap();
    block.split("```").next().unwrap().to_owned()
}

#[test]
fn one_role_indexes_without_being_a_superuser_and_the_other_only_reads() {
    let (shop, database) = (program::shop(), Database::new());
    database.client().batch_execute(&documented()).unwrap();
    let of = |role: &str| database.url.expose().replace("mnemo@", &format!("{role}@"));
    let (indexer, reader) = (of("mnemo_indexer"), of("mnemo_reader"));
    let run = |url: &str, code: i32| {
        let ended = Program::index(shop.path(), &database)
            .env("DATABASE_URL", url)
            .run();
        assert_eq!(ended.code(), code, "{}", ended.stderr());
        ended
    };
    run(&indexer, 0);
    program::write(shop.path(), "src/cart.ts", "export const cart = [];\n");
    run(&indexer, 0);
    let powers = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'mnemo\\_%er' AND (rolsuper OR rolcreatedb OR rolcreaterole)";
    assert_eq!(database.count(powers), 0);

    for arguments in [["status"], ["verify"]] {
        let ended = Program::new(arguments).env("DATABASE_URL", &reader).run();
        assert_eq!(ended.code(), 0, "{}", ended.stderr());
    }
    let (error, hint) = run(&reader, 1).complaint();
    assert!(
        error.contains("lacks the right") && hint.contains("grant"),
        "{error} {hint}"
    );
    let mut client = Client::connect(&reader, NoTls).unwrap();
    let chunks: i64 = client
        .query_one("SELECT count(*) FROM code_chunks", &[])
        .unwrap()
        .get(0);
    assert!(chunks > 0);
    let refused = client.execute("DELETE FROM code_chunks", &[]).unwrap_err();
    assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
    for arguments in [["gc", "--keep-runs=1"], ["forget", "sample"]] {
        let ended = Program::new(arguments).env("DATABASE_URL", &indexer).run();
        assert_eq!(ended.code(), 0, "{}", ended.stderr());
    }
}
