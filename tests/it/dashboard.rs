//! The dashboard in a real Chromium: what changes is on the page without a reload, and what others wrote is text.

use std::time::Instant;

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::http::Server;
use crate::support::services::kill;
use crate::support::{Sandbox, skip};

const SERVER: &str = "[service.web]\nrun = \"python3 -m http.server {{ port }} --bind 127.0.0.1\"\n";

const NEEDS: &str = "chromium and python3 (Debian's packages of these names)";

/// Opens the page, and marks it so that a reload would be seen.
fn open(browser: &mut Browser, server: &Server) {
    browser.open(&format!("http://127.0.0.1:{}/#{}", server.port, server.token));
    browser.until("document.querySelector('#rows tr')");
    browser.until("document.getElementById('link').dataset.state === 'open'");
    browser.value("window.sameAsBefore = true");
}

fn row(name: &str) -> String {
    format!(
        "[...document.querySelectorAll('#rows tr')].find((row) => row.textContent.includes({}))",
        json!(name)
    )
}

#[test]
#[ignore = "browser: drives chromium"]
fn a_killed_service_turns_its_row_red_without_a_reload_and_events_come_as_they_happen() {
    let sandbox = Sandbox::new();
    let Some(mut browser) = sandbox.browser() else { return skip(NEEDS) };
    let fleet = sandbox.fleet("login", SERVER);
    fleet.wt(&["up"]).ok();
    let server = sandbox.serve(&[]);
    open(&mut browser, &server);
    // The token is out of the address bar, and a reload keeps it.
    assert_eq!(browser.value("location.hash"), "");
    let row = row("feature-login");
    browser.until(&format!("/web \\d+ ready/.test({row}.textContent)"));
    browser.until(&format!("/MiB/.test({row}.textContent)"));
    assert_ne!(browser.value(&format!("{row}.dataset.worst")), "bad");
    let shade = format!("getComputedStyle({row}).backgroundColor");
    let well = browser.value(&shade);
    browser.value(
        "window.requests = 0; const plain = fetch; window.fetch = (path, ...rest) => {
           if (path === 'api/worktrees') window.requests += 1;
           return plain(path, ...rest);
         }; 1",
    );
    kill(fleet.pid("web"));
    browser.until(&format!("{row}.dataset.worst === 'bad'"));
    browser.until(&format!("/web \\d+ failed/.test({row}.textContent)"));
    assert_ne!(browser.value(&shade), well, "red is not to be told by a word alone");
    assert!(browser.value("document.getElementById('said').textContent").as_str().unwrap().contains("login"));
    browser.until("/crashed feature-login web/.test(document.getElementById('events').textContent)");
    assert_eq!(browser.value("window.sameAsBefore"), json!(true));
    let lists = browser.value("window.requests").as_u64().unwrap();
    assert!(lists <= 1, "each event downloads a list anew: {lists}");
    fleet.wt(&["up"]).ok();
    browser.until(&format!("/web \\d+ ready/.test({row}.textContent)"));
    // How long after its cause an event is on the page.
    browser.value(
        "window.delays = []; new MutationObserver((changes) => {
           for (const added of changes.flatMap((change) => [...change.addedNodes])) {
             window.delays.push(Date.now() - Date.parse(added.querySelector('time').dateTime));
           }
         }).observe(document.getElementById('events'), { childList: true }); 1",
    );
    for number in 0..15 {
        let port = (49_100 + number).to_string();
        sandbox.wt(&["ports", "exclude", &port, "--reason", "test"]).ok();
        browser.until(&format!("window.delays.length > {number}"));
    }
    let mut delays: Vec<i64> = serde_json::from_value(browser.value("window.delays")).unwrap();
    delays.sort_unstable();
    eprintln!(
        "events are on the page {} ms after their cause (median of {})",
        delays[delays.len() / 2],
        delays.len()
    );
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
#[ignore = "browser: drives chromium"]
fn markup_in_names_and_logs_is_text_and_nothing_of_others_is_run() {
    let sandbox = Sandbox::new();
    let Some(mut browser) = sandbox.browser() else { return skip(NEEDS) };
    let branch = "x<img/src=x/onerror=window.hurt=1>";
    sandbox.git(&sandbox.repo(), &["branch", branch]);
    let loud = "[service.web]\nrun = \"sh -c 'echo \\\"<script>window.hurt=1</script><b>loud</b>\\\"; exec python3 -m http.server $PORT --bind 127.0.0.1'\"\n";
    let fleet = sandbox.fleet("login", loud);
    sandbox.wt(&["create", "odd", "--branch", branch]).ok();
    fleet.wt(&["up"]).ok();
    let server = sandbox.serve(&[]);
    open(&mut browser, &server);
    browser.until(&format!("{}.textContent.includes({})", row("feature-odd"), json!(branch)));
    assert_eq!(browser.value("document.querySelectorAll('img, #logs *').length"), json!(0));
    browser.value(&format!("{}.querySelector('.name').click()", row("feature-login")));
    browser.until("document.getElementById('logs').textContent.includes('<script>window.hurt=1</script>')");
    assert_eq!(browser.value("typeof window.hurt"), "undefined");
    // A script that is put into the page is stopped, and so is one from elsewhere.
    let stopped = browser.value(
        "new Promise((resolve) => {
           document.addEventListener('securitypolicyviolation', (event) => resolve(event.violatedDirective));
           const script = document.createElement('img'); script.src = 'http://127.0.0.2/x.png';
           document.body.append(script);
         })",
    );
    assert_eq!(stopped, "img-src");
    // A log that grows is shown while somebody looks.
    let port = fleet.port("web");
    let _ = std::net::TcpStream::connect(("127.0.0.1", port))
        .map(|mut stream| std::io::Write::write_all(&mut stream, b"GET /grown HTTP/1.0\r\n\r\n"));
    browser.until("document.getElementById('logs').textContent.includes('/grown')");
}

