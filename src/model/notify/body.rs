//! What is posted: the event itself, what Slack takes, or what an Alertmanager takes.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::notice::{Notice, NoticeKind};
use super::settings::NoticeFormat;

/// The version of the body's shape.
const SCHEMA: u64 = 1;

/// How long an Alertmanager keeps an alert that nobody ends. It is told once, so its own five minutes are too short.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// How long it keeps a test, which nobody ends.
const TEST: Duration = Duration::from_mins(1);

/// Returns the headline and the sentence for these: the first of them, or how many there are and all their headlines.
#[must_use]
pub fn words(notices: &[Notice]) -> (String, String) {
    match notices {
        [one] => (one.title(), one.text()),
        many => {
            let title = format!("{} notices of the quiet hours", many.len());
            let lines: Vec<String> = many.iter().map(Notice::text).collect();
            (title, lines.join("\n"))
        }
    }
}

/// Returns the body for these notices, of which there is at least one.
#[must_use]
pub fn body(notices: &[Notice], format: NoticeFormat) -> Value {
    let (title, text) = words(notices);
    match format {
        NoticeFormat::Json => match notices {
            [one] => Value::Object(event(one)),
            many => json!({
                "schema": SCHEMA,
                "notice": "several",
                "title": title,
                "text": text,
                "notices": many.iter().map(event).collect::<Vec<_>>(),
            }),
        },
        NoticeFormat::Slack => {
            let said = if notices.len() == 1 {
                format!("*{}*", escaped(&text))
            } else {
                format!("*{}*\n{}", escaped(&title), escaped(&text))
            };
            json!({ "text": said })
        }
        NoticeFormat::Alertmanager => notices.iter().map(alert).collect(),
    }
}

/// The event with what is said of it in front.
fn event(notice: &Notice) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("schema".to_owned(), SCHEMA.into());
    body.insert("notice".to_owned(), notice.kind.as_str().into());
    body.insert("title".to_owned(), notice.title().into());
    body.insert("text".to_owned(), notice.text().into());
    if notice.changes > 1 {
        body.insert("changes".to_owned(), notice.changes.into());
    }
    if let Ok(Value::Object(event)) = serde_json::to_value(&notice.event) {
        body.extend(event);
    }
    body
}

/// The labels are those of what is wrong, so that the end ends it.
fn alert(notice: &Notice) -> Value {
    let subject: Vec<&str> = notice.subject.split(':').collect();
    let mut labels = Map::new();
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            labels.insert(name.to_owned(), value.into());
        }
    };
    put(
        "alertname",
        Some(format!("wt_{}", subject.first().copied().filter(|word| !word.is_empty()).unwrap_or("notice"))),
    );
    put("repository", notice.repository_name());
    put("worktree", notice.event.worktree.clone());
    let named = matches!(subject.first(), Some(&"service" | &"limit"));
    put("service", named.then(|| subject.get(1).map(ToString::to_string)).flatten());
    put(
        "limit",
        (subject.first() == Some(&"limit")).then(|| subject.get(2).map(ToString::to_string)).flatten(),
    );
    let kept = match notice.kind {
        _ if notice.is_end() => Duration::ZERO,
        NoticeKind::Test => TEST,
        _ => KEPT,
    };
    let until = notice.event.at.checked_add(kept).ok();
    json!({
        "labels": labels,
        "annotations": { "summary": notice.title(), "description": notice.text() },
        "startsAt": notice.began.min(notice.event.at),
        "endsAt": until.unwrap_or(Timestamp::MAX),
    })
}

