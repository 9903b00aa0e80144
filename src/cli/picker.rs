//! The picker of `wt switch`: rows at once, previews filled in behind, and what its keys ask for.

use std::path::{Path, PathBuf};

use super::create_chosen;
use super::session::Session;
use super::show;
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::model::advised::wt;
use crate::model::picker::{Picker, PickerLine, PickerRow, PickerWish};
use crate::model::policy;
use crate::model::variables::speaks_http;
use crate::model::view::WorktreeView;
use crate::ops::arrival::Arrival;
use crate::ops::desk::{self, Desk};
use crate::ops::list::{self, Request};
use crate::ops::previews::Previews;
use crate::ops::remove;
use crate::ui::paint::Paint;
use crate::ui::picker::{Picture, Stage, list_height};
use crate::ui::table::{Column, TableRow};

/// What somebody chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picked {
    /// The worktree in that folder.
    Worktree(PathBuf),
    /// A new one, called so; the next number without a name.
    New(Option<String>),
    /// Nothing: they left.
    Nothing,
}

/// Lets a person choose on the terminal; when this returns the terminal is as it was.
///
/// # Errors
///
/// `internal` where the terminal cannot be read.
pub fn pick(session: &Session<'_>, context: &Context) -> Result<Picked> {
    // A second signal must not end us while the terminal is another than it was.
    let _held = session.host.interrupt.hold();
    let mut table = Table::new(session, context)?;
    let mut screen = Screen::open(session)?;
    screen.draw(&mut table, None);
    let viewpoint = session.viewpoint();
    let look = move || viewpoint.surroundings().ok().map(|around| around.into_context_at_any_rate().0);
    let mut previews = Previews::begin(look, table.request)?;
    let chosen = run(session, context, &mut table, &mut screen, &mut previews);
    drop(screen);
    drop(previews);
    if table.is_changed {
        session.arrive(context, Arrival::Removal);
    }
    chosen
}

fn run(
    session: &Session<'_>,
    context: &Context,
    table: &mut Table<'_>,
    screen: &mut Screen<'_>,
    previews: &mut Previews,
) -> Result<Picked> {
    loop {
        let meant = table.picker.chosen().map(|choice| choice.path.clone());
        if let Some(path) = &meant {
            previews.want(path);
        }
        screen.draw(table, meant.as_deref().map(|path| (path, &*previews)));
        let happened = screen.desk.wait(previews)?;
        if happened.is_ended {
            return Ok(Picked::Nothing);
        }
        if let Some(rows) = previews.take() {
            table.fill(rows);
        }
        for key in happened.keys {
            match table.picker.press(key) {
                PickerWish::Nothing => {}
                PickerWish::Leave => return Ok(Picked::Nothing),
                PickerWish::Go(choice) => return Ok(Picked::Worktree(choice.path)),
                PickerWish::Create(_) if context.config.policy.is_read_only() => {
                    table.picker.talk = PickerLine::Told(policy::read_only("create").message().to_owned());
                }
                PickerWish::Remove(_) if context.config.policy.is_read_only() => {
                    table.picker.talk = PickerLine::Told(policy::read_only("remove").message().to_owned());
                }
                PickerWish::Create(name) => match create_chosen::check(session, context, name.as_deref()) {
                    Ok(()) => return Ok(Picked::New(name)),
                    Err(failure) => table.picker.talk = PickerLine::Told(one_line(&failure)),
                },
                PickerWish::Suspend => screen.suspend()?,
                PickerWish::Open(choice) => table.picker.talk = open(context, &choice),
                PickerWish::Remove(choice) => {
                    table.picker.talk = PickerLine::Told(format!("removing {} …", choice.name));
                    screen.draw(table, None);
                    let (is_removed, said) = removed(context, &choice);
                    if is_removed {
                        table.drop_row(&choice.path);
                    }
                    previews.forget(&choice.path);
                    table.picker.talk = PickerLine::Told(said);
                }
            }
        }
    }
}

fn open(context: &Context, choice: &PickerRow) -> PickerLine {
    let url = choice.url.as_deref().unwrap_or_default();
    PickerLine::Told(match desk::open(context, url) {
        Ok(()) => format!("opened {url}"),
        Err(failure) => failure.message().to_owned(),
    })
}

/// A plain removal, which never gives anything up. Answers whether it was done, and what there is to say.
fn removed(context: &Context, choice: &PickerRow) -> (bool, String) {
    let request = remove::Request {
        wanted: vec![choice.path.to_string_lossy().into_owned()],
        force: 0,
        delete_branch: false,
        if_exists: false,
        tells: false,
    };
    let report = remove::plan(context, &request).and_then(|plan| remove::apply(context, &plan));
    match report.map(|report| report.stopped.map_or(Ok(()), Err)) {
        Ok(Ok(())) => {
            let restore = wt("restore {}", &[&choice.name]);
            (true, format!("removed {}: `{restore}` brings it back", choice.name))
        }
        Ok(Err(failure)) | Err(failure) => (false, format!("stays: {}", one_line(&failure))),
    }
}

