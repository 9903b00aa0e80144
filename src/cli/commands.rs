//! Every command, once: its arguments, its word, what it may touch, the way to it, and its examples in help. A new command is
//! one row here; dispatch, help, the policy and `-w` read this table. `command_rows` says what a row may have.

use super::adopt;
use super::agent;
use super::carry;
use super::clean;
use super::command_rows::{commands, or};
use super::complete;
use super::completions;
use super::compose_service;
use super::config;
use super::create;
use super::doctor;
use super::down;
use super::env;
use super::events;
use super::exec;
use super::forward;
use super::health;
use super::hook;
use super::hooks;
use super::init;
use super::list;
use super::logs;
use super::man;
use super::metrics;
use super::monitor;
use super::notify;
use super::path;
use super::ports;
use super::prompt;
use super::prune;
use super::remove;
use super::rename;
use super::report;
use super::restart;
use super::restore;
use super::run;
use super::schema;
use super::selftest;
use super::serve;
use super::setup;
use super::shell_init;
use super::status;
use super::supervise;
use super::sweep;
use super::switch;
use super::team;
use super::trust;
use super::up;
use super::url;
use super::validate;
use super::wait;

commands! {
    "Worktrees" {
        Create(create) "create" {
            looks: |arguments| arguments.dry_run, run: |arguments, session| create::run(&arguments, session),
            examples: { "create": "wt create login --ports", "wt create GH-42 --purpose bugfix --ports=web,api -x npm test"; }
        }
        Remove(remove) "remove" {
            looks: |arguments| arguments.dry_run, run: remove::run,
            examples: { "remove": "wt remove login", "wt remove feature-login bugfix-GH-42 --delete-branch"; }
        }
        Rename(rename) "rename" {
            looks: |_| false, run: |arguments, session| rename::run(&arguments, session),
            examples: { "rename": "wt rename login signup", "wt rename GH-42 GH-43 --new-project"; }
        }
        Restore(restore) "restore" {
            looks: |arguments| arguments.name.is_none(), run: |arguments, session| restore::run(&arguments, session),
            examples: { "restore": "wt restore", "wt restore feature-login"; }
        }
        List(list) "list" {
            looks: |_| true, run: |arguments, session| list::run(&arguments, session),
            examples: { "list": "wt list --status", "wt list --hosts"; }
        }
        Path(path) "path" {
            looks: |_| true, run: |arguments, session| path::run(&arguments, session),
            examples: { "path": "wt path login", "wt path bugfix-GH-42"; }
        }
        Switch(switch) "switch" {
            looks: |arguments| arguments.execute.is_empty(), run: |arguments, session| switch::run(&arguments, session),
            examples: { "switch": "wt switch login", "wt switch shop/login -x git status"; }
        }
        Env(env) "env" {
            worktree: |arguments| arguments.worktree.as_mut(),
            looks: |arguments| arguments.check || arguments.print || arguments.format.is_some(),
            run: |arguments, session| env::run(&arguments, session),
            examples: { "env": "wt env login", "wt env login --format json"; }
        }
        Carry(carry) "carry" {
            looks: |arguments| arguments.dry_run, run: carry::run,
            examples: { "carry": "wt carry login --dry-run", "wt carry --all"; }
        }
        Setup(setup) "setup" {
            worktree: |arguments| arguments.worktree.as_mut(),
            looks: |_| false, run: |arguments, session| setup::run(&arguments, session),
            examples: { "setup": "wt setup", "wt setup feature-login"; }
        }
        Adopt(adopt) "adopt" {
            looks: |_| false, run: adopt::run,
            examples: { "adopt": "wt adopt ../shop-typo", "wt adopt ../shop-typo --purpose bugfix --ports"; }
        }
        Prune(prune) "prune" {
            looks: |arguments| arguments.dry_run, run: |arguments, session| prune::run(&arguments, session),
            examples: { "prune": "wt prune --merged --dry-run", "wt prune --merged --min-age 7d"; }
        }
        Clean(clean) "clean" {
            looks: |arguments| arguments.dry_run, run: clean::run,
            examples: { "clean": "wt clean login --dry-run", "wt clean --idle 7d --merged"; }
        }
    }
    "Services" {
        Up(up) "up" {
            worktree: |arguments| arguments.worktree.as_mut(), looks: |_| false, run: up::run,
            examples: { "up": "wt up", "wt up web --foreground"; }
        }
        Down(down) "down" {
            worktree: |arguments| arguments.worktree.as_mut(), looks: |_| false, run: down::run,
            examples: { "down": "wt down", "wt down web"; }
        }
        Restart(restart) "restart" {
            worktree: |arguments| arguments.worktree.as_mut(),
            looks: |_| false, run: |arguments, session| restart::run(&arguments, session),
            examples: { "restart": "wt restart", "wt restart api"; }
        }
        Status(status) "status" {
            worktree: |arguments| arguments.worktree.as_mut(), looks: |_| true, run: status::run,
            examples: { "status": "wt status", "wt status web --json"; }
        }
        Logs(logs) "logs" {
            worktree: |arguments| arguments.worktree.as_mut(), looks: |_| true, run: logs::run,
            examples: { "logs": "wt logs web -n 20", "wt logs -f"; }
        }
        Run(run) "run" {
            worktree: |arguments| arguments.worktree.as_mut(), looks: |_| false, run: run::run,
            examples: { "run": "wt run -- npm run dev", "wt run --service api -- cargo run"; }
        }
        Exec(exec) "exec" {
            looks: |_| false, run: exec::run,
            examples: { "exec": "wt exec --all -- git fetch", "wt exec login search -j 2 -- npm test"; }
        }
        Url(url) "url" {
            worktree: |arguments| arguments.worktree.as_mut(),
            looks: |_| true, run: |arguments, session| url::run(&arguments, session),
            examples: { "url": "wt url", "wt url api --worktree feature-login --check"; }
        }
        Wait(wait) "wait" {
            worktree: |arguments| arguments.worktree.as_mut(),
            looks: |_| true, run: |arguments, session| wait::run(&arguments, session),
            examples: { "wait": "wt wait", "wt wait web --timeout 2m"; }
        }
        Health(health) "health" {
            worktree: |arguments| arguments.worktree.as_mut().filter(|_| !arguments.all),
            looks: |arguments| !arguments.install_timer && !arguments.uninstall_timer,
            run: |arguments, session| health::run(&arguments, session),
            examples: { "health": "wt health", "wt health --worktree feature-login --service web"; }
        }
        Forward(forward) "forward" {
            looks: |_| true, run: |arguments, session| forward::run(&arguments, session),
            examples: { "forward": "wt forward laptop:feature-login", "wt forward laptop:shop/feature-login web"; }
        }
        Trust(trust) "trust" {
            looks: |arguments| arguments.status || arguments.list, run: |arguments, session| trust::run(&arguments, session),
            examples: { "trust": "wt trust", "wt trust --list"; }
        }
    }
    "Ports" {
        Ports(ports) "ports" {
            named: ports::Arguments::word,
            worktree: ports::Arguments::worktree, looks: ports::Arguments::only_looks, run: ports::run,
            examples: {
                "ports": "wt ports", "wt ports --purpose feature";
                "ports list": "wt ports list", "wt ports list --all --json";
                "ports allocate":
                    "wt ports allocate --service api",
                    "wt ports allocate --worktree feature-login --service web --port 5005";
                "ports release": "wt ports release 5005", "wt ports release --worktree feature-login";
                "ports check": "wt ports check 5000", "wt ports check 5000 --json";
                "ports available": "wt ports available", "wt ports available --purpose feature";
                "ports next": "wt ports next --purpose bugfix", "wt ports next --service db";
                "ports conflicts": "wt ports conflicts", "wt ports conflicts --json";
                "ports scan": "wt ports scan", "wt ports scan 3000-3999";
                "ports owner": "wt ports owner 5000", "wt ports owner 5000 --json";
                "ports kill": "wt ports kill 5000", "wt ports kill 5000 --signal INT --timeout 10s";
                "ports cleanup": "wt ports cleanup", "wt ports cleanup --force";
                "ports resolve": "wt ports resolve --dry-run", "wt ports resolve --strategy conservative";
                "ports history": "wt ports history --since 7d", "wt ports history --port 5000";
                "ports exclude":
                    "wt ports exclude 5050 --reason printer",
                    "wt ports exclude 5050-5059 --reason scanner";
                "ports include": "wt ports include 5050", "wt ports include 5050-5059";
            }
        }
    }
    "Team" {
        Team(team) "team" {
            named: team::Arguments::word, looks: team::Arguments::only_looks, run: team::run,
            examples: {
                "team": "wt team", "wt team --watch";
                "team running": "wt team running", "wt team running --all";
                "team claim": "wt team claim feature/login", "wt team claim feature/login --take-over";
                "team release": "wt team release feature/login", "wt team release feature/login --take-over";
                "team hosts": "wt team hosts", "wt team hosts add laptop ssh://ana@laptop";
                "team init": "wt team init --shared-host", "wt team init --shared-host /srv/wt-ports";
            }
        }
    }
    "Seen from outside" {
        Serve(serve) "serve" {
            looks: |arguments| arguments.shows(), run: |arguments, session| serve::run(&arguments, session),
            examples: { "serve": "wt serve", "wt serve --detach --port 7400"; }
        }
        Events(events) "events" {
            looks: |_| true, run: events::run,
            examples: { "events": "wt events --since 2h", "wt events --follow --kind conflict,service"; }
        }
        Metrics(metrics) "metrics" {
            looks: |_| true, run: |arguments, session| metrics::run(&arguments, session),
            examples: { "metrics": "wt metrics", "wt metrics --all --json"; }
        }
        Report(report) "report" {
            looks: |arguments| arguments.file().is_none(), run: |arguments, session| report::run(&arguments, session),
            examples: { "report": "wt report --since 30d", "wt report --all --html report.html"; }
        }
        Monitor(monitor) "monitor" {
            looks: |_| false, run: |arguments, session| monitor::run(&arguments, session),
            examples: { "monitor": "wt monitor --once", "wt monitor --install-unit"; }
        }
        Notify(notify) "notify" {
            named: notify::Arguments::word,
            looks: |_| false, run: |arguments, session| notify::run(&arguments, session),
            examples: {
                "notify": "wt notify test", "wt notify test --json";
                "notify test": "wt notify test", "wt notify test -C ../shop";
            }
        }
        Selftest(selftest) "selftest" {
            looks: |_| false, run: |arguments, session| selftest::run(&arguments, session),
            examples: { "selftest": "wt selftest", "wt selftest --json"; }
        }
    }
    "Agents" {
        Agent(agent) "agent" {
            named: agent::Arguments::word,
            looks: agent::Arguments::only_looks, run: |arguments, session| agent::run(&arguments, session),
            examples: {
                "agent": "wt agent enter --as claude", "wt agent state waiting";
                "agent enter": "wt agent enter --as claude", "wt agent enter --cwd ../shop-typo";
                "agent state": "wt agent state waiting --as gemini", "wt agent state done";
                "agent leave": "wt agent leave", "wt agent leave --as cursor";
                "agent install": "wt agent install claude", "wt agent install codex --project";
                "agent uninstall": "wt agent uninstall claude", "wt agent uninstall codex --project";
                "agent status": "wt agent status", "wt agent status --json";
                "agent text": "wt agent text", "wt agent text --json";
            }
        }
        Prompt(prompt) "prompt" {
            looks: |_| true, run: |arguments, session| Ok(prompt::run(&arguments, session)),
            examples: { "prompt": "wt prompt", "wt prompt --format zsh"; }
        }
    }
    "Repair" {
        Validate(validate) "validate" {
            looks: |arguments| !arguments.fix || arguments.dry_run,
            run: |arguments, session| validate::run(&arguments, session),
            examples: { "validate": "wt validate --verify-ports", "wt validate --fix --dry-run"; }
        }
        Doctor(doctor) "doctor" {
            looks: |_| true, run: |_, session| doctor::run(session),
            examples: { "doctor": "wt doctor", "wt doctor --json"; }
        }
    }
    "Setup" {
        Init(init) "init" {
            looks: |arguments| arguments.print || arguments.dry_run,
            run: |arguments, session| init::run(&arguments, session),
            examples: { "init": "wt init", "wt init --print"; }
        }
        Config(config) "config" {
            named: config::Arguments::word,
            looks: config::Arguments::only_looks,
            run: |arguments, session| config::run(&arguments, session),
            examples: {
                "config": "wt config show", "wt config schema";
                "config show": "wt config show", "wt config show ports.conflict";
                "config path": "wt config path", "wt config path --json";
                "config export": "wt config export", "wt config export settings.toml";
                "config schema": "wt config schema", "wt config schema --json";
            }
        }
        Hooks(hooks) "hooks" {
            named: hooks::Arguments::word, looks: |arguments| matches!(arguments.command, hooks::HooksCommand::Status),
            run: |arguments, session| hooks::run(&arguments, session),
            examples: {
                "hooks": "wt hooks install", "wt hooks status";
                "hooks install": "wt hooks install", "wt hooks install --json";
                "hooks uninstall": "wt hooks uninstall", "wt hooks uninstall --json";
                "hooks status": "wt hooks status", "wt hooks status --json";
            }
        }
        ShellInit(shell_init) "shell-init" {
            looks: |_| true, run: |arguments, session| shell_init::run(&arguments, session),
            examples: { "shell-init": "wt shell-init bash", "wt shell-init zsh --cmd w"; }
        }
        Completions(completions) "completions" {
            looks: |_| true, run: |arguments, session| completions::run(&arguments, session),
            examples: { "completions": "wt completions zsh", "wt completions elvish"; }
        }
        Man(man) "man" {
            looks: |arguments| arguments.folder.is_none(), run: |arguments, session| man::run(&arguments, session),
            examples: { "man": "wt man ~/.local/share/man/man1", "wt man --json"; }
        }
        Schema(schema) "schema" {
            looks: |_| true, run: |arguments, session| schema::run(&arguments, session),
            examples: { "schema": "wt schema", "wt schema ports check"; }
        }
    }
    "" {
        #[command(hide = true, name = "__complete")]
        Complete(complete) "__complete" {
            looks: |_| true, run: |arguments, session| complete::run(&arguments, session),
            examples: {}
        }
        #[command(hide = true)]
        Hook(hook) "hook" {
            looks: |_| true, run: |arguments, session| Ok(hook::run(&arguments, session)),
            examples: {}
        }
        #[command(hide = true)]
        ComposeService(compose_service) "compose-service" {
            looks: |_| false, run: |arguments, session| compose_service::run(&arguments, session),
            examples: {}
        }
        #[command(hide = true)]
        Sweep(sweep) "sweep" {
            looks: |_| false, run: |arguments, session| sweep::run(&arguments, session),
            examples: {}
        }
        #[command(hide = true)]
        Supervise(supervise) "supervise" {
            looks: |_| false, run: supervise::run,
            examples: {}
        }
    }
}
