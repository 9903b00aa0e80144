//! `/events`: server-sent events, each line of the log and a word for each change. Changes that come together are told together, and a reader that
//! does not read is dropped rather than waited for.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use http_body_util::channel::{Channel, Sender};
use hyper::body::{Bytes, Frame};
use hyper::{Response, StatusCode};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::reply::{self, Body};
use super::site::{ServerSite, Word};
use crate::model::envelope;
use crate::model::event::Event;
use crate::ops::events;

/// How many words a reader may be behind.
const BACKLOG: usize = 16;

/// How long changes are gathered before they are told as one.
const TOGETHER: Duration = Duration::from_millis(50);

/// How often a line is sent that says nothing, so that a reader that is gone is noticed.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

const CHANGED: &str = "event: changed\ndata: {}\n\n";
const NOTHING: &str = ": \n\n";

/// An event as one line of JSON; `None` for what is none.
#[must_use]
pub fn line(event: &Event) -> Option<Arc<str>> {
    Some(Arc::from(envelope::harmless(&serde_json::to_string(event).ok()?)))
}

/// Answers with a stream that ends when its reader goes, falls behind, or the server stops. Who knows the events up to `last`
/// is told of those behind it first.
pub async fn open(site: &Arc<ServerSite>, last: Option<u64>) -> Response<Body> {
    let (sender, body) = Channel::<Bytes, Infallible>::new(BACKLOG);
    // Listens before it reads: nothing is missed in between.
    let words = site.listen();
    let missed = match last {
        Some(last) => {
            let site = Arc::clone(site);
            tokio::task::spawn_blocking(move || missed(&site, last)).await.unwrap_or_default()
        }
        None => Vec::new(),
    };
    tokio::spawn(tell(words, missed, sender));
    reply::of(
        StatusCode::OK,
        "text/event-stream; charset=utf-8",
        body.map_err(|never| match never {}).boxed(),
    )
}

fn missed(site: &ServerSite, last: u64) -> Vec<(u64, Arc<str>)> {
    let read = site.look_around(None).and_then(|(context, _)| events::behind(&context, last));
    let missed = read.unwrap_or_default();
    missed.iter().filter_map(|event| Some((event.sequence, line(event)?))).collect()
}

async fn tell(mut words: Receiver<Word>, missed: Vec<(u64, Arc<str>)>, mut sender: Sender<Bytes>) {
    let told = missed.last().map_or(0, |(sequence, _)| *sequence);
    // The first word says that it is open.
    let mut text: String = missed.iter().map(|(sequence, line)| written(*sequence, line)).collect();
    text.push_str(CHANGED);
    loop {
        if sender.try_send(Frame::data(Bytes::from(std::mem::take(&mut text)))).is_err() {
            return;
        }
        match tokio::time::timeout(SIGN_OF_LIFE, words.recv()).await {
            Err(_) => text.push_str(NOTHING),
            // Too slow to be told everything: it comes back, and says how far it came.
            Ok(Err(RecvError::Closed | RecvError::Lagged(_))) => return,
            Ok(Ok(word)) => {
                add(&mut text, &word, told);
                tokio::time::sleep(TOGETHER).await;
                while let Ok(word) = words.try_recv() {
                    add(&mut text, &word, told);
                }
                text.push_str(CHANGED);
            }
        }
    }
}

/// Adds the events that were not told yet.
fn add(text: &mut String, word: &Word, told: u64) {
    let Word::Changed(events) = word;
    text.extend(
        events
            .iter()
            .filter(|(sequence, _)| *sequence > told)
            .map(|(sequence, line)| written(*sequence, line)),
    );
}

fn written(sequence: u64, line: &str) -> String {
    format!("id: {sequence}\nevent: event\ndata: {line}\n\n")
}
