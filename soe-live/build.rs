//! Compiles the wire format, without `protoc`, and finds the model of face recognition.

use std::error::Error;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use prost::Message;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let files = protox::compile(
        ["invocation.proto", "control.proto", "etsimec.proto"],
        ["proto"],
    )?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    fs::write(out.join("descriptor.bin"), files.encode_to_vec())?;
    tonic_prost_build::configure()
        .bytes(".")
        .btree_map(".")
        .compile_fds(files)?;
    if env::var_os("CARGO_FEATURE_FACEREC").is_some() {
        fs::copy(face_model()?, out.join("faces.bin"))?;
    }
    Ok(())
}

/// The model of frontal faces, which is a file of the package `rustface`.
fn face_model() -> Result<PathBuf, Box<dyn Error>> {
    let cargo = env::var_os("CARGO").ok_or("CARGO is not set")?;
    let target = env::var_os("TARGET").ok_or("TARGET is not set")?;
    let metadata = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--offline"])
        .args(["--features", "facerec", "--filter-platform"])
        .arg(target)
        .output()?;
    let metadata = String::from_utf8(metadata.stdout)?;
    let paths = metadata.split("\"manifest_path\":\"").skip(1);
    let mut paths = paths.filter_map(|rest| rest.split('"').next().map(PathBuf::from));
    let package = paths.find_map(|manifest| {
        let folder = manifest.parent()?;
        let name = folder.file_name()?.to_str()?;
        name.starts_with("rustface").then(|| folder.to_owned())
    });
    let package = package.ok_or("the package rustface is not found")?;
    let model = package.join("model").join("seeta_fd_frontal_v1.0.bin");
    println!("cargo:rerun-if-changed={}", model.display());
    Ok(model)
}
