//! Workflow files: the examples, and what wrong files get.

use soe_model::workflow::{Form, Shape, Source, Workflow, parse_conf};

#[test]
fn the_examples_read_back_and_are_those_of_the_original() {
    for form in [Form::Chain, Form::Dag] {
        let example = Workflow::template(form);
        let text = example.print();
        assert_eq!(Workflow::parse(form, &text), Ok(example.clone()), "{text}");
        let sizes: Vec<_> = example.sizes.values().map(|size| size.0).collect();
        assert_eq!(sizes, [10_000, 20_000, 30_000, 40_000]);
        assert!(!example.plan.is_needed("s3"));
    }
    let chain = Workflow::template(Form::Chain);
    assert_eq!(chain.plan.name(), "f1-f2-f1");
    assert_eq!(chain.plan.needed_by(0).collect::<Vec<_>>(), ["s0", "s1"]);
    assert_eq!(chain.plan.needed_by(1).collect::<Vec<_>>(), ["s1", "s2"]);
    let dag = Workflow::template(Form::Dag);
    assert_eq!(dag.plan.shape(), Shape::Dag);
    assert_eq!(dag.plan.name(), "f0-f1-f2-f2");
    assert_eq!(dag.plan.predecessors(3), [1, 2]);
    assert_eq!(Workflow::template_name(Form::Dag), "dag-example.json");
}

#[test]
fn the_file_of_the_originals_documentation_is_read() {
    let text = r#"{
  "functions" : [ "f1", "f2", "f1" ],
  "dependencies" : { "s0" : [ "f1" ], "s1" : [ "f1", "f2" ], "s2" : [ "f2" ], "s3" : null },
  "state-sizes" : { "s0" : 10000, "s1" : 20000, "s2" : 30000, "s3" : 40000 }
}"#;
    assert_eq!(
        Workflow::parse(Form::Chain, text),
        Ok(Workflow::template(Form::Chain))
    );
}

#[test]
fn one_function_is_a_chain_and_a_dag() {
    let chain = r#"{"functions": ["f"], "dependencies": {}, "state-sizes": {}}"#;
    assert_eq!(Workflow::parse(Form::Chain, chain).unwrap().plan.steps(), 1);
    let dag = r#"{"successors": [], "functionNames": ["f"], "dependencies": {"s": ["f"]},
                  "state-sizes": {"s": 1}}"#;
    let plan = Workflow::parse(Form::Dag, dag).unwrap().plan;
    assert_eq!((plan.steps(), plan.is_last(0)), (1, true));
    // What is sent of it is a chain, which brokers of the original keep whole.
    assert_eq!(plan.only(0).shape(), Shape::Chain);
    assert!(plan.only(0).needs(0, "s"));
}

#[test]
fn wrong_chains_get_one_line() {
    for (text, line) in [
        (
            "",
            "Invalid JSON content for a chain: EOF while parsing a value at line 1 column 0",
        ),
        (
            "{\"functions\": [\"f\"]\n \"dependencies\": {}}",
            "Invalid JSON content for a chain: expected `,` or `}` at line 2 column 2",
        ),
        (
            "[1]",
            "Invalid JSON content for a chain: found a list, expected an object",
        ),
        (
            r#"{"dependencies": {}, "state-sizes": {}}"#,
            "Invalid JSON content for a chain: `functions` is missing",
        ),
        (
            r#"{"functions": ["f"], "state-sizes": {}}"#,
            "Invalid JSON content for a chain: `dependencies` is missing",
        ),
        (
            r#"{"functions": ["f"], "dependencies": {}}"#,
            "Invalid JSON content for a chain: `state-sizes` is missing",
        ),
        (
            r#"{"functions": ["f"], "depends": {}, "dependencies": {}, "state-sizes": {}}"#,
            "Invalid JSON content for a chain: unknown key `depends`, known: functions, \
             dependencies, state-sizes",
        ),
        (
            r#"{"functions": "f", "dependencies": {}, "state-sizes": {}}"#,
            "Invalid JSON content for a chain: `functions`: found a text, expected a list of names \
             of functions",
        ),
        (
            r#"{"functions": ["f", 1], "dependencies": {}, "state-sizes": {}}"#,
            "Invalid JSON content for a chain: `functions`: found a number, expected a list of \
             names of functions",
        ),
        (
            r#"{"functions": ["f", ""], "dependencies": {}, "state-sizes": {}}"#,
            "Invalid JSON content for a chain: `functions`: found an empty name",
        ),
        (
            r#"{"functions": [], "dependencies": {}, "state-sizes": {}}"#,
            "Invalid JSON content for a chain: `functions` is empty, expected at least one \
             function",
        ),
        (
            r#"{"functions": ["f"], "dependencies": [], "state-sizes": {}}"#,
            "Invalid JSON content for state dependencies: `dependencies`: found a list, expected \
             an object with a key for each state",
        ),
        (
            r#"{"functions": ["f"], "dependencies": {"s": "f"}, "state-sizes": {"s": 1}}"#,
            "Invalid JSON content for state dependencies: `s`: found a text, expected a list of \
             names of functions",
        ),
        (
            r#"{"functions": ["f", "h", "f"], "dependencies": {"s": ["f", "g"]}, "state-sizes": {"s": 1}}"#,
            "could not find the following function that state 's' depends on: g; the functions \
             are f, h",
        ),
        (
            r#"{"functions": ["f"], "dependencies": {"s": []}, "state-sizes": {"s": 1}}"#,
            "no function needs state 's': name functions in `dependencies`, or write null there \
             for a state that is only kept",
        ),
        (
            r#"{"functions": ["f"], "dependencies": {}, "state-sizes": {"s": 1}}"#,
            "no function needs state 's': name functions in `dependencies`, or write null there \
             for a state that is only kept",
        ),
        (
            r#"{"functions": ["f"], "dependencies": {"s": ["f"]}, "state-sizes": {}}"#,
            "state 's' has no size in `state-sizes`",
        ),
        (
            r#"{"functions": ["f"], "dependencies": {"s": ["f"]}, "state-sizes": {"s": -1}}"#,
            "Invalid JSON content for state dependencies: size of state `s`: found -1, expected a \
             whole number of bytes, at most 1099511627776",
        ),
        (
            r#"{"functions": ["f"], "dependencies": {"s": ["f"]}, "state-sizes": {"s": "1"}}"#,
            "Invalid JSON content for state dependencies: size of state `s`: found a text, \
             expected a whole number of bytes, at most 1099511627776",
        ),
    ] {
        let error = Workflow::parse(Form::Chain, text).unwrap_err().to_string();
        assert_eq!(error, line, "{text}");
        assert_eq!(error.lines().count(), 1);
    }
}

