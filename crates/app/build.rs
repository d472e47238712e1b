//! Puts what `npm run build` made of `web/app` into the program; without it `http/page` has a page that says so.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let app = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/app");
    let dist = app.join("dist");
    let mut files = BTreeSet::new();
    if dist.join("index.html").is_file() {
        find(&dist, &mut files)?;
        println!("cargo::rerun-if-changed={}", dist.display());
    } else {
        // What does not exist cannot be watched, but the folder it will appear in can.
        println!("cargo::rerun-if-changed={}", app.display());
    }

    let top = text(&dist)?;
    let mut code = String::from("&[\n");
    for file in files.iter().filter(|file| !is_packed(file)) {
        let path = file[top.len()..].replace('\\', "/");
        let packed = |suffix: &str| match files.get(&format!("{file}.{suffix}")) {
            Some(packed) => format!("Some(include_bytes!({packed:?}))"),
            None => "None".to_owned(),
        };
        let (brotli, gzip) = (packed("br"), packed("gz"));
        writeln!(code, "File {{ path: {path:?}, bytes: include_bytes!({file:?}), brotli: {brotli}, gzip: {gzip} }},")
            .map_err(io::Error::other)?;
    }
    code.push_str("]\n");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join("page_files.rs"), code)
}

fn find(folder: &Path, files: &mut BTreeSet<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else {
            files.insert(text(&path)?);
        }
    }
    Ok(())
}

fn text(path: &Path) -> io::Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(|| io::Error::other(format!("{} is no Unicode", path.display())))
}

/// Made from another file by `web/app/precompress.mjs`.
fn is_packed(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|extension| extension == "br" || extension == "gz")
}
