//! `wt ports available` and `wt ports next`: what is free, and what would be given.

use clap::Args;

use crate::cli::session::Session;
use crate::error::Result;
use crate::model::port::PortRanges;
use crate::model::purpose::Purpose;
use crate::model::service::ServiceName;
use crate::ops::ports::available::{self, Available};
use crate::ops::ports::{Capacity, Drawer};
use crate::ui::paint::Paint;
use crate::ui::table::{self, TableRow};

/// Show the ports that are free now, range by range
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    pub drawer: DrawerArguments,
}

/// Show the port that the next create would be given
#[derive(Args, Debug)]
pub struct NextArguments {
    #[command(flatten)]
    pub drawer: DrawerArguments,
    /// Also which ports of the range others were met on, and how often
    #[arg(long)]
    pub likely: bool,
}

/// Whose range.
#[derive(Args, Debug)]
pub struct DrawerArguments {
    /// The purpose whose range is meant
    #[arg(short, long, value_name = "PURPOSE", conflicts_with = "service")]
    pub purpose: Option<Purpose>,
    /// The service whose own range is meant
    #[arg(short, long, value_name = "SERVICE")]
    pub service: Option<ServiceName>,
}

impl DrawerArguments {
    fn drawer(&self) -> Option<Drawer> {
        let purpose = self.purpose.clone().map(Drawer::Purpose);
        purpose.or_else(|| self.service.clone().map(Drawer::Service))
    }
}

/// Runs `wt ports available`; exit 1 when nothing is free.
///
/// # Errors
///
/// `usage` for who has no range.
pub fn run(arguments: &Arguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context()?;
    let drawer = arguments.drawer.drawer();
    let is_one = drawer.is_some();
    let found = available::available(&context, drawer)?;
    let ui = session.ui;
    if ui.is_json() {
        ui.answer_json(&found)?;
    } else if is_one {
        let free: Vec<_> = found.ranges.iter().flat_map(|one| one.ranges.iter().copied()).collect();
        let none = free.is_empty();
        ui.answer(&if none { "none free".to_owned() } else { PortRanges(free).to_string() })?;
    } else if ui.width().is_some() {
        ui.answer(&found.ranges.iter().map(|one| drawn(one, ui.paint())).collect::<String>())?;
    } else {
        let rows: Vec<TableRow> = found
            .ranges
            .iter()
            .map(|one| {
                let range = format!("{}-{}", one.capacity.first, one.capacity.last);
                let free = PortRanges(one.ranges.clone()).to_string();
                let free = if free.is_empty() { "none free".to_owned() } else { free };
                TableRow::plain(vec![one.capacity.drawer.name().to_owned(), range, free])
            })
            .collect();
        ui.answer(&table::render(ui, &[], &rows, &[]))?;
    }
    Ok(u8::from(found.ranges.iter().all(|one| one.ranges.is_empty())))
}

/// A list of ranges may be longer than a line, so it has its own: nothing of it is cut off.
fn drawn(one: &Available, paint: Paint) -> String {
    let Capacity { drawer, first, last, free, .. } = &one.capacity;
    let next = one.next.map(|next| format!(", next {next}")).unwrap_or_default();
    let ranges = PortRanges(one.ranges.clone()).to_string();
    let ranges = if ranges.is_empty() { "  none free\n".to_owned() } else { format!("  {ranges}\n") };
    format!("{} {first}-{last}: {free} free{next}\n{ranges}", paint.strong(drawer.name()))
}

/// Runs `wt ports next`.
///
/// # Errors
///
/// What a create would be refused with.
pub fn run_next(arguments: &NextArguments, session: &Session<'_>) -> Result<u8> {
    let context = session.context()?;
    let mut next = available::next(&context, arguments.drawer.drawer())?;
    if arguments.likely {
        next.held = Some(available::held(&context, &next.drawer)?);
    }
    if session.ui.is_json() {
        session.ui.answer_json(&next)?;
        return Ok(0);
    }
    session.ui.answer(&next.next.to_string())?;
    for held in next.held.iter().flatten() {
        session.ui.answer(&held.to_string())?;
    }
    Ok(0)
}
