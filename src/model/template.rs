//! Templates of names, branches, paths and the env block: only the given values, and a missing one is an error.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};
use serde::Serialize;

use super::identifier::Identifier;
use super::suggestion::nearest;
use crate::error::{Code, Failure, Result};

/// Steps that one template may take: a repository's template must not be able to hang whoever reads it.
const FUEL: u64 = 200_000;

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub message: String,
    pub hint: Option<String>,
}

/// Renders `template`, the value of the configuration key `key`, with `values`.
///
/// # Errors
///
/// `config_invalid`, naming the key, for a template that does not parse or uses a value that is not given.
pub fn render(key: &str, template: &str, values: &impl Serialize) -> Result<String> {
    let values = Value::from(Serde(values));
    let known: Vec<String> =
        values.try_iter().map(|keys| keys.map(|key| key.to_string()).collect()).unwrap_or_default();
    let environment = environment();
    rendered(&environment, template, values, &known).map_err(|fault| {
        let failure =
            Failure::new(Code::ConfigInvalid, format!("`{key}`: {}", fault.message)).detail("key", key);
        match fault.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })
}

/// Checks that `template` parses and uses only the values called `known`.
///
/// # Errors
///
/// Returns what is wrong, with the near word as hint.
pub fn check(template: &str, known: &[&str]) -> std::result::Result<(), Fault> {
    let environment = environment();
    let known: Vec<String> = known.iter().map(|&name| name.to_owned()).collect();
    require_known(&environment, template, &known).map(|_| ())
}

/// Returns the values that `template` names, with what follows a dot: `port`, `ports.api`; none where it does not parse.
#[must_use]
pub fn paths(template: &str) -> Vec<String> {
    let environment = environment();
    let compiled = environment.template_from_str(template);
    let mut paths: Vec<String> = compiled
        .map(|compiled| compiled.undeclared_variables(true).into_iter().collect())
        .unwrap_or_default();
    paths.sort();
    paths
}

fn rendered(
    environment: &Environment,
    template: &str,
    values: Value,
    known: &[String],
) -> std::result::Result<String, Fault> {
    let compiled = require_known(environment, template, known)?;
    compiled.render(values).map_err(|error| {
        let missing = (error.kind() == ErrorKind::UndefinedError)
            .then(|| error.range().and_then(|range| template.get(range)))
            .flatten();
        match missing {
            Some(text) => Fault { message: format!("`{text}` has no value here"), hint: Some(these(known)) },
            None => fault(&error),
        }
    })
}

/// Compiles `template` after making sure that it names nothing but `known` values.
fn require_known<'a>(
    environment: &'a Environment,
    template: &'a str,
    known: &[String],
) -> std::result::Result<minijinja::Template<'a, 'a>, Fault> {
    let compiled = environment.template_from_str(template).map_err(|error| fault(&error))?;
    let is_known = |name: &String| {
        known.contains(name) || environment.globals().any(|(global, _)| global == name.as_str())
    };
    let mut unknown: Vec<String> =
        compiled.undeclared_variables(false).into_iter().filter(|name| !is_known(name)).collect();
    unknown.sort();
    let Some(name) = unknown.first() else { return Ok(compiled) };
    let hint = match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`? {}", these(known)),
        None => these(known),
    };
    Err(Fault { message: format!("unknown template variable `{name}`"), hint: Some(hint) })
}

fn these(known: &[String]) -> String {
    match known {
        [] => "there are no variables here".to_owned(),
        _ => format!("the variables here are {}", known.join(", ")),
    }
}

fn fault(error: &Error) -> Fault {
    let detail = error
        .detail()
        .map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()));
    Fault { message: format!("the template is not valid: {detail}"), hint: None }
}

/// The functions and filters of minijinja, and `sanitize`, which makes any text one safe word: `feature/login` is
/// `feature-login`.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    // A file that ends in a newline keeps it.
    if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
        environment.set_syntax(syntax);
    }
    environment.add_filter("sanitize", sanitize);
    environment
}

fn sanitize(text: &str) -> std::result::Result<String, Error> {
    Identifier::from_text(text).map(|word| word.as_str().to_owned()).ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidOperation,
            format!("nothing of `{}` can stand in a name", text.escape_debug()),
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{check, render};
    use crate::error::Code;

    fn failure(template: &str) -> crate::error::Failure {
        render(
            "worktree.name",
            template,
            &json!({"purpose": "feature", "identifier": "login", "port": {"web": 1}}),
        )
        .unwrap_err()
    }

    #[test]
    fn given_values_are_put_in() {
        let values = json!({"purpose": "feature", "identifier": "GH-42"});
        assert_eq!(render("k", "{{ purpose }}/{{ identifier | lower }}", &values).unwrap(), "feature/gh-42");
    }

    #[test]
    fn the_last_newline_stays() {
        assert_eq!(render("k", "a\n", &json!({})).unwrap(), "a\n");
    }

    #[test]
    fn nothing_is_escaped() {
        assert_eq!(render("k.html", "{{ a }}", &json!({"a": "<&>'\""})).unwrap(), "<&>'\"");
    }

    #[test]
    fn a_missing_value_names_the_key_and_the_near_word() {
        let failure = failure("{{ purpose }}-{{ identifer }}");
        assert_eq!(failure.code(), Code::ConfigInvalid);
        assert_eq!(failure.message(), "`worktree.name`: unknown template variable `identifer`");
        let hint = failure.next_step().unwrap();
        assert!(hint.starts_with("did you mean `identifier`?"), "{hint}");
    }

    #[test]
    fn a_missing_field_is_an_error_too() {
        let failure = failure("{{ port.wbe }}");
        assert!(failure.message().contains("`port.wbe` has no value here"), "{}", failure.message());
    }

    #[test]
    fn a_template_that_does_not_parse_says_so() {
        assert!(failure("{{ purpose").message().starts_with("`worktree.name`: the template is not valid"));
        assert!(failure("{{ purpose | nosuch }}").message().contains("nosuch"));
    }

    #[test]
    fn the_environment_is_out_of_reach() {
        for template in ["{{ HOME }}", "{{ env }}", "{{ env('HOME') }}"] {
            assert_eq!(failure(template).code(), Code::ConfigInvalid);
        }
    }

    #[test]
    fn an_endless_template_is_stopped() {
        let endless = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
        assert_eq!(failure(endless).code(), Code::ConfigInvalid);
    }

    #[test]
    fn sanitize_makes_one_safe_word() {
        let values = json!({"branch": "feat/a b;$(x)", "bad": "///"});
        assert_eq!(render("k", "{{ branch | sanitize }}", &values).unwrap(), "feat-a-b---x");
        assert!(render("k", "{{ bad | sanitize }}", &values).is_err());
    }

    #[test]
    fn a_check_needs_no_values() {
        assert_eq!(check("{{ purpose }}", &["purpose"]), Ok(()));
        assert_eq!(check("{% set a = purpose %}{{ a }}", &["purpose"]), Ok(()));
        assert!(check("{{ nmae }}", &["name"]).unwrap_err().hint.unwrap().contains("`name`"));
    }
}
