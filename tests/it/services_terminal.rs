//! Services on a terminal: the live view of `wt up`, and what is left of the terminal afterwards; in the foreground services
//! see the terminal that they are watched on.

use crate::support::Sandbox;
use crate::support::terminal::Terminal;

/// Says how large its terminal is, at first and when that changes.
const SIZED: &str = "import os, signal, sys, time, http.server as h
def say(*_): print('size', *os.get_terminal_size(1), flush=True)
signal.signal(signal.SIGWINCH, say)
say()
h.HTTPServer(('127.0.0.1', int(sys.argv[1])), h.SimpleHTTPRequestHandler).serve_forever()
";

/// The text without what only moves the cursor or colours.
fn plain(screen: &str) -> String {
    console::strip_ansi_codes(screen).into_owned()
}

#[test]
fn the_live_view_has_a_line_for_each_service_and_leaves_the_terminal_as_it_was() {
    let sandbox = Sandbox::new();
    let config = "[service.api]\nrun = \"python3 -m http.server {{ port }}\"\n\
                  [service.web]\nrun = \"sleep 600\"\ndepends_on = [\"api\"]\n";
    let fleet = sandbox.fleet("one", config);
    fleet.wt(&["ports", "allocate", "--service", "api,web"]).ok();
    let (api, web) = (fleet.port("api"), fleet.port("web"));
    let mut terminal = Terminal::start(sandbox.command(&fleet.folder, &["up"]));
    terminal.resize(30, 100);
    let before = terminal.modes();
    terminal.expect("ready");
    terminal.expect("web  starting");
    let seen = plain(&terminal.seen);
    for line in [format!("api  ready      {api:>5}"), format!("web  starting   {web:>5}")] {
        assert!(seen.contains(&line), "{line:?} is not on the screen:\n{seen}");
    }
    terminal.interrupt();
    let modes = terminal.modes();
    let (code, screen) = terminal.finish();
    assert_eq!((code, modes), (130, before), "{screen}");
    let hidden = (screen.matches("\u{1b}[?25l").count(), screen.matches("\u{1b}[?1049h").count());
    let shown = (screen.matches("\u{1b}[?25h").count(), screen.matches("\u{1b}[?1049l").count());
    assert!(shown.0 >= hidden.0 && shown.1 >= hidden.1, "the cursor and the screen are back: {screen:?}");
    let (_, last) = screen.rsplit_once("\u{1b}[J").expect("the live lines are taken away");
    assert!(!last.contains("starting"), "{last:?}");
    assert_eq!(fleet.state("api").0, "stopped");
}

#[test]
fn in_the_foreground_services_see_the_size_of_the_terminal_and_are_told_when_it_changes() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("sized.py"), SIZED).unwrap();
    let config =
        format!("[service.web]\nrun = \"python3 {} {{{{ port }}}}\"\n", sandbox.path("sized.py").display());
    let fleet = sandbox.fleet("one", &config);
    let mut terminal = Terminal::sized(sandbox.command(&fleet.folder, &["up", "--foreground"]), 33, 77);
    terminal.expect("size 77 33");
    terminal.expect("ready");
    terminal.resize(20, 91);
    terminal.expect("size 91 20");
    terminal.interrupt();
    let (code, screen) = terminal.finish();
    assert_eq!(code, 130, "{screen}");
}