#[test]
fn wrong_dags_get_one_line() {
    for (successors, functions, line) in [
        (
            "1",
            r#"["a"]"#,
            "Invalid JSON content for a DAG: `successors`: found a number, expected a list of \
             lists of whole numbers",
        ),
        (
            "[[-1]]",
            r#"["a", "b"]"#,
            "Invalid JSON content for a DAG: `successors`: found a number, expected a list of \
             lists of whole numbers",
        ),
        (
            "[[1], [2]]",
            r#"["a", "b"]"#,
            "Invalid size of successors and function names: 2 vs 2, expected one function more \
             than lists of successors, as the last function has no successor: does one follow the \
             last?",
        ),
        (
            "[[1], [0]]",
            r#"["a", "b", "c"]"#,
            "Invalid successor graph: step 1 has successor 0, allowed are steps 1 to 2",
        ),
        (
            "[[1], [3]]",
            r#"["a", "b", "c"]"#,
            "Invalid successor graph: step 1 has successor 3, allowed are steps 1 to 2",
        ),
        (
            "[[1, 2], [], [3]]",
            r#"["a", "b", "c", "d"]"#,
            "Invalid successor graph: step 1 has no successor; only the last step, 3, may have \
             none",
        ),
        (
            "[[2], [2]]",
            r#"["a", "b", "c"]"#,
            "Invalid successor graph: step 1 has no predecessor; only step 0 may have none",
        ),
        (
            "[[1], [2], [1, 3]]",
            r#"["a", "b", "c", "d"]"#,
            "Invalid successor graph: steps 1, 2 form a cycle",
        ),
        (
            "[[1, 1]]",
            r#"["a", "b"]"#,
            "Invalid successor graph: step 0 has successor 1 twice",
        ),
    ] {
        let text = format!(
            r#"{{"successors": {successors}, "functionNames": {functions}, "dependencies": {{}},
                 "state-sizes": {{}}}}"#
        );
        let error = Workflow::parse(Form::Dag, &text).unwrap_err().to_string();
        assert_eq!(error, line, "{text}");
    }
    let chain = Workflow::template(Form::Chain).print();
    let error = Workflow::parse(Form::Dag, &chain).unwrap_err().to_string();
    assert_eq!(
        error,
        "Invalid JSON content for a DAG: unknown key `functions`, known: successors, \
         functionNames, dependencies, state-sizes"
    );
}

#[test]
fn configuration_strings_are_those_of_the_original() {
    let file = |name: &str| Some(Source::File(name.to_owned()));
    assert_eq!(
        parse_conf("type=file,filename=a/b.json"),
        Ok(file("a/b.json"))
    );
    assert_eq!(parse_conf("type=make-template"), Ok(Some(Source::Template)));
    assert_eq!(parse_conf(""), Ok(None));
    for (text, line) in [
        ("filename=a", "No value found for key: type"),
        ("type=file", "No value found for key: filename"),
        (
            "type=file,filename=a,size=3",
            "unknown key `size`, known: type, filename",
        ),
        (
            "type=make-template,filename=a",
            "unknown key `filename`, known: type",
        ),
    ] {
        assert_eq!(parse_conf(text).unwrap_err().to_string(), line);
    }
    let error = parse_conf("type=url").unwrap_err().to_string();
    assert!(error.contains("file or make-template"), "{error}");
}
