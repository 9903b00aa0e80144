//! A real Chromium, driven through its debugging pipe (<https://chromedevtools.github.io/devtools-protocol/>): JSON ended by a
//! zero byte, on the descriptors 3 and 4.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Sandbox;

/// How long the page may take for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A browser with one page; it ends with the test.
pub struct Browser {
    child: Child,
    /// `None` once it is told to go.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    session: String,
    next: u64,
    /// What the page complained about: errors of scripts, and what the Content-Security-Policy stopped.
    pub complaints: Vec<String>,
}

impl Sandbox {
    /// Starts a browser; `None` where there is none.
    pub fn browser(&self) -> Option<Browser> {
        let profile = self.path("home/browser");
        let command = format!(
            "exec chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
             --remote-debugging-pipe --user-data-dir='{}' about:blank 3<&0 4>&1 </dev/null >/dev/null 2>&1",
            profile.display()
        );
        self.program("chromium", Path::new("/")).arg("--version").output().ok()?;
        let mut child = self
            .program("sh", Path::new("/"))
            .args(["-c", &command])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let output = BufReader::new(child.stdout.take().unwrap());
        let input = child.stdin.take();
        let mut browser =
            Browser { child, input, output, session: String::new(), next: 0, complaints: Vec::new() };
        let targets = browser.call("Target.getTargets", json!({}));
        let targets = targets["targetInfos"].as_array().unwrap();
        let page = targets.iter().find(|target| target["type"] == "page").unwrap()["targetId"].clone();
        let attached = browser.call("Target.attachToTarget", json!({ "targetId": page, "flatten": true }));
        attached["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            browser.call(domain, json!({}));
        }
        Some(browser)
    }
}

impl Browser {
    /// Calls a method and returns its result.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "the macro that makes it gives it away")]
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.next += 1;
        let mut message = json!({ "id": self.next, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let mut bytes = serde_json::to_vec(&message).unwrap();
        bytes.push(0);
        self.input.as_mut().unwrap().write_all(&bytes).unwrap();
        loop {
            let mut bytes = Vec::new();
            self.output.read_until(0, &mut bytes).unwrap();
            assert_eq!(bytes.pop(), Some(0), "the browser ended");
            let answer: Value = serde_json::from_slice(&bytes).unwrap();
            if answer["id"] == self.next {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
            let text = match answer["method"].as_str() {
                Some("Runtime.exceptionThrown") => answer["params"]["exceptionDetails"].to_string(),
                // What the server answers is no mistake of the page: 503 says that a service is unhealthy.
                Some("Log.entryAdded")
                    if answer["params"]["entry"]["level"] == "error"
                        && answer["params"]["entry"]["source"] != "network" =>
                {
                    answer["params"]["entry"].to_string()
                }
                _ => continue,
            };
            self.complaints.push(text);
        }
    }

    /// Goes to an address.
    #[track_caller]
    pub fn open(&mut self, url: &str) {
        self.call("Page.navigate", json!({ "url": url }));
    }

    /// Returns what an expression of the page is; a promise is waited for.
    #[track_caller]
    pub fn value(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", parameters);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression of the page is true.
    #[track_caller]
    pub fn until(&mut self, expression: &str) {
        let began = Instant::now();
        while self.value(&format!("Boolean({expression})")) != json!(true) {
            if began.elapsed() > PATIENCE {
                let text = self.value("document.body.innerText");
                panic!("in vain for {expression}: {text}\n{:?}", self.complaints);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Presses a key.
    #[track_caller]
    pub fn press(&mut self, key: &str) {
        let text = if key.chars().count() == 1 { json!(key) } else { Value::Null };
        for kind in ["keyDown", "keyUp"] {
            let mut parameters = json!({ "type": kind, "key": key });
            if key == "Enter" {
                parameters["text"] = json!("\r");
                parameters["windowsVirtualKeyCode"] = json!(13);
            } else if !text.is_null() && kind == "keyDown" {
                parameters["text"] = text.clone();
            }
            self.call("Input.dispatchKeyEvent", parameters);
        }
    }

    /// Makes the page that wide.
    #[track_caller]
    pub fn resize(&mut self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// Returns a picture of the page, as base64 of a PNG.
    #[track_caller]
    pub fn picture(&mut self) -> String {
        let picture = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        picture["data"].as_str().unwrap().to_owned()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends when nobody speaks to it any more; its helpers end with it.
        drop(self.input.take());
        let began = Instant::now();
        while self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            if began.elapsed() > Duration::from_secs(5) {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
