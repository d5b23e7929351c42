//! Result folders appear whole or not at all.

#![allow(clippy::unwrap_used)]

use analysis::{FolderError, Manifest, ResultFolder, sha256};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn with_results(path: &Path, content: &[u8]) {
    let folder = ResultFolder::create(path, true).unwrap();
    folder.write("summary.csv", content).unwrap();
    folder.commit(Manifest::default()).unwrap();
}

fn parent_and_path() -> (tempfile::TempDir, PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("results");
    (parent, path)
}

#[test]
fn a_committed_folder_holds_its_files_and_their_digests_and_nothing_is_left_beside_it() {
    let (parent, path) = parent_and_path();
    let folder = ResultFolder::create(&path, false).unwrap();
    folder.write("summary.csv", b"a,b\n").unwrap();
    let mut file = folder.file("plots/latency.svg").unwrap();
    write!(file, "<svg/>").unwrap();
    file.finish().unwrap();
    assert!(!path.exists());
    assert_eq!(
        folder
            .commit(Manifest {
                seed: 9,
                ..Manifest::default()
            })
            .unwrap(),
        path
    );

    assert_eq!(entries(parent.path()), ["results"]);
    assert_eq!(entries(&path), ["manifest.json", "plots", "summary.csv"]);
    let manifest = Manifest::read(&path).unwrap();
    assert_eq!(manifest.seed, 9);
    let digests: Vec<_> = manifest.results.into_iter().collect();
    let expected = [
        ("plots/latency.svg", sha256(b"<svg/>")),
        ("summary.csv", sha256(b"a,b\n")),
    ];
    assert_eq!(
        digests,
        expected.map(|(name, digest)| (name.to_owned(), digest))
    );
}

#[test]
fn a_dropped_folder_leaves_no_trace() {
    let (parent, path) = parent_and_path();
    let folder = ResultFolder::create(&path, false).unwrap();
    folder.write("summary.csv", b"half").unwrap();
    drop(folder);
    assert_eq!(entries(parent.path()), Vec::<String>::new());
}

#[test]
fn an_existing_folder_is_refused_and_untouched() {
    let (parent, path) = parent_and_path();
    with_results(&path, b"old");
    let error = ResultFolder::create(&path, false).unwrap_err();
    assert!(matches!(error, FolderError::Exists(_)));
    assert!(
        error
            .to_string()
            .starts_with(&format!("{}: already exists; ", path.display()))
    );
    assert!(error.to_string().contains("--force"), "{error}");
    assert_eq!(fs::read(path.join("summary.csv")).unwrap(), b"old");
    assert_eq!(entries(parent.path()), ["results"]);
}

#[test]
fn a_forced_folder_replaces_the_old_one_only_when_complete() {
    let (parent, path) = parent_and_path();
    with_results(&path, b"old");
    fs::write(path.join("stale.csv"), b"x").unwrap();

    let folder = ResultFolder::create(&path, true).unwrap();
    folder.write("summary.csv", b"new").unwrap();
    assert_eq!(fs::read(path.join("summary.csv")).unwrap(), b"old");
    drop(folder);
    assert_eq!(fs::read(path.join("summary.csv")).unwrap(), b"old");

    with_results(&path, b"new");
    assert_eq!(fs::read(path.join("summary.csv")).unwrap(), b"new");
    assert_eq!(entries(&path), ["manifest.json", "summary.csv"]);
    assert_eq!(entries(parent.path()), ["results"]);
}

