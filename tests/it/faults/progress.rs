//! What was run already, in a file: a full run takes hours, and goes on where it was cut off.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;

use super::calls::Series;

/// Lines of the form `SCENARIO ROLE CALL FAULT NUMBER VERDICT`, with tabs between them. The verdict is `good`, `end` where the
/// command made no such call in that run, or what was wrong.
pub struct Progress {
    verdicts: HashMap<String, String>,
    file: Mutex<File>,
}

/// How a point ended.
pub enum Verdict {
    Good,
    /// The command makes fewer calls than that.
    End,
    Bad(String),
}

impl Verdict {
    /// As one word, or one line.
    pub fn said(&self) -> String {
        match self {
            Self::Good => "good".to_owned(),
            Self::End => "end".to_owned(),
            Self::Bad(said) => format!("BAD {}", said.replace(['\n', '\t'], " | ")),
        }
    }
}

impl Progress {
    pub fn path() -> PathBuf {
        std::env::var_os("WT_FAULTS_FILE")
            .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("faults.tsv"), PathBuf::from)
    }

    pub fn open() -> Self {
        let path = Self::path();
        let mut verdicts = HashMap::new();
        for line in fs::read_to_string(&path).unwrap_or_default().lines() {
            if let Some((point, verdict)) = line.rsplit_once('\t') {
                verdicts.insert(point.to_owned(), verdict.to_owned());
            }
        }
        let file = Mutex::new(File::options().create(true).append(true).open(path).unwrap());
        Self { verdicts, file }
    }

    /// Answers whether a run has had this point.
    pub fn has(&self, series: &Series, number: u32) -> bool {
        self.verdicts.contains_key(&format!("{series}\t{number}"))
    }

    pub fn note(&self, series: &Series, number: u32, verdict: &Verdict) {
        let verdict = verdict.said();
        writeln!(self.file.lock().unwrap(), "{series}\t{number}\t{verdict}").unwrap();
    }

    /// How many points were reached, and how many were judged.
    pub fn sums() -> (usize, usize) {
        let known = Self::open().verdicts;
        (known.values().filter(|verdict| *verdict != "end").count(), known.len())
    }

    /// The table of points by scenario, and those that were bad. A point counts as planned where the run in which nothing went wrong
    /// had that call, or where a later one did; as judged where the judge found it good or bad.
    pub fn table(planned: &[(Series, u32)]) -> (String, Vec<String>) {
        let known = Self::open();
        let mut rows: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
        for (series, count) in planned {
            rows.entry(series.scenario).or_default()[0] += usize::try_from(*count).unwrap();
        }
        let counts: HashMap<String, u32> =
            planned.iter().map(|(series, count)| (series.to_string(), *count)).collect();
        let mut bad = Vec::new();
        for (point, verdict) in &known.verdicts {
            let Some(row) = rows.get_mut(point.split('\t').next().unwrap_or_default()) else { continue };
            let (series, number) = point.rsplit_once('\t').unwrap_or_default();
            let is_later = counts
                .get(series)
                .is_none_or(|count| number.parse().is_ok_and(|number: u32| number > *count));
            row[0] += usize::from(is_later && verdict != "end");
            row[1] += usize::from(verdict != "end");
            row[2] += 1;
            if verdict.starts_with("BAD") {
                row[3] += 1;
                bad.push(format!("{point}\t{verdict}"));
            }
        }
        let mut table =
            format!("{:<26}{:>9}{:>9}{:>9}{:>6}\n", "scenario", "planned", "reached", "judged", "bad");
        let mut sum = [0; 4];
        for row in rows.values() {
            sum.iter_mut().zip(row).for_each(|(sum, count)| *sum += count);
        }
        for (scenario, row) in rows.iter().chain([(&"all", &sum)]) {
            writeln!(table, "{scenario:<26}{:>9}{:>9}{:>9}{:>6}", row[0], row[1], row[2], row[3]).unwrap();
        }
        (table, bad)
    }
}
