//! What one file alone says about the graph.

use mnemo_index::chunk::{ChunkKind, ChunkedFile};
use mnemo_index::graph::{FileGraph, Node, NodeType};
use mnemo_index::names::RepositoryName;
use serde_json::{Value, json};

use crate::samples::FileBuilder;

fn graph(file: &ChunkedFile) -> FileGraph {
    FileGraph::of(&RepositoryName::new("sample").unwrap(), file)
}

fn node(graph: &FileGraph, node_type: NodeType) -> &Node {
    let found = graph.nodes.iter().find(|node| node.node_type == node_type);
    found.unwrap_or_else(|| panic!("no {node_type}"))
}

/// `outer > inner` for each edge, by label.
fn containment(graph: &FileGraph) -> Vec<String> {
    let label = |id| {
        graph
            .nodes
            .iter()
            .find(|node| node.id == id)
            .unwrap()
            .label
            .as_str()
    };
    let edges = graph.edges.iter();
    edges
        .map(|edge| format!("{} > {}", label(edge.source), label(edge.target)))
        .collect()
}

#[test]
fn a_file_contains_its_definitions_as_they_nest() {
    let file = FileBuilder::new("src/a.ts")
        .definition(ChunkKind::Namespace, "Geo", (1, 20))
        .definition(ChunkKind::Interface, "Geo.Point", (2, 4))
        .definition(ChunkKind::Class, "Geo.Shape", (5, 19))
        .definition(ChunkKind::Method, "Geo.Shape.area", (6, 9))
        .definition(ChunkKind::TypeAlias, "Side", (21, 21))
        .build();
    let graph = graph(&file);
    let edges = [
        "src/a.ts > Geo",
        "Geo > Point",
        "Geo > Shape",
        "Shape > area",
        "src/a.ts > Side",
    ];
    assert_eq!(containment(&graph), edges);
    assert_eq!(
        graph.edges[0].properties["hierarchy_level"],
        "file_to_entity"
    );
    assert_eq!(
        graph.edges[1].properties["hierarchy_level"],
        "entity_to_entity"
    );
}

#[test]
fn every_kind_of_function_is_a_function() {
    use ChunkKind::{ArrowFunction, AsyncFunction, Function, Generator};
    let kinds = [Function, ArrowFunction, AsyncFunction, Generator];
    let file = kinds.iter().fold(FileBuilder::new("a.ts"), |file, kind| {
        file.definition(*kind, "f", (1, 2))
    });
    let graph = graph(&file.build());
    assert_eq!(graph.nodes_by_type()[&NodeType::Function], 4);
    assert_eq!(graph.nodes[2].properties["type"], "arrow_function");
}

#[test]
fn the_pieces_of_a_definition_belong_to_one_node() {
    let mut file = FileBuilder::new("a.ts")
        .chunk(ChunkKind::Module, "", (1, 1))
        .definition(ChunkKind::Function, "long", (2, 50))
        .chunk(ChunkKind::Function, "long", (51, 99))
        .build();
    file.definitions[0].chunks = 1..3;
    let graph = graph(&file);
    let [module, long] = [NodeType::Module, NodeType::Function].map(|kind| node(&graph, kind));
    assert_eq!(graph.owners, [module.id, long.id, long.id]);
    assert_eq!((module.chunk, long.chunk), (Some(0), Some(1)));
}

#[test]
fn a_module_tells_what_the_page_of_modules_shows() {
    let file = FileBuilder::new("packages/core/src/ui/button.ts")
        .definition(ChunkKind::Class, "Button", (3, 9))
        .definition(ChunkKind::Method, "Button.render", (4, 8))
        .build();
    let graph = graph(&file);
    let module = &node(&graph, NodeType::Module).properties;
    let told = [
        "name",
        "exports_count",
        "loc",
        "chunk_count",
        "imports",
        "parent_package",
        "parent_module",
        "parent_folder",
    ];
    assert_eq!(
        told.map(|key| module[key].clone()),
        [
            json!("packages/core/src/ui/button.ts"),
            json!(1),
            json!(18),
            json!(2),
            json!(["./geometry.Point", "./geometry"]),
            json!("core"),
            json!("ui"),
            json!("packages/core/src/ui"),
        ]
    );
    assert_eq!(
        module["name_path"], "shapes",
        "without a definition's own name"
    );
    assert_eq!(
        node(&graph, NodeType::Method).properties["name_path"],
        "shapes.Button.render"
    );
}

#[test]
fn a_configuration_file_has_a_node_for_its_settings() {
    let file = FileBuilder::new("vite.config.ts")
        .chunk(ChunkKind::ConfigModule, "", (1, 5))
        .build();
    let graph = graph(&file);
    assert_eq!(graph.nodes.len(), 2);
    assert_eq!(graph.owners, [node(&graph, NodeType::Config).id]);
    assert_eq!(containment(&graph), ["vite.config.ts > shapes"]);
}

#[test]
fn a_barrel_is_its_files_module_and_no_second_one() {
    let mut file = FileBuilder::new("src/index.ts")
        .chunk(ChunkKind::Barrel, "", (1, 5))
        .build();
    let re_exports = json!([{"symbol": "a", "source": "./a", "is_type": false}]);
    let metadata = &mut file.chunks[0].metadata;
    *metadata = metadata.with([("re_exports".to_owned(), re_exports.clone())]);
    let graph = graph(&file);
    assert_eq!(graph.nodes.len(), 1);
    let properties = &graph.nodes[0].properties;
    assert_eq!(
        (&properties["is_barrel"], &properties["re_exports"]),
        (&Value::Bool(true), &re_exports)
    );
}

#[test]
fn a_long_name_is_cut_where_the_readers_cut_it() {
    let name = "é".repeat(101);
    let file = FileBuilder::new("a.ts")
        .definition(ChunkKind::Function, &name, (1, 2))
        .build();
    let graph = graph(&file);
    let function = node(&graph, NodeType::Function);
    assert_eq!(function.label, format!("{}...", "é".repeat(97)));
    assert_eq!(function.properties["name"], name);
}

#[test]
fn a_function_defined_twice_is_two_nodes() {
    let file = FileBuilder::new("a.py")
        .definition(ChunkKind::Function, "f", (1, 2))
        .definition(ChunkKind::Function, "f", (4, 5))
        .build();
    let graph = graph(&file);
    assert_ne!(graph.nodes[1].id, graph.nodes[2].id);
}