#[test]
fn force_replaces_an_empty_folder_but_nothing_that_holds_other_files() {
    let (_parent, path) = parent_and_path();
    fs::create_dir(&path).unwrap();
    with_results(&path, b"new");

    fs::remove_file(path.join("manifest.json")).unwrap();
    let error = ResultFolder::create(&path, true).unwrap_err();
    assert!(
        error.to_string().contains("has files but no manifest.json"),
        "{error}"
    );

    // Web applications and extensions of browsers have a file of the same name.
    let mut of_another: serde_json::Value =
        serde_json::from_str(&Manifest::default().to_json()).unwrap();
    of_another["program"] = "another".into();
    for foreign in ["{\"short_name\": \"App\"}", "", &of_another.to_string()] {
        fs::write(path.join("manifest.json"), foreign).unwrap();
        let error = ResultFolder::create(&path, true).unwrap_err();
        assert!(
            error.to_string().contains("is not of this program"),
            "{error}"
        );
        assert_eq!(entries(&path), ["manifest.json", "summary.csv"]);
    }

    let file = path.join("summary.csv");
    let error = ResultFolder::create(&file, true).unwrap_err();
    assert!(
        error.to_string().contains("summary.csv: is not a folder"),
        "{error}"
    );
}

#[test]
fn missing_parents_are_created() {
    let (parent, _) = parent_and_path();
    let path = parent.path().join("a/b/c");
    with_results(&path, b"x");
    assert_eq!(entries(&path), ["manifest.json", "summary.csv"]);
}

#[test]
fn a_parent_that_is_a_file_is_named() {
    let (parent, _) = parent_and_path();
    fs::write(parent.path().join("file"), b"").unwrap();
    let error = ResultFolder::create(parent.path().join("file/results"), false).unwrap_err();
    assert!(error.to_string().contains("/file"), "{error}");
}

#[test]
fn a_path_without_a_name_is_refused() {
    for path in ["", "/", "..", "a/.."] {
        assert!(
            matches!(
                ResultFolder::create(path, true),
                Err(FolderError::Name { .. })
            ),
            "{path:?}"
        );
    }
}

#[test]
fn files_stay_in_the_folder_and_are_written_once() {
    let (_parent, path) = parent_and_path();
    let folder = ResultFolder::create(&path, false).unwrap();
    for name in ["", "../x", "/etc/x", "a/../../x", "manifest.json"] {
        assert!(
            matches!(folder.file(name), Err(FolderError::Name { .. })),
            "{name:?}"
        );
    }
    folder.write("a.csv", b"1").unwrap();
    let error = folder.write("a.csv", b"2").unwrap_err();
    assert!(error.to_string().starts_with(&format!(
        "{}: cannot create: ",
        path.join("a.csv").display()
    )));
}

#[test]
fn an_unfinished_file_prevents_the_commit() {
    let (parent, path) = parent_and_path();
    let folder = ResultFolder::create(&path, false).unwrap();
    let mut file = folder.file("calls.csv").unwrap();
    file.write_all(b"partial").unwrap();
    drop(file);
    let error = folder.commit(Manifest::default()).unwrap_err();
    assert!(
        error.to_string().contains("1 result file(s) not finished"),
        "{error}"
    );
    assert_eq!(entries(parent.path()), Vec::<String>::new());
}

#[test]
fn results_that_cannot_be_moved_are_kept_and_what_is_in_the_way_stays() {
    let (_parent, path) = parent_and_path();
    let folder = ResultFolder::create(&path, false).unwrap();
    folder.write("summary.csv", b"new").unwrap();
    // Somebody else takes the place in the meantime.
    fs::create_dir(&path).unwrap();
    fs::write(path.join("precious"), b"x").unwrap();
    let error = folder.commit(Manifest::default()).unwrap_err();
    let FolderError::Move { kept, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(entries(kept), ["manifest.json", "summary.csv"]);
    assert_eq!(entries(&path), ["precious"]);
    assert!(error.to_string().contains(&kept.display().to_string()));
}

#[cfg(unix)]
#[test]
fn the_folder_has_the_permissions_of_any_other() {
    use std::os::unix::fs::PermissionsExt;
    let (parent, path) = parent_and_path();
    with_results(&path, b"x");
    let other = parent.path().join("other");
    fs::create_dir(&other).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&path), mode(&other));
}
