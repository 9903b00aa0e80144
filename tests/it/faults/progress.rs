//! What was run already, in a file: a full run takes hours, and goes on where it was cut off.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;

use super::calls::Series;

/// Lines of the form `SCENARIO ROLE CALL FAULT NUMBER VERDICT`, with tabs between them. The verdict is `good`, `end` where the
/// series has no such call, or what was wrong.
pub struct Progress {
    lines: BTreeMap<String, BTreeMap<u32, String>>,
    file: Mutex<File>,
}

/// How a point ended.
pub enum Verdict {
    Good,
    /// The command makes fewer calls than that.
    End,
    Bad(String),
}

impl Progress {
    pub fn path() -> PathBuf {
        std::env::var_os("WT_FAULTS_FILE")
            .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("faults.tsv"), PathBuf::from)
    }

    pub fn open() -> Self {
        let path = Self::path();
        let mut lines: BTreeMap<String, BTreeMap<u32, String>> = BTreeMap::new();
        for line in fs::read_to_string(&path).unwrap_or_default().lines() {
            let mut words = line.rsplitn(3, '\t');
            let (Some(verdict), Some(number), Some(series)) = (words.next(), words.next(), words.next())
            else {
                continue;
            };
            let Ok(number) = number.parse() else { continue };
            lines.entry(series.to_owned()).or_default().insert(number, verdict.to_owned());
        }
        let file = Mutex::new(File::options().create(true).append(true).open(path).unwrap());
        Self { lines, file }
    }

    /// The first number of a series that was not tried; `None` where its end was seen.
    pub fn next(&self, series: &Series) -> Option<u32> {
        let Some(known) = self.lines.get(&series.to_string()) else { return Some(1) };
        let is_over = known.values().any(|verdict| verdict == "end");
        (!is_over).then(|| known.keys().next_back().map_or(1, |last| last + 1))
    }

    pub fn note(&self, series: &Series, number: u32, verdict: &Verdict) {
        let verdict = match verdict {
            Verdict::Good => "good".to_owned(),
            Verdict::End => "end".to_owned(),
            Verdict::Bad(said) => format!("BAD {}", said.replace(['\n', '\t'], " | ")),
        };
        writeln!(self.file.lock().unwrap(), "{series}\t{number}\t{verdict}").unwrap();
    }

    /// The table of points by scenario, and those that were bad.
    pub fn table(planned: &BTreeMap<&'static str, usize>) -> (String, Vec<String>) {
        let known = Self::open();
        let mut table =
            format!("{:<26}{:>9}{:>9}{:>9}{:>6}\n", "scenario", "planned", "reached", "judged", "bad");
        let (mut bad, mut sum) = (Vec::new(), [0; 4]);
        for (scenario, planned) in planned {
            let mut row = [*planned, 0, 0, 0];
            for (series, numbers) in &known.lines {
                if series.split('\t').next() != Some(scenario) {
                    continue;
                }
                for (number, verdict) in numbers.iter().filter(|(_, verdict)| *verdict != "end") {
                    row[1] += 1;
                    row[2] += 1;
                    if verdict != "good" {
                        row[3] += 1;
                        bad.push(format!("{series}\t{number}\t{verdict}"));
                    }
                }
            }
            writeln!(table, "{scenario:<26}{:>9}{:>9}{:>9}{:>6}", row[0], row[1], row[2], row[3]).unwrap();
            sum.iter_mut().zip(row).for_each(|(sum, count)| *sum += count);
        }
        writeln!(table, "{:<26}{:>9}{:>9}{:>9}{:>6}", "all", sum[0], sum[1], sum[2], sum[3]).unwrap();
        (table, bad)
    }
}