/// What Slack takes for markup (<https://docs.slack.dev/messaging/formatting-message-text>).
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::Event;

    fn notice(kind: NoticeKind, second: i64) -> Notice {
        let at = Timestamp::from_second(second).unwrap();
        let event = Event::new(kind.as_str())
            .of("/home/me/shop", "feature-<b>")
            .with("service", "web")
            .numbered(7, at);
        Notice::new(kind, "service:web", &event, Timestamp::from_second(100).unwrap())
    }

    #[test]
    fn json_is_the_event_with_its_words() {
        let one = body(&[notice(NoticeKind::Failed, 100)], NoticeFormat::Json);
        assert_eq!(
            (&one["notice"], &one["event"], &one["kind"], &one["sequence"]),
            (&json!("failed"), &json!("failed"), &json!("service"), &json!(7))
        );
        assert_eq!(one["title"], "web of feature-<b> failed");
        let two =
            body(&[notice(NoticeKind::Failed, 100), notice(NoticeKind::Recovered, 101)], NoticeFormat::Json);
        assert_eq!((&two["notice"], &two["notices"][1]["notice"]), (&json!("several"), &json!("recovered")));
        assert_eq!(two["title"], "2 notices of the quiet hours");
    }

    #[test]
    fn slack_gets_text_and_no_markup_of_others() {
        let said = body(&[notice(NoticeKind::Failed, 100)], NoticeFormat::Slack);
        assert_eq!(said, json!({ "text": "*web of feature-&lt;b&gt; failed (shop)*" }));
    }

    #[test]
    fn an_alert_and_its_end_have_the_same_labels() {
        let all = body(
            &[notice(NoticeKind::Unhealthy, 100), notice(NoticeKind::Recovered, 160)],
            NoticeFormat::Alertmanager,
        );
        assert_eq!(all[0]["labels"], all[1]["labels"]);
        assert_eq!(
            all[0]["labels"],
            json!({ "alertname": "wt_service", "repository": "shop", "worktree": "feature-<b>", "service": "web" })
        );
        assert_eq!(all[1]["endsAt"], "1970-01-01T00:02:40Z");
        assert_eq!(
            (&all[0]["startsAt"], &all[1]["startsAt"]),
            (&json!("1970-01-01T00:01:40Z"), &json!("1970-01-01T00:01:40Z"))
        );
        assert_eq!(all[0]["endsAt"], "1970-01-31T00:01:40Z");
        let test = body(&[notice(NoticeKind::Test, 100)], NoticeFormat::Alertmanager);
        assert_eq!(test[0]["endsAt"], "1970-01-01T00:02:40Z", "nobody ends a test");
    }

    #[test]
    fn what_stands_for_several_changes_says_how_many() {
        for (changes, expected) in [(1, Value::Null), (2, json!(2)), (3, json!(3))] {
            let one = body(&[Notice { changes, ..notice(NoticeKind::Failed, 100) }], NoticeFormat::Json);
            assert_eq!((&one["changes"], &one["schema"]), (&expected, &json!(1)), "{changes}");
        }
    }

    #[test]
    fn several_notices_are_all_told() {
        let two = [notice(NoticeKind::Failed, 100), notice(NoticeKind::Recovered, 101)];
        let (title, text) = words(&two);
        assert_eq!(title, "2 notices of the quiet hours");
        assert_eq!(text, format!("{}\n{}", two[0].text(), two[1].text()));
        let said = body(&two, NoticeFormat::Slack);
        assert_eq!(said["text"], format!("*{title}*\n{}", escaped(&text)));
    }

    #[test]
    fn an_alert_is_called_after_what_is_wrong() {
        for (subject, labels) in [
            ("limit:web:memory", json!({ "alertname": "wt_limit", "service": "web", "limit": "memory" })),
            ("setup", json!({ "alertname": "wt_setup" })),
            ("", json!({ "alertname": "wt_notice" })),
            ("port:5000", json!({ "alertname": "wt_port" })),
        ] {
            let one = Notice { subject: subject.to_owned(), ..notice(NoticeKind::Failed, 100) };
            let mut expected = json!({ "repository": "shop", "worktree": "feature-<b>" });
            expected.as_object_mut().unwrap().extend(labels.as_object().unwrap().clone());
            assert_eq!(body(&[one], NoticeFormat::Alertmanager)[0]["labels"], expected, "{subject}");
        }
    }
}