#[test]
#[ignore = "browser: drives chromium"]
fn it_is_used_by_keys_by_a_reader_at_any_width_and_in_the_dark_and_acts_where_it_may() {
    let sandbox = Sandbox::new();
    let Some(mut browser) = sandbox.browser() else { return skip(NEEDS) };
    let fleet = sandbox.fleet("login", SERVER);
    sandbox.wt(&["create", "search", "--ports"]).ok();
    fleet.wt(&["up"]).ok();
    let server = sandbox.serve(&["--actions"]);
    browser.resize(400, 800);
    open(&mut browser, &server);
    browser.until(&format!("/ready/.test({}.textContent)", row("feature-login")));
    assert_eq!(browser.value("document.documentElement.scrollWidth <= 400"), json!(true));
    let ground = browser.value("getComputedStyle(document.body).backgroundColor");
    let dark = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
    browser.call("Emulation.setEmulatedMedia", dark);
    assert_ne!(browser.value("getComputedStyle(document.body).backgroundColor"), ground);
    // Filter, sort, and open by keys alone.
    browser.press("/");
    assert_eq!(browser.value("document.activeElement.id"), "filter");
    browser.call("Input.insertText", json!({ "text": "search" }));
    browser.until("document.querySelectorAll('#rows tr').length === 1");
    browser.value("filter.value = ''; filter.dispatchEvent(new Event('input')); filter.blur()");
    browser.value("order.value = 'worst'; order.dispatchEvent(new Event('change'))");
    browser.press("j");
    browser.press("j");
    let focused = browser.value("document.activeElement.textContent");
    assert!(
        focused.is_string() && focused == browser.value("document.querySelectorAll('.name')[1].textContent")
    );
    browser.press("Enter");
    browser.until("document.getElementById('details').open");
    assert_eq!(browser.value("document.getElementById('details-title').textContent"), focused);
    browser.value("document.getElementById('close').click()");
    // Everything that can be used has a name that a reader says.
    let tree = browser.call("Accessibility.getFullAXTree", json!({}));
    for node in tree["nodes"].as_array().unwrap() {
        let role = node["role"]["value"].as_str().unwrap_or_default();
        if ["button", "link", "textbox", "searchbox", "combobox", "table", "log"].contains(&role) {
            assert!(!node["name"]["value"].as_str().unwrap_or_default().is_empty(), "{node}");
        }
    }
    // It acts, and says what was refused.
    browser.value("window.confirm = () => true");
    browser.value(&format!("{}.querySelector('.name').click()", row("feature-login")));
    browser.value("document.querySelector('[data-act=remove]').click()");
    browser.until("/web/.test(document.getElementById('done').textContent) && !/…/.test(document.getElementById('done').textContent)");
    browser.value("document.querySelector('[data-act=down]').click()");
    browser.until(&format!("/stopped/.test({}.textContent)", row("feature-login")));
    browser.until("document.getElementById('done').textContent === 'down: done'");
    browser.value("document.querySelector('[data-act=remove]').click()");
    browser.until(&format!("!{}", row("feature-login")));
    assert!(!fleet.folder.exists());
    assert_eq!(browser.complaints, Vec::<String>::new());
}

#[test]
#[ignore = "browser: drives chromium"]
fn a_hundred_worktrees_are_on_the_page_soon_and_a_picture_is_made_where_one_is_wanted() {
    let sandbox = Sandbox::with_ports(120);
    let Some(mut browser) = sandbox.browser() else { return skip(NEEDS) };
    sandbox.make_repository("proj");
    let wanted = std::env::var_os("WT_TEST_PICTURE");
    let fleet = sandbox.fleet("login", SERVER);
    fleet.wt(&["up"]).ok();
    let more = if wanted.is_some() { 3 } else { 98 };
    for name in ["search", "checkout", "invoices"] {
        sandbox.wt(&["create", name, "--ports"]).ok();
    }
    for number in 3..more {
        sandbox.wt(&["create", &format!("n{number}"), "--ports"]).ok();
    }
    let broken = sandbox.worktree("feature-search");
    sandbox.wt_in(&broken, &["up"]).ok();
    let server = sandbox.serve(&[]);
    browser.resize(1100, 640);
    let began = Instant::now();
    open(&mut browser, &server);
    browser.until(&format!("document.querySelectorAll('#rows tr').length > {more}"));
    eprintln!("a page of {} worktrees is complete after {} ms", more + 1, began.elapsed().as_millis());
    let status = sandbox.json_in(&broken, &["status"]);
    kill(u32::try_from(status["services"][0]["pid"].as_u64().unwrap()).unwrap());
    browser.until(&format!("{}.dataset.worst === 'bad'", row("feature-search")));
    if let Some(path) = wanted {
        browser.until(&format!("/MiB/.test({}.textContent)", row("feature-login")));
        browser.value("order.value = 'worst'; order.dispatchEvent(new Event('change'))");
        let picture = browser.picture();
        std::fs::write(path, picture).unwrap();
    }
    sandbox.wt_in(&broken, &["down"]).ok();
}