fn one_line(failure: &Failure) -> String {
    failure.message().lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

/// The rows, as `wt list` has them.
struct Table<'a> {
    context: &'a Context,
    request: Request,
    worktrees: Vec<WorktreeView>,
    columns: Vec<Column>,
    rows: Vec<TableRow>,
    picker: Picker,
    /// Whether a worktree was removed.
    is_changed: bool,
    paint: Paint,
}

impl<'a> Table<'a> {
    fn new(session: &Session<'_>, context: &'a Context) -> Result<Self> {
        // Outside of a repository there are those of all.
        let request =
            Request { all: context.repository.is_none(), status: false, size: false, remembers: false };
        let worktrees = list::known(context, request)?.worktrees;
        let mut table = Self {
            context,
            request,
            columns: columns(request.all),
            rows: Vec::new(),
            picker: Picker::new(worktrees.iter().map(|worktree| choice(context, worktree)).collect()),
            worktrees,
            is_changed: false,
            paint: session.ui.talk_paint(),
        };
        table.show();
        Ok(table)
    }

    /// Takes rows that know more; those that were removed meanwhile stay away.
    fn fill(&mut self, mut worktrees: Vec<WorktreeView>) {
        worktrees.retain(|news| self.worktrees.iter().any(|known| known.path == news.path));
        self.worktrees = worktrees;
        self.picker.replace(self.worktrees.iter().map(|worktree| choice(self.context, worktree)).collect());
        self.show();
    }

    fn drop_row(&mut self, path: &Path) {
        self.worktrees.retain(|worktree| worktree.path != path);
        self.picker.drop_row(path);
        self.is_changed = true;
        self.show();
    }

    fn show(&mut self) {
        let now = self.context.now();
        let row = |worktree: &WorktreeView| {
            let mut row = show::row(worktree, now, self.request.all, false);
            row.cells[show::PORTS] = show::ports_with_marks(worktree, now);
            row.cells.insert(0, show::mark(worktree).to_owned());
            row
        };
        self.rows = self.worktrees.iter().map(row).collect();
    }
}

/// Those of `wt list`, a mark before them. Where there is little room, everything else goes before a name is cut.
fn columns(with_repository: bool) -> Vec<Column> {
    let as_room_allows = |column: Column| match column.heading {
        "STATE" => column.goes(0),
        "PORTS" => column.goes(4),
        _ => column,
    };
    let columns = show::columns(with_repository, false, false).into_iter().map(as_room_allows);
    std::iter::once(Column::new("")).chain(columns).collect()
}

fn choice(context: &Context, worktree: &WorktreeView) -> PickerRow {
    let mut words = vec![worktree.name.clone()];
    words.extend(worktree.branch.clone());
    words.extend(worktree.purpose.as_ref().map(ToString::to_string));
    words.extend(worktree.ports.iter().map(|port| format!("{}:{}", port.service, port.port)));
    let of_web = worktree.ports.iter().filter(|port| speaks_http(&context.config, &port.service));
    PickerRow {
        name: worktree.name.clone(),
        path: worktree.path.clone(),
        text: words.join(" "),
        url: of_web.filter_map(|port| port.url.clone()).find(|url| url.starts_with("http")),
        is_current: worktree.current,
        is_missing: worktree.missing,
    }
}

/// Keyboard and screen, given back together.
struct Screen<'a> {
    // In this order: the shell's own screen comes back before its keys do.
    stage: Stage<'a>,
    desk: Desk,
}

impl<'a> Screen<'a> {
    fn open(session: &Session<'a>) -> Result<Self> {
        let desk = Desk::take()?;
        Ok(Self { stage: Stage::enter(session.ui), desk })
    }

    fn draw(&self, table: &mut Table<'_>, meant: Option<(&Path, &Previews)>) {
        let size = desk::size();
        table.picker.set_page(list_height(size.0, table.picker.fitting().len()));
        let picture = Picture {
            picker: &table.picker,
            columns: &table.columns,
            rows: &table.rows,
            preview: meant.and_then(|(path, previews)| previews.find(path)),
            paint: table.paint,
            now: table.context.now(),
        };
        self.stage.draw(&picture, size);
    }

    fn suspend(&self) -> Result<()> {
        self.stage.leave();
        self.desk.suspend()?;
        self.stage.enter_again();
        Ok(())
    }
}
