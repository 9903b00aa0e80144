//! Templates of names, branches, paths and the env block: only the given values, and a missing one is an error.

mod bounds;
mod fault;
pub mod filters;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};
use serde::Serialize;

use super::identifier::Identifier;
use super::suggestion::nearest;
use crate::error::{Code, Failure, Result};

pub use fault::TemplateFault;

/// Returns one label of a host's name made of `text`, as the filter `label` does; `None` where nothing of it can stand there.
#[must_use]
pub fn label(text: &str) -> Option<String> {
    filters::label(text).ok()
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
pub fn check(template: &str, known: &[&str]) -> std::result::Result<(), TemplateFault> {
    if is_plain(template) {
        return Ok(());
    }
    let environment = environment();
    let known: Vec<String> = known.iter().map(|&name| name.to_owned()).collect();
    require_known(&environment, template, &known).map(|_| ())
}

/// Answers whether there is nothing to put in: a configuration may have thousands of these.
fn is_plain(template: &str) -> bool {
    !template.contains('{') && template.len() < 1 << 10
}

/// Returns the values that `template` names, with what follows a dot: `port`, `ports.api`; none where it does not parse.
#[must_use]
pub fn paths(template: &str) -> Vec<String> {
    if is_plain(template) || bounds::require(template).is_err() {
        return Vec::new();
    }
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
) -> std::result::Result<String, TemplateFault> {
    let compiled = require_known(environment, template, known)?;
    let mut output = bounds::TemplateOutput::default();
    let outcome = compiled.render_captured_to(values, &mut output).map(|_| ());
    if output.is_full() {
        return Err(bounds::too_much());
    }
    outcome.and_then(|()| output.into_text()).map_err(|error| {
        if bounds::is_over(&error) {
            return bounds::too_much();
        }
        let missing = (error.kind() == ErrorKind::UndefinedError)
            .then(|| error.range().and_then(|range| template.get(range)))
            .flatten();
        match missing {
            Some(text) => {
                TemplateFault { message: format!("`{text}` has no value here"), hint: Some(these(known)) }
            }
            None => fault(&error),
        }
    })
}

/// Compiles `template` after making sure that it names nothing but `known` values.
fn require_known<'a>(
    environment: &'a Environment,
    template: &'a str,
    known: &[String],
) -> std::result::Result<minijinja::Template<'a, 'a>, TemplateFault> {
    bounds::require(template)?;
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
    Err(TemplateFault { message: format!("unknown template variable `{name}`"), hint: Some(hint) })
}

fn these(known: &[String]) -> String {
    match known {
        [] => "there are no variables here".to_owned(),
        _ => format!("the variables here are {}", known.join(", ")),
    }
}

fn fault(error: &Error) -> TemplateFault {
    let detail = error
        .detail()
        .map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()));
    TemplateFault { message: format!("the template is not valid: {detail}"), hint: None }
}

