//! Puts units of ours where the user's service manager finds them, and takes them away. Enables nothing, and touches no file
//! of somebody else.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::net::family;
use crate::host::unit_files;
use crate::model::units::{self, Served, Unit, UnitStart};

/// What the units need to find the same registry and configuration as this command.
const VARIABLES: [&str; 3] = ["WT_STATE_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME"];

/// Which units are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnitsWish {
    /// Those that look at health regularly.
    Health,
    /// That of `wt monitor`.
    Monitor,
    /// Those of `wt serve`, with its flags.
    Serve { place: Option<Served>, flags: Vec<String> },
}

impl UnitsWish {
    /// What is enabled, by the name of its file: with systemd, and with launchd.
    fn enabled(&self) -> (&'static str, &'static str) {
        match self {
            Self::Health => ("wt-health.timer", "wt-health.plist"),
            Self::Monitor => ("wt-monitor.service", "wt-monitor.plist"),
            Self::Serve { .. } => ("wt-serve.socket", "wt-serve.plist"),
        }
    }
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Report {
    /// The files that were written, or taken away.
    pub files: Vec<String>,
    /// Files that stand there already as they should.
    pub unchanged: Vec<String>,
    /// What to run next.
    pub next: Vec<String>,
    /// The line for a crontab, where there is no such service manager.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crontab: Option<String>,
    /// Files of that name that are not ours, and were left alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub foreign: Vec<String>,
}

/// Where units go and what they are, on this system.
struct Manager {
    folder: PathBuf,
    units: Vec<Unit>,
    enable: Vec<String>,
    disable: Vec<String>,
}

fn manager(context: &Context, start: UnitStart<'_>, wish: &UnitsWish) -> Result<Manager> {
    let (with_systemd, with_launchd) = wish.enabled();
    let home = context.host.home().ok_or_else(|| {
        Failure::new(Code::Usage, "there is no folder for units: HOME is not set").hint("set HOME")
    })?;
    if cfg!(target_os = "macos") {
        let folder = home.join("Library/LaunchAgents");
        let file = folder.join(with_launchd);
        let command = |word: &str| vec![format!("launchctl {word} gui/$(id -u) {}", file.display())];
        let (enable, disable) = (command("bootstrap"), command("bootout"));
        let units = match wish {
            UnitsWish::Health => units::launchd(start),
            UnitsWish::Monitor => units::monitor_launchd(start),
            UnitsWish::Serve { flags, .. } => units::serve_launchd(start, flags),
        };
        return Ok(Manager { folder, units, enable, disable });
    }
    let config =
        context.host.environment.find_folder("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
    let units = match wish {
        UnitsWish::Health => units::systemd(start),
        UnitsWish::Monitor => units::monitor_systemd(start),
        UnitsWish::Serve { place, flags } => {
            let usual = u16::try_from(context.config.serve.port).unwrap_or_default();
            let place = place.clone().unwrap_or(Served::Port(usual));
            units::serve_systemd(start, &place, family::has_ipv6(), flags)
        }
    };
    Ok(Manager {
        folder: config.join("systemd/user"),
        units,
        enable: vec![
            "systemctl --user daemon-reload".to_owned(),
            format!("systemctl --user enable --now {with_systemd}"),
        ],
        disable: vec![format!("systemctl --user disable --now {with_systemd}")],
    })
}

/// Writes the units.
///
/// # Errors
///
/// `path_not_empty` when a file of somebody else has the name: nothing is written then.
pub fn install(context: &Context, wish: &UnitsWish) -> Result<Report> {
    let program = context.host.program()?;
    let set = VARIABLES.iter().filter_map(|name| Some((*name, context.host.environment.find_folder(name)?)));
    let variables: Vec<(String, String)> =
        set.map(|(name, folder)| (name.to_owned(), folder.display().to_string())).collect();
    let start = UnitStart { program: &program.display().to_string(), variables: &variables };
    let manager = manager(context, start, wish)?;
    let mut places = manager.units.iter().map(|unit| manager.folder.join(unit.name));
    if let Some(path) = places.find(|path| unit_files::is_foreign(path)) {
        let message = format!("{} is there already, and not ours", path.display());
        return Err(
            Failure::new(Code::PathNotEmpty, message).hint("move it away first; it was left as it is")
        );
    }
    let (mut files, mut unchanged) = (Vec::new(), Vec::new());
    for unit in &manager.units {
        let path = manager.folder.join(unit.name);
        let list = if unit_files::write(&path, &unit.text)? { &mut files } else { &mut unchanged };
        list.push(path.display().to_string());
    }
    Ok(Report {
        files,
        unchanged,
        next: manager.enable,
        crontab: (*wish == UnitsWish::Health).then(|| units::crontab(start)),
        foreign: Vec::new(),
    })
}

/// Takes away the units that are ours.
///
/// # Errors
///
/// `permission` when one cannot be removed.
pub fn uninstall(context: &Context, wish: &UnitsWish) -> Result<Report> {
    let manager = manager(context, UnitStart { program: "", variables: &[] }, wish)?;
    let (mut files, mut foreign) = (Vec::new(), Vec::new());
    for unit in &manager.units {
        let path = manager.folder.join(unit.name);
        if unit_files::is_foreign(&path) {
            foreign.push(path.display().to_string());
        } else if unit_files::remove(&path)? {
            files.push(path.display().to_string());
        }
    }
    let next = if files.is_empty() { Vec::new() } else { manager.disable };
    Ok(Report { files, unchanged: Vec::new(), next, crontab: None, foreign })
}
