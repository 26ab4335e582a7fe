//! Dependencies (their sources, licences and compilers) and our packages (their licence files, addresses and links). `cargo deny` checks
//! more where it is installed; these tests run everywhere and read its list.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn toml_file(name: &str) -> toml::Table {
    std::fs::read_to_string(root().join(name))
        .unwrap()
        .parse()
        .unwrap()
}

/// The packages of the lock file, as `cargo metadata` knows them without network.
///
/// Of all platforms where their sources have been fetched (`cargo fetch --locked`), of this one otherwise.
fn packages() -> Vec<Value> {
    let cargo = || {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(root());
        command
    };
    let metadata = |platform: &[&str]| {
        let arguments = ["metadata", "--locked", "--offline", "--format-version", "1"];
        cargo().args(arguments).args(platform).output().unwrap()
    };
    let mut output = metadata(&[]);
    if !output.status.success() {
        println!("only this platform's packages: `cargo fetch --locked` fetches the others'");
        let version = String::from_utf8(cargo().arg("-vV").output().unwrap().stdout).unwrap();
        let host = version
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .unwrap();
        output = metadata(&["--filter-platform", host]);
    }
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let all: Value = serde_json::from_slice(&output.stdout).unwrap();
    all["packages"].as_array().unwrap().clone()
}

/// True where the licence expression can be met by licences of the list. `/` is an old way to write OR; AND binds before OR.
fn is_met(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut tokens = spaced.split_whitespace().peekable();
    let met = any_of(&mut tokens, allowed);
    assert!(tokens.next().is_none(), "not understood: {expression}");
    met
}

type Tokens<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any_of(tokens: &mut Tokens<'_>, allowed: &BTreeSet<String>) -> bool {
    let mut met = all_of(tokens, allowed);
    while tokens.next_if_eq(&"OR").is_some() {
        met |= all_of(tokens, allowed);
    }
    met
}

fn all_of(tokens: &mut Tokens<'_>, allowed: &BTreeSet<String>) -> bool {
    let mut met = one(tokens, allowed);
    while tokens.next_if_eq(&"AND").is_some() {
        met &= one(tokens, allowed);
    }
    met
}

fn one(tokens: &mut Tokens<'_>, allowed: &BTreeSet<String>) -> bool {
    let name = tokens.next().unwrap();
    if name == "(" {
        let met = any_of(tokens, allowed);
        assert_eq!(tokens.next(), Some(")"));
        return met;
    }
    match tokens.next_if_eq(&"WITH") {
        Some(_) => allowed.contains(&format!("{name} WITH {}", tokens.next().unwrap())),
        None => allowed.contains(name),
    }
}

fn allowed_licences() -> BTreeSet<String> {
    let list = toml_file("deny.toml")["licenses"]["allow"].clone();
    list.try_into().unwrap()
}

#[test]
fn every_licence_is_one_of_denys_list() {
    let allowed = allowed_licences();
    let packages = packages();
    assert!(
        packages.len() > 100,
        "{} packages are not the tree",
        packages.len()
    );
    for package in packages {
        let expression = package["license"].as_str().unwrap_or("");
        assert!(
            !expression.is_empty(),
            "{} names no licence",
            package["name"]
        );
        assert!(
            is_met(expression, &allowed),
            "{}: {expression}",
            package["name"]
        );
    }
}

#[test]
fn a_licence_expression_means_what_its_operators_say() {
    let allowed = ["MIT", "Zlib"].map(String::from).into();
    for met in [
        "MIT",
        "GPL-3.0/MIT",
        "GPL-3.0 AND Apache-2.0 OR MIT",
        "(MIT OR GPL-3.0) AND Zlib",
    ] {
        assert!(is_met(met, &allowed), "{met}");
    }
    for unmet in [
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "MIT WITH exception",
        "(MIT OR GPL-3.0) AND Unicode-3.0",
    ] {
        assert!(!is_met(unmet, &allowed), "{unmet}");
    }
}

/// The lock files of what is ours: the workspace's, and the fuzz targets' beside it.
const LOCKS: [&str; 2] = ["Cargo.lock", "fuzz/Cargo.lock"];

#[test]
fn every_locked_package_is_from_crates_io_with_its_checksum_or_is_ours() {
    for file in LOCKS {
        let lock = toml_file(file);
        for package in lock["package"].as_array().unwrap() {
            let name = package["name"].as_str().unwrap();
            match package.get("source") {
                Some(source) => {
                    assert_eq!(source.as_str(), Some(CRATES_IO), "{file}: {name}");
                    let checksum = package["checksum"].as_str().unwrap();
                    assert_eq!(checksum.len(), 64, "{name}: SHA-256 in hexadecimal");
                }
                None => assert!(
                    name == "tiam" || name.starts_with("tiam-"),
                    "{file}: {name} is a path outside this repository"
                ),
            }
        }
    }
}