/// The functions and filters of minijinja; `sanitize`, which makes any text one safe word (`feature/login` is
/// `feature-login`); `db` and `label`.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    bounds::apply(&mut environment);
    // A file that ends in a newline keeps it.
    if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
        environment.set_syntax(syntax);
    }
    environment.add_filter("sanitize", sanitize);
    environment.add_filter("db", filters::db);
    environment.add_filter("label", filters::label);
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
        assert!(failure(endless).message().contains("at most 64 KiB"), "{}", failure(endless).message());
    }

    #[test]
    fn no_template_makes_more_than_64_kib_of_anything_on_the_way() {
        let (many, long) = ("a".repeat(60_000), "b".repeat(60_000));
        let mut doubled = String::from("{% set a = 'x' %}");
        (0..40).for_each(|_| doubled.push_str("{% set a = a ~ a %}"));
        let mut nested = String::new();
        for depth in 0..40 {
            nested += &["{% for a", &depth.to_string(), " in ['x' ~ 'x'] %}"].concat();
        }
        (0..40).for_each(|_| nested.push_str("{% endfor %}"));
        let templates = [
            format!("{{{{ '{many}' | replace('a', 'bbbbbbbbbbbb') }}}}"),
            format!("{{{{ '{many}' | replace('', 'bb') }}}}"),
            format!("{{{{ ('{long}' | split('')) | join('bb') }}}}"),
            "{{ range(1000) | join('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb') }}".to_owned(),
            doubled,
            nested,
            "{{ 'a' * 90000000 }}".to_owned(),
            "{{ [1] * 90000000 }}".to_owned(),
            "{{ 'a' | indent(900000000, true) }}".to_owned(),
            "{{ '%900000000d' | format(1) }}".to_owned(),
            "{{ [1] | batch(900000000, 'x') | list }}".to_owned(),
            "{{ [1] | slice(900000000) | list }}".to_owned(),
            "{{ range(90000) | list }}".to_owned(),
            "{% set a %}{% for b in range(900) %}{% for c in range(900) %}xxxxxxxx{% endfor %}{% endfor %}{% endset %}".to_owned(),
            "{% filter upper %}{% for b in range(900) %}xxxxxxxx{% endfor %}{% endfilter %}".to_owned(),
            "{% set n = namespace(a='x') %}{% for b in range(90) %}{% set n.a = n.a ~ n.a %}{% endfor %}".to_owned(),
            "{% for a in [1] recursive %}{{ loop([a, a]) }}{% endfor %}".to_owned(),
            format!("{many}{long}"),
        ];
        for template in templates {
            let start: String = template.chars().take(60).collect();
            assert_eq!(failure(&template).code(), Code::ConfigInvalid, "{start}");
        }
    }

    #[test]
    fn no_template_goes_deeper_than_whoever_reads_it_can() {
        let many = |text: &str| text.repeat(60_000 / text.len());
        for (before, part, after) in [
            ("{{ ", "-", "1 }}"),
            ("{{ ", "not ", "1 }}"),
            ("{{ 1", "-1", " }}"),
            ("{{ purpose", "|upper", " }}"),
            ("{{ purpose", ".a", " }}"),
            ("{{ purpose", "[0]", " }}"),
            ("{{ purpose", " and 1", " }}"),
            ("{{ 1", " if 1 else 1", " }}"),
            ("{{ ", "(", "1 }}"),
            ("{{ ", "[", "1 }}"),
            ("{{ ", "-", ""),
            ("{% if ", "-", "1 %}{% endif %}"),
            ("{% if 1 %}", "{% elif 1 %}", "{% endif %}"),
            ("", "{% if 1 %}", ""),
            ("{{ purpose }", "{{ -", ""),
        ] {
            let template = [before, &many(part), after].concat();
            assert_eq!(failure(&template).code(), Code::ConfigInvalid, "{before}{part}");
            assert!(check(&template, &["purpose"]).is_err(), "{before}{part}");
            assert!(super::paths(&template).len() <= 1, "{before}{part}");
        }
        let lines = "{{ purpose }}\n".repeat(4_000);
        assert_eq!(check(&lines, &["purpose"]), Ok(()));
    }

    #[test]
    fn usual_filters_and_sums_work() {
        let values = json!({"name": "a-b", "port": 5000});
        for (template, expected) in [
            ("{{ name | replace('-', '_') | upper }}", "A_B"),
            ("{{ name | split('-') | join('.') }}", "a.b"),
            ("{{ port + 1000 }}", "6000"),
            ("{{ 'x' ~ name ~ port }}", "xa-b5000"),
            ("{% for a in range(3) %}{{ a }}{% endfor %}", "012"),
            ("{% if port == 5000 %}y{% else %}n{% endif %}", "y"),
            ("{{ name | replace('', '.') }}", ".a.-.b."),
        ] {
            assert_eq!(render("k", template, &values).unwrap(), expected, "{template}");
        }
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
