//! Files as a repository of sources has them.

use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Sizes from 0.5 to 60 KB, most of them small, of a fixed seed; 12 files in a folder.
pub fn write_sources(root: &Path, files: usize, version: usize) {
    let mut seed = 7_u64;
    let mut next = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for number in 0..files {
        let folder = root.join(format!("part-{}/module-{}", number / 144, number / 12));
        fs::create_dir_all(&folder).unwrap();
        let size = 500 + if next(12) == 0 { next(60_000) } else { next(6000) };
        let mut text = format!("version {version} of file {number}\n");
        while u64::try_from(text.len()).unwrap() < size {
            writeln!(text, "let value_{} = compute({}, {});", next(90), next(100_000), next(9)).unwrap();
        }
        fs::write(folder.join(format!("file-{number}.rs")), text).unwrap();
    }
}
