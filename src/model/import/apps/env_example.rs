//! An example of an env file (`.env.example`, `.env.sample`): names, and values that everybody may see.

use super::tree::{AppFolder, Tree};

/// The names of such files, the first that is there counts.
pub const FILES: [&str; 2] = [".env.example", ".env.sample"];

/// A line of an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExampleLine {
    pub name: String,
    pub value: String,
}

/// Returns the file's name and its lines.
#[must_use]
pub fn of(folder: &AppFolder) -> Option<(&'static str, Vec<ExampleLine>)> {
    FILES.iter().find_map(|file| Some((*file, lines(folder.text(file)?))))
}

/// Returns the lines of all examples, each with the folder and the file's path.
#[must_use]
pub fn all(tree: &Tree) -> Vec<(&str, String, ExampleLine)> {
    let of_folder = |folder: &'_ AppFolder| {
        let (file, lines) = of(folder)?;
        Some(lines.into_iter().map(move |line| (folder.at(file), line)).collect::<Vec<_>>())
    };
    let folders = tree.folders.values();
    folders
        .filter_map(|folder| Some((folder.path.as_str(), of_folder(folder)?)))
        .flat_map(|(path, lines)| lines.into_iter().map(move |(file, line)| (path, file, line)))
        .collect()
}

/// Reads `NAME=value`, with `export` before it or quotes around the value; what is no such line is passed over.
#[must_use]
pub fn lines(text: &str) -> Vec<ExampleLine> {
    text.lines().filter_map(line).collect()
}

fn line(text: &str) -> Option<ExampleLine> {
    let text = text.trim();
    let (name, value) = text.strip_prefix("export ").unwrap_or(text).split_once('=')?;
    let name = name.trim();
    let is_fine = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if name.is_empty()
        || !name.chars().all(is_fine)
        || name.starts_with(|letter: char| letter.is_ascii_digit())
    {
        return None;
    }
    let value = value.trim();
    let quoted = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.split(quote).next());
    let value = quoted('"')
        .or_else(|| quoted('\''))
        .unwrap_or_else(|| value.split_once(" #").map_or(value, |(value, _)| value).trim_end());
    Some(ExampleLine { name: name.to_owned(), value: value.to_owned() })
}

/// Returns the variable that an example gives a server's port in, and the number there: `PORT`, else the only one that
/// ends in `_PORT` and is none of a database.
#[must_use]
pub fn port(lines: &[ExampleLine]) -> Option<(&str, Option<u16>)> {
    let found = lines.iter().find(|line| line.name == "PORT").or_else(|| {
        let mut named = lines.iter().filter(|line| is_servers(&line.name));
        named.next().filter(|_| named.next().is_none())
    })?;
    Some((found.name.as_str(), found.value.parse().ok()))
}

fn is_servers(name: &str) -> bool {
    const OTHERS: [&str; 14] = [
        "DB", "DATABASE", "POSTGRES", "PG", "MYSQL", "MARIADB", "REDIS", "MONGO", "MAIL", "SMTP", "RABBITMQ",
        "AMQP", "ELASTIC", "KAFKA",
    ];
    name.strip_suffix("_PORT").is_some_and(|start| !OTHERS.iter().any(|other| start.contains(other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_programs_read_it() {
        let read = lines(
            "# a\nPORT=8080\nexport A = \"x y\" # z\nB='q'\nC=1 # one\n9=x\nno line\nURL=http://h/#a\n",
        );
        let read: Vec<(&str, &str)> =
            read.iter().map(|line| (line.name.as_str(), line.value.as_str())).collect();
        assert_eq!(read, [("PORT", "8080"), ("A", "x y"), ("B", "q"), ("C", "1"), ("URL", "http://h/#a")]);
    }

    #[test]
    fn the_port_of_a_server_is_told_from_a_databases() {
        for (text, expected) in [
            ("DB_PORT=1\nPORT=8080\n", Some(("PORT", Some(8080)))),
            ("DB_PORT=1\nAPI_PORT=\n", Some(("API_PORT", None))),
            ("A_PORT=1\nB_PORT=2\n", None),
            ("REDIS_PORT=1\n", None),
        ] {
            assert_eq!(port(&lines(text)), expected, "{text}");
        }
    }

    #[test]
    fn a_name_is_made_of_letters_digits_and_lines_and_begins_with_no_digit() {
        for (text, expected) in [
            ("A_1=x", Some(("A_1", "x"))),
            ("_a=x", Some(("_a", "x"))),
            ("=x", None),
            ("A-B=x", None),
            ("A B=x", None),
            ("1A=x", None),
            ("export A=x", Some(("A", "x"))),
            ("exported A=x", None),
            ("A=\"x # y\" z", Some(("A", "x # y"))),
            ("A='x\"' z", Some(("A", "x\""))),
            ("A=x#y # z", Some(("A", "x#y"))),
            ("A=", Some(("A", ""))),
        ] {
            let read = line(text);
            assert_eq!(read.as_ref().map(|line| (&*line.name, &*line.value)), expected, "{text}");
        }
    }

    #[test]
    fn the_first_example_of_a_folder_counts_and_all_folders_are_read() {
        let tree = crate::model::import::apps::sample::tree(&[
            (".env.sample", "A=1\n"),
            ("a/.env.example", "B=1\nC=2\n"),
            ("a/.env.sample", "D=1\n"),
            ("b/x", ""),
        ]);
        let all = all(&tree);
        let said: Vec<(&str, &str, &str)> =
            all.iter().map(|(folder, file, line)| (*folder, file.as_str(), line.name.as_str())).collect();
        assert_eq!(
            said,
            [("", ".env.sample", "A"), ("a", "a/.env.example", "B"), ("a", "a/.env.example", "C")]
        );
    }
}
