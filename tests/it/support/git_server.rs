//! A git server over HTTP: `git http-backend` (git's own CGI program) behind a few lines, which can be of a bad temper.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temper {
    Kind,
    /// Whatever is asked for, there is a page to log in, as some companies' gateways have it.
    LoginPage,
    /// It wants a password.
    Password,
    /// It takes no pushes.
    ReadOnly,
    /// It does what a push says, and the connection breaks before the answer.
    Breaks,
}

/// One that serves the repositories of a folder; it ends with the test.
pub struct GitServer {
    pub url: String,
    address: String,
    temper: Arc<Mutex<Temper>>,
    ends: Arc<AtomicBool>,
}

impl GitServer {
    pub fn start(root: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (temper, ends) = (Arc::new(Mutex::new(Temper::Kind)), Arc::new(AtomicBool::new(false)));
        let (ours, is_over, root) = (Arc::clone(&temper), Arc::clone(&ends), root.to_path_buf());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
                let (root, temper) = (root.clone(), *ours.lock().unwrap());
                thread::spawn(move || drop(answer(stream, &root, temper)));
            }
        });
        Self { url: format!("http://{address}"), address, temper, ends }
    }

    pub fn become_of(&self, temper: Temper) {
        *self.temper.lock().unwrap() = temper;
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(&self.address);
    }
}

fn answer(stream: TcpStream, root: &PathBuf, temper: Temper) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (method, path, query) = (method.to_owned(), path.to_owned(), query.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let header = |name: &str| headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value);
    let mut body = vec![0; header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let mut stream = reader.into_inner();
    let is_push = query.contains("git-receive-pack") || path.ends_with("git-receive-pack");
    let mut say = |status: &str, head: &str, body: &[u8]| {
        let head =
            format!("HTTP/1.1 {status}\r\n{head}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), body].concat())
    };
    match temper {
        Temper::LoginPage => {
            return say("200 OK", "Content-Type: text/html\r\n", b"<html>Log in, please</html>");
        }
        Temper::Password => return say("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", b""),
        Temper::ReadOnly if is_push => return say("403 Forbidden", "", b""),
        _ => {}
    }
    let mut command = Command::new("git");
    command
        .args(["-c", "http.receivepack=true", "http-backend"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command.env("GIT_PROJECT_ROOT", root).env("GIT_HTTP_EXPORT_ALL", "1").env("REMOTE_USER", "team");
    command.env("REQUEST_METHOD", &method).env("PATH_INFO", &path).env("QUERY_STRING", &query);
    command.env("CONTENT_TYPE", header("content-type")).env("CONTENT_LENGTH", body.len().to_string());
    command
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"));
    let mut child = command.env("REMOTE_ADDR", "127.0.0.1").stderr(Stdio::null()).spawn()?;
    child.stdin.take().map_or(Ok(()), |mut input| input.write_all(&body))?;
    let said = child.wait_with_output()?.stdout;
    if temper == Temper::Breaks && is_push && method == "POST" {
        return Ok(());
    }
    let end = said.windows(4).position(|part| part == b"\r\n\r\n").unwrap_or(0);
    let head = String::from_utf8_lossy(&said[..end]).into_owned() + "\r\n";
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK").to_owned();
    say(&status, &head, &said[end + 4..])
}