/// Cargo mends a stale lock file in silence, and only `--locked` refuses it: nothing here builds the fuzz targets with it.
#[test]
fn the_fuzz_targets_lock_file_has_our_crates_dependencies() {
    let locked = toml_file("fuzz/Cargo.lock");
    let locked = locked["package"].as_array().unwrap();
    let mut compared = 0;
    for package in packages() {
        let is_named = |locked: &&toml::Value| locked["name"].as_str() == package["name"].as_str();
        if !package["source"].is_null() {
            continue;
        }
        // What the targets do not use is not in their lock file.
        let Some(locked) = locked.iter().find(is_named) else {
            continue;
        };
        // Where there are two versions of a name, the lock file writes the version behind it.
        let locked: BTreeSet<&str> = locked["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .map(|d| d.as_str().unwrap().split(' ').next().unwrap())
            .collect();
        for dependency in package["dependencies"].as_array().unwrap() {
            if dependency["kind"].is_null() && dependency["optional"] == Value::Bool(false) {
                let dependency = dependency["name"].as_str().unwrap();
                assert!(
                    locked.contains(dependency),
                    "fuzz/Cargo.lock is stale: {} needs {dependency}; `cargo metadata --manifest-path fuzz/Cargo.toml` mends it",
                    package["name"]
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 10, "{compared} dependencies are not all");
}

#[test]
fn no_dependency_asks_for_a_newer_compiler_than_is_stated() {
    let manifest = toml_file("Cargo.toml");
    let stated = manifest["workspace"]["package"]["rust-version"]
        .as_str()
        .unwrap();
    let version = |text: &str| {
        text.split('.')
            .map(|part| part.parse().unwrap())
            .collect::<Vec<u32>>()
    };
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        let asked = package["rust_version"].as_str();
        if package["source"].is_null() {
            assert_eq!(asked, Some(stated), "{name}");
        }
        if let Some(asked) = asked {
            assert!(
                version(asked) <= [version(stated), vec![u32::MAX]].concat(),
                "{name} asks for {asked}"
            );
        }
    }
}

/// The folder and the manifest of every crate that is published.
fn published() -> Vec<(PathBuf, toml::Table)> {
    let mut found = vec![];
    for entry in std::fs::read_dir(root().join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap();
        let manifest = toml_file(&format!("crates/{name}/Cargo.toml"));
        if manifest["package"].get("publish") != Some(&toml::Value::Boolean(false)) {
            found.push((folder, manifest));
        }
    }
    found
}

/// `cargo package --list` of one crate: every file that its package would hold.
fn files_of_package(folder: &Path) -> BTreeSet<String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let arguments = ["package", "--list", "--allow-dirty", "--offline"];
    let output = cargo.args(arguments).current_dir(folder).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let list = String::from_utf8(output.stdout).unwrap();
    list.lines().map(|line| line.replace('\\', "/")).collect()
}

#[test]
fn every_package_holds_both_licences_and_its_readme_but_no_tests() {
    for (folder, _) in published() {
        let files = files_of_package(&folder);
        for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
            assert!(files.contains(name), "{}: no {name}", folder.display());
            assert_eq!(
                std::fs::read(folder.join(name)).unwrap(),
                std::fs::read(root().join(name)).unwrap(),
                "{}: {name} differs from the repository's",
                folder.display()
            );
        }
        assert!(files.contains("README.md"), "{}", folder.display());
        // Tests may read files that lie outside their crate.
        let tests: Vec<_> = files.iter().filter(|f| f.starts_with("tests/")).collect();
        assert!(tests.is_empty(), "{}: {tests:?}", folder.display());
    }
}

#[test]
fn every_package_says_where_its_documentation_is_and_links_only_to_full_addresses() {
    let workspace = toml_file("Cargo.toml");
    assert!(workspace["workspace"]["package"]["homepage"].is_str());
    for (folder, manifest) in published() {
        let package = &manifest["package"];
        let name = package["name"].as_str().unwrap();
        assert_eq!(
            package["documentation"].as_str(),
            Some(format!("https://docs.rs/{name}").as_str())
        );
        for inherited in ["homepage", "include", "license", "rust-version", "version"] {
            let value = &package[inherited];
            assert_eq!(
                value["workspace"].as_bool(),
                Some(true),
                "{name}: {inherited}"
            );
        }
        let description = package["description"].as_str().unwrap();
        assert!(description.len() <= 150, "{name}: {description}");
        // docs.rs and the registry show this file without the repository around it.
        let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
        for link in readme.split("](").skip(1) {
            assert!(
                link.starts_with("https://") || link.starts_with('#'),
                "{name}: README.md links to {}, which docs.rs does not have",
                link.split(')').next().unwrap()
            );
        }
    }
}
